//! Every document of the vendor's, taken through `update` on a copy of the
//! workspace: the crates compile, and the tests of `atlas-admin` pass as they are.

mod support;

use std::{collections::BTreeSet, fs, path::Path, process::Command};

use support::{copy_workspace, name, upstream_documents, xtask};

/// What the crates are compiled from that differs between documents.
fn generated(root: &Path) -> String {
    let folders = [
        "crates/atlas-admin-raw",
        "crates/atlas-admin",
        "crates/atlas-emulator",
    ];
    let folders = folders.map(|folder| root.join(folder).join("src/generated"));
    let mut files: Vec<_> = folders
        .iter()
        .flat_map(|folder| fs::read_dir(folder).unwrap())
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files
        .iter()
        .map(|path| fs::read_to_string(path).unwrap())
        .collect()
}

#[test]
fn the_tests_pass_with_every_document() {
    let copy = tempfile::tempdir().unwrap();
    copy_workspace(copy.path()).unwrap();
    let target = Path::new(env!("CARGO_BIN_EXE_xtask"))
        .ancestors()
        .nth(2)
        .unwrap();
    let mut tested = BTreeSet::new();
    for document in upstream_documents() {
        let output = xtask(
            copy.path(),
            &[
                "update",
                "--accept-breaking",
                "--from",
                document.to_str().unwrap(),
            ],
        );
        assert!(
            output.status.success(),
            "{}: {}",
            name(&document),
            String::from_utf8_lossy(&output.stderr)
        );
        if !tested.insert(generated(copy.path())) {
            eprintln!("{}: the same code as before", name(&document));
            continue;
        }
        let status = Command::new(env!("CARGO"))
            .args([
                "test",
                "--quiet",
                "--offline",
                "--package",
                "atlas-admin",
                "--lib",
                "--tests",
            ])
            .current_dir(copy.path())
            .env("CARGO_TARGET_DIR", target)
            .status()
            .unwrap();
        assert!(status.success(), "{}", name(&document));
        eprintln!("{}: tested", name(&document));
    }
}
