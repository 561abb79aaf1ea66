//! What the tasks say of documents that they cannot use, and that it takes them
//! little time and memory to say it.

#[allow(
    dead_code,
    reason = "not every test that has this module uses all of it"
)]
mod support;

use std::{
    fs,
    io::Write,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use flate2::{Compression, write::GzEncoder};
use serde_json::{Value, json};
use support::{copy_workspace, workspace};
use xtask::document::{parse, to_yaml};

/// Far more than any of them takes, and far less than without an end.
const MAX_TIME: Duration = Duration::from_secs(60);

/// In KiB, as `ulimit` has it.
const MAX_MEMORY: u64 = 3 << 20;

/// Runs `trim --check` on a document, so that nothing is written whatever happens.
fn trim(document: &[u8]) -> (Option<i32>, String) {
    run(&workspace(), &["trim", "--check"], document)
}

/// Runs a task on a document, with bounds.
fn run(root: &Path, task: &[&str], document: &[u8]) -> (Option<i32>, String) {
    run_with(root, task, document, true)
}

/// Runs a task on a document; one that starts the compiler has no bounds.
fn run_with(
    root: &Path,
    task: &[&str],
    document: &[u8],
    is_bounded: bool,
) -> (Option<i32>, String) {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(document).unwrap();
    let mut command = if cfg!(target_os = "linux") && is_bounded {
        let mut shell = Command::new("sh");
        let script = format!("ulimit -v {MAX_MEMORY} && exec \"$0\" \"$@\"");
        shell.args(["-c", &script, env!("CARGO_BIN_EXE_xtask")]);
        shell
    } else {
        Command::new(env!("CARGO_BIN_EXE_xtask"))
    };
    command.arg("--root").arg(root).args(task);
    let start = Instant::now();
    let output = command.arg("--from").arg(file.path()).output().unwrap();
    assert!(
        !is_bounded || start.elapsed() < MAX_TIME,
        "took {:?}",
        start.elapsed()
    );
    let said = String::from_utf8(output.stderr).unwrap();
    (
        output.status.code(),
        said.replace(&file.path().display().to_string(), "FILE"),
    )
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

/// Lists that hold the list before them nine times, nine deep.
fn alias_bomb() -> String {
    let mut text = "l0: &l0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..10 {
        let aliases = vec![format!("*l{}", level - 1); 9].join(", ");
        text += &format!("l{level}: &l{level} [{aliases}]\n");
    }
    text
}

fn utf_16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

#[test]
fn each_gets_one_line_with_the_place_and_exit_code_2() {
    let truncated = gzip(&"openapi: 3.0.1\n".repeat(100));
    let spaces = " ".repeat(100_000_000);
    let bomb = gzip(&spaces);
    let aliases = alias_bomb();
    let deep = format!("a: {}", "[".repeat(100_000));
    let deep_json = format!("{{\"a\": {}", "[".repeat(100_000));
    let utf_16_marked = utf_16("\u{feff}openapi: 3.0.1\n");
    let utf_16_plain = utf_16("openapi: 3.0.1\n");
    let referring = |target: &str| with(&[(PARAMETERS, json!({"$ref": target}))]);
    let dangling = referring("#/components/parameters/gone");
    let to_a_file = referring("other.yaml#/gone");
    let cases: &[(&str, &[u8])] = &[
        ("not YAML", b"a: [1, 2"),
        ("not JSON", b"{\"openapi\": "),
        ("100 MB of spaces", spaces.as_bytes()),
        ("50 MB of spaces", &spaces.as_bytes()[..50_000_000]),
        ("gzip bomb", &bomb),
        ("alias bomb", aliases.as_bytes()),
        ("deep YAML", deep.as_bytes()),
        ("deep JSON", deep_json.as_bytes()),
        ("key twice, YAML", b"openapi: 3.0.1\ninfo: {}\ninfo: {}"),
        ("key twice, JSON", b"{\"openapi\": \"3.0.1\", \"info\": {\"a\": [{\"b\": 1, \"b\": 2}]}}"),
        ("merge key", b"a: &a {b: 1}\nc: {<<: *a}"),
        ("UTF-16", &utf_16_marked),
        ("UTF-16 without a mark", &utf_16_plain),
        ("not text", &[0xff, 0xfe, 0x41]),
        ("truncated gzip", &truncated[..truncated.len() / 2]),
        ("not OpenAPI", b"a: 1"),
        ("OpenAPI 3.1", b"openapi: 3.1.0"),
        ("no paths", b"openapi: 3.0.1"),
        ("no such path", b"{\"openapi\": \"3.0.1\", \"paths\": {\"/x\": {}}}"),
        ("no such method", b"{\"openapi\": \"3.0.1\", \"paths\": {\"/api/atlas/v2/orgs/{o}/apiKeys/{k}/accessList\": {\"put\": {}}}}"),
        ("dangling reference", &dangling),
        ("reference to a file", &to_a_file),
    ];
    let mut table = String::new();
    for (name, document) in cases {
        let (code, said) = trim(document);
        assert_eq!(code, Some(2), "{name}: {said}");
        assert_eq!(said.trim_end().lines().count(), 1, "{name}: {said}");
        table += &format!("{name}\n  {said}");
    }
    insta::assert_snapshot!(table);
}

#[test]
fn a_document_is_the_same_plain_gzipped_or_as_json() {
    let Ok(committed) = std::fs::read_to_string("../openapi/atlas-v2.yaml") else {
        panic!("openapi/atlas-v2.yaml is part of the workspace");
    };
    let json = serde_json::to_string(&xtask::document::parse(&committed).unwrap()).unwrap();
    for document in [
        committed.clone().into_bytes(),
        gzip(&committed),
        gzip(&json),
    ] {
        let (code, said) = trim(&document);
        // The trimmed document trims to itself; only the lock would change.
        assert_eq!(code, Some(2));
        assert_eq!(
            said,
            "error: out of date: openapi/upstream.lock.toml; run `cargo xtask trim --from FILE`\n"
        );
    }
}

/// The committed document with another schema of an API key, and more schemas.
fn with_key(key: Value, more: Value) -> Vec<u8> {
    let text = fs::read_to_string(workspace().join("openapi/atlas-v2.yaml")).unwrap();
    let mut document = parse(&text).unwrap();
    let schemas = document["components"]["schemas"].as_object_mut().unwrap();
    schemas.insert("ApiKeyUserDetails".to_owned(), key);
    schemas.extend(more.as_object().unwrap().clone());
    to_yaml(&document).unwrap().into_bytes()
}

/// A field that is a reference.
fn field(name: &str, schema: &str) -> Value {
    json!({"properties": {name: {"$ref": format!("#/components/schemas/{schema}")}}})
}

/// Every file that `update` could write.
fn files(root: &Path) -> Vec<(std::path::PathBuf, String)> {
    let mut found = Vec::new();
    let mut open = vec![
        root.join("openapi"),
        root.join("crates"),
        root.join("tests"),
        root.join("CHANGELOG.md"),
    ];
    while let Some(path) = open.pop() {
        match fs::read_dir(&path) {
            Ok(entries) => open.extend(entries.map(|entry| entry.unwrap().path())),
            Err(_) => found.push((path.clone(), fs::read_to_string(&path).unwrap_or_default())),
        }
    }
    found.sort();
    found
}

#[test]
fn what_only_shows_when_code_is_made_is_an_error_too_and_nothing_is_written() {
    let copy = tempfile::tempdir().unwrap();
    copy_workspace(copy.path()).unwrap();
    let before = files(copy.path());
    let loops = json!({"$ref": "#/components/schemas/Other"});
    let mut layers: serde_json::Map<String, Value> = (0..40)
        .map(|level| {
            let next = json!({"$ref": format!("#/components/schemas/L{}", level + 1)});
            (format!("L{level}"), json!({"anyOf": [next, next]}))
        })
        .collect();
    layers.insert("L40".to_owned(), json!({"type": "string"}));
    let cases = [
        (
            "references in a circle",
            with_key(
                loops,
                json!({"Other": {"$ref": "#/components/schemas/ApiKeyUserDetails"}}),
            ),
        ),
        (
            "an object without a name",
            with_key(
                field("next", "Other"),
                json!({"Other": field("next", "Other")}),
            ),
        ),
        (
            "a list without a name in itself",
            with_key(
                field("next", "Other"),
                json!({"Other": {"type": "array", "items": {"$ref": "#/components/schemas/Other"}}}),
            ),
        ),
        (
            "a secret that would be shown",
            with(&[(&format!("{FIELDS}/accessToken"), json!({"type": "string"}))]),
        ),
        (
            "references that explode",
            with_key(field("a", "L0"), layers.into()),
        ),
    ];
    let mut table = String::new();
    for (name, document) in cases {
        let (code, said) = run(copy.path(), &["update", "--accept-breaking"], &document);
        assert_eq!(code, Some(2), "{name}: {said}");
        table += &format!(
            "{name}\n  {}\n",
            said.trim_end().lines().last().unwrap_or_default()
        );
    }
    insta::assert_snapshot!(table);
    assert!(files(copy.path()) == before, "something was written");
}

/// Changes the committed document, by pointers to what is set.
fn with(changes: &[(&str, Value)]) -> Vec<u8> {
    let text = fs::read_to_string(workspace().join("openapi/atlas-v2.yaml")).unwrap();
    let mut document = parse(&text).unwrap();
    for (pointer, value) in changes {
        let (parent, key) = pointer.rsplit_once('/').unwrap();
        match document.pointer_mut(parent).unwrap() {
            Value::Array(items) => items.push(value.clone()),
            parent => parent[key] = value.clone(),
        }
    }
    to_yaml(&document).unwrap().into_bytes()
}

const ROLES: &str =
    "/components/schemas/UpdateAtlasOrganizationApiKey/properties/roles/items/enum/-";
const FIELDS: &str = "/components/schemas/ApiKeyUserDetails/properties";
const PARAMETERS: &str =
    "/paths/~1api~1atlas~1v2~1orgs~1{orgId}~1apiKeys~1{apiUserId}/patch/parameters/-";

#[test]
fn names_that_make_no_identifier_of_their_own_are_refused_with_the_place() {
    let copy = tempfile::tempdir().unwrap();
    copy_workspace(copy.path()).unwrap();
    let before = files(copy.path());
    let text = json!({"type": "string"});
    let roles = |names: &[Value]| {
        let changes: Vec<_> = names.iter().map(|name| (ROLES, name.clone())).collect();
        with(&changes)
    };
    let field = |name: &str| with(&[(&format!("{FIELDS}/{name}"), text.clone())]);
    let parameter = |names: &[&str]| {
        let changes: Vec<_> = names
            .iter()
            .map(|name| {
                (
                    PARAMETERS,
                    json!({"in": "query", "name": name, "schema": text}),
                )
            })
            .collect();
        with(&changes)
    };
    let mut cases = vec![
        roles(&["ORG_OTHER".into()]),
        roles(&["ORG_Owner".into()]),
        roles(&["ORG_FOO_BAR".into(), "ORG_foo_bar".into()]),
        roles(&["ORG_".into()]),
        roles(&["".into()]),
        roles(&["ORG_2FA".into()]),
        roles(&["ORG_SELF".into()]),
        roles(&[json!(7)]),
        roles(&[json!(true)]),
        field("_id"),
        field("public_key"),
        field("ID"),
        parameter(&["dryRun", "dry_run"]),
        parameter(&["api_user_id"]),
    ];
    for name in ["body", "org_id", "apiUserID", "new", "header_map"] {
        cases.push(parameter(&[name]));
    }
    let mut table = String::new();
    for document in cases {
        let (code, said) = run(copy.path(), &["update", "--accept-breaking"], &document);
        assert_eq!(code, Some(2), "{said}");
        table += said.trim_end().lines().last().unwrap_or_default();
        table += "\n";
    }
    insta::assert_snapshot!(table);
    assert!(files(copy.path()) == before, "something was written");
}

#[test]
fn unusual_names_that_are_distinct_make_code_that_compiles() {
    let copy = tempfile::tempdir().unwrap();
    copy_workspace(copy.path()).unwrap();
    let text = json!({"type": "string"});
    let mut changes = vec![
        (ROLES.to_owned(), "ORG_ÉTAT".into()),
        (ROLES.to_owned(), "ORG_SELF".into()),
        (ROLES.to_owned(), "ORG_S3_ADMIN".into()),
        (ROLES.to_owned(), Value::Null),
    ];
    for name in [
        "type", "self", "2nd", "größe", "a-b", "$ref$", "extra", "async",
    ] {
        changes.push((format!("{FIELDS}/{name}"), text.clone()));
    }
    let services = copy.path().join("openapi/services.toml");
    let entry = "\n[roles.OrgRole.variants]\nORG_SELF = \"Itself\"\n";
    let with_variant = fs::read_to_string(&services).unwrap() + entry;
    fs::write(services, with_variant).unwrap();
    let changes: Vec<_> = changes
        .iter()
        .map(|(at, to)| (at.as_str(), to.clone()))
        .collect();
    let (code, said) = run_with(copy.path(), &["update"], &with(&changes), false);
    assert_eq!(code, Some(0), "{said}");
    assert!(!said.contains("not type-checked"), "{said}");
    let roles = copy
        .path()
        .join("crates/atlas-admin/src/generated/roles.rs");
    let roles = fs::read_to_string(roles).unwrap();
    for variant in ["    État,", "    Itself,", "    S3Admin,"] {
        assert!(roles.contains(variant), "{variant}: {roles}");
    }
}

#[test]
fn code_that_does_not_compile_is_not_written() {
    let copy = tempfile::tempdir().unwrap();
    copy_workspace(copy.path()).unwrap();
    // The SDK calls the generated method with the arguments that it has today.
    let extra = json!({"in": "query", "name": "dryRun", "schema": {"type": "boolean"}});
    let document = with(&[(PARAMETERS, extra)]);
    let before = files(copy.path());
    let (code, said) = run_with(copy.path(), &["update"], &document, false);
    assert_eq!(code, Some(2), "{said}");
    assert!(
        said.contains("does not compile, so nothing was written"),
        "{said}"
    );
    assert!(files(copy.path()) == before);
    let task = ["update", "--no-type-check"];
    assert_eq!(run(copy.path(), &task, &document).0, Some(0));
    assert!(files(copy.path()) != before);
}

#[test]
fn a_gzip_file_is_read_to_its_end() {
    let text = fs::read_to_string(workspace().join("openapi/atlas-v2.yaml")).unwrap();
    let (one, other) = text.split_at(text.len() / 2);
    let two_members = [gzip(one), gzip(other)].concat();
    let (_, said) = trim(&two_members);
    assert!(
        said.contains("out of date: openapi/upstream.lock.toml;"),
        "{said}"
    );
    let (code, said) = trim(&[gzip(&text), b"more".to_vec()].concat());
    assert_eq!(code, Some(2));
    assert!(said.contains("not a whole gzip file"), "{said}");
}

#[test]
fn text_of_a_document_cannot_control_the_terminal() {
    let evil = "\u{1b}[2J\u{9b}\r\nerror: forged\u{202e}";
    let document = with(&[
        (ROLES, format!("ORG_{evil}").into()),
        (&format!("{FIELDS}/{evil}"), json!({"type": "string"})),
    ]);
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(&document).unwrap();
    let path = file.path().to_str().unwrap();
    for task in [
        &["diff", "--from", path][..],
        &["diff", "--format", "markdown", "--from", path],
        &["update", "--dry-run", "--from", path],
        &["check-operations", "--from", path],
    ] {
        let output = support::xtask(&workspace(), task);
        let printed = [output.stdout, output.stderr].concat();
        let printed = String::from_utf8(printed).unwrap();
        let unsafe_char = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
        assert!(!printed.contains(unsafe_char), "{task:?}: {printed:?}");
        assert!(
            !printed.contains("\nerror: forged"),
            "{task:?}: {printed:?}"
        );
    }
    let output = support::xtask(&workspace(), &["diff", "--format", "json", "--from", path]);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let exact = format!("ORG_{evil}");
    let mut changes = report["changes"].as_array().unwrap().iter();
    assert!(changes.any(|change| change["after"] == exact.as_str()));
}

/// A document of one operation, whose response has the schema `Response`.
fn answering(schemas: &Value) -> Vec<u8> {
    let document = json!({
        "openapi": "3.0.1",
        "info": {"title": "T", "version": "1"},
        "paths": {"/api/atlas/v2/answer": {"get": {
            "operationId": "getAnswer",
            "responses": {"200": {"description": "", "content": {"application/vnd.atlas.2023-01-01+json": {
                "schema": {"$ref": "#/components/schemas/Answer"}
            }}}}
        }}},
        "components": {"schemas": schemas}
    });
    to_yaml(&document).unwrap().into_bytes()
}

#[test]
fn the_generator_is_stopped_where_it_has_no_end() {
    let reference = |name: &str| json!({"$ref": format!("#/components/schemas/{name}")});
    let both = json!({"allOf": [reference("A"), reference("B"), {"additionalProperties": true}]});
    let cases = [
        (
            "a base and its child",
            json!({
                "Answer": {"type": "object", "properties": {"a": {}}, "oneOf": [reference("Child")]},
                "Child": {"allOf": [reference("Answer"), {"properties": {"b": {}}}]}
            }),
        ),
        (
            "its own base",
            json!({"Answer": {"allOf": [reference("Answer"), {"properties": {"a": {}}}]}}),
        ),
        (
            "bases that hold each other",
            json!({"Answer": both, "A": field("next", "Answer"), "B": field("next", "Answer")}),
        ),
        (
            "an unknown type",
            json!({"Answer": {"type": "object", "required": ["a", "a"], "properties": {"a": {"type": "no"}}}}),
        ),
    ];
    let mut table = String::new();
    for (name, schemas) in cases {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(&answering(&schemas)).unwrap();
        let start = Instant::now();
        let output = support::xtask(
            &workspace(),
            &["check-operations", "--from", file.path().to_str().unwrap()],
        );
        assert!(start.elapsed() < 2 * MAX_TIME, "took {:?}", start.elapsed());
        assert!(
            output.status.success(),
            "{name}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        let said = String::from_utf8(output.stdout).unwrap();
        table += &format!("{name}\n{said}");
    }
    insta::assert_snapshot!(table);
}

#[test]
fn plain_text_stays_text() {
    let text = "2023-01-01: 2023-01-02\n200: on\nno: 1_000\nversion: 2023-01-01T00:00:00Z\n";
    assert_eq!(
        parse(text).unwrap(),
        json!({"2023-01-01": "2023-01-02", "200": "on", "no": "1_000", "version": "2023-01-01T00:00:00Z"})
    );
}
