//! The structure of the source: no import circles between files, and layers that only import
//! from lower ones.

mod circles;
mod import_graph;

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use cargo_metadata::MetadataCommand;
use import_graph::ImportGraph;

/// The environment variable with the path of another checkout to check instead of this one.
const ROOT: &str = "ATLAS_ADMIN_ROOT";

fn workspace() -> PathBuf {
    env::var_os(ROOT).map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join(".."),
        PathBuf::from,
    )
}

/// Returns the root files of all targets in the workspace.
fn roots() -> Vec<PathBuf> {
    let metadata = MetadataCommand::new()
        .manifest_path(workspace().join("Cargo.toml"))
        .no_deps()
        .exec()
        .unwrap();
    let targets = metadata.packages.into_iter().flat_map(|it| it.targets);
    let mut roots: Vec<PathBuf> = targets.map(|target| target.src_path.into()).collect();
    roots.sort();
    roots
}

#[test]
fn no_import_circles() {
    let mut found = String::new();
    for root in roots() {
        for circle in circles::circles(&ImportGraph::read(&root)) {
            found += &format!("{}: {circle}", root.display());
        }
    }
    assert!(found.is_empty(), "import circles:\n{found}");
}

#[test]
fn imports_of_atlas_admin_point_down() {
    assert_layers(
        "crates/atlas-admin/src/lib.rs",
        &[
            &["testing", "observability"],
            &["resources"],
            &["operations"],
            &["call"],
            &["client"],
            &["auth", "retry", "rate_limiter"],
            &["token_store", "credentials"],
            &["transport"],
            &["error"],
            &["model", "generated", "mutex"],
        ],
    );
}

#[test]
fn imports_of_http_digest_session_point_down() {
    assert_layers(
        "crates/http-digest-session/src/lib.rs",
        &[
            &["client"],
            &["exchange"],
            &["auth"],
            &["session", "cookies"],
            &["challenge", "nonce_counts"],
            &["algorithm", "params", "error"],
        ],
    );
}

/// Checks a crate. Each layer is a list of top-level modules; the highest layer comes first.
fn assert_layers(root: &str, layers: &[&[&str]]) {
    let graph = ImportGraph::read(&workspace().join(root));
    let found = circles::upward_imports(&graph, layers);
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// Writes the files of a crate to a temporary folder and reads the crate.
fn crate_of(files: &[(&str, &str)]) -> ImportGraph {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    ImportGraph::read(&folder.path().join("lib.rs"))
}

#[test]
fn finds_a_circle_of_two_files() {
    let graph = crate_of(&[
        ("lib.rs", "mod a; mod b;"),
        ("a.rs", "use crate::b::B; pub(crate) struct A(B);"),
        ("b.rs", "pub(crate) struct B; fn f(_: super::a::A) {}"),
    ]);
    assert_eq!(
        circles::circles(&graph),
        ["2 files in a circle: a.rs, b.rs\n  a.rs (crate::b::B) -> b.rs (super::a::A) -> a.rs\n"]
    );
}

#[test]
fn finds_a_circle_through_reexports_globs_macros_and_attributes() {
    for (in_x, in_y) in [
        ("use crate::Y;", "use crate::z::X;"),
        ("use crate::z::*; fn f(_: Y) {}", "use crate::X as Other;"),
        ("fn f() { print!(\"{}\", crate::Y) }", "use crate::X;"),
        (
            "use crate::Y;",
            "#[serde(with = \"crate::z::X\")] enum E {}",
        ),
        (
            "use crate::{z as other}; fn f() { other::Y; }",
            "fn f() { use crate::X; }",
        ),
        ("impl crate::Y {}", "fn f<T: crate::T<crate::X>>() {}"),
    ] {
        let graph = crate_of(&[
            ("lib.rs", "mod x; mod y; mod z; pub use x::X; pub use z::Y;"),
            ("x/mod.rs", "mod inner; pub use inner::X;"),
            ("x/inner.rs", &format!("pub struct X; {in_x}")),
            ("y.rs", &format!("pub struct Y; {in_y}")),
            ("z.rs", "pub use crate::{x::X, y::Y};"),
        ]);
        let found = circles::circles(&graph);
        assert_eq!(found.len(), 1, "{in_x} {in_y}: {found:?}");
        assert!(
            found[0].starts_with("2 files in a circle: x/inner.rs, y.rs\n"),
            "{found:?}"
        );
    }
}

#[test]
fn finds_a_circle_that_leaves_a_module_and_comes_back() {
    let graph = crate_of(&[
        ("lib.rs", "mod a; mod b;"),
        ("a/mod.rs", "mod part; pub struct A(part::Part);"),
        ("a/part.rs", "use crate::b::B; pub struct Part(B);"),
        ("b.rs", "use crate::a::A; pub struct B(Box<A>);"),
    ]);
    let found = circles::circles(&graph);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(
        found[0].starts_with("3 files in a circle: a/mod.rs, a/part.rs, b.rs\n"),
        "{found:?}"
    );
}

#[test]
fn allows_a_module_and_its_parts_to_import_from_each_other() {
    let graph = crate_of(&[
        (
            "lib.rs",
            "mod a; mod b; pub use b::B; pub(crate) struct Root(a::A);",
        ),
        (
            "a/mod.rs",
            "mod x; mod y; pub use x::X; pub struct A(y::Y);",
        ),
        (
            "a/x.rs",
            "use super::A; use super::y::Y; pub struct X(A, Y);",
        ),
        (
            "a/y.rs",
            "use crate::{Root, a::A}; pub struct Y; #[cfg(test)] mod tests { use crate::B; }",
        ),
        ("b.rs", "use crate::a::X; pub struct B(X);"),
    ]);
    assert!(circles::circles(&graph).is_empty());
    assert_eq!(graph.imports.len(), 7, "{graph:#?}");
}

#[test]
fn finds_imports_from_a_higher_layer() {
    let graph = crate_of(&[
        ("lib.rs", "mod high; mod low; mod other;"),
        ("high.rs", "pub(crate) const LIMIT: u32 = 1;"),
        ("low.rs", "const DOUBLE: u32 = 2 * crate::high::LIMIT;"),
        ("other.rs", ""),
    ]);
    assert_eq!(
        circles::upward_imports(&graph, &[&["high"], &["low"]]),
        [
            "other.rs: other belongs to no layer",
            "low.rs imports crate::high::LIMIT from a higher layer (high.rs)"
        ]
    );
}
