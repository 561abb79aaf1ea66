//! What `cargo xtask trim` says of documents that it cannot use.

use std::{io::Write, process::Command};

use flate2::{Compression, write::GzEncoder};

/// Runs `trim --check` on a document, so that nothing is written whatever happens.
fn trim(document: &[u8]) -> (Option<i32>, String) {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(document).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args(["trim", "--check", "--from"])
        .arg(file.path())
        .output()
        .unwrap();
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

#[test]
fn each_gets_one_line_with_the_place_and_exit_code_2() {
    let truncated = gzip(&"openapi: 3.0.1\n".repeat(100));
    let cases: &[(&str, &[u8])] = &[
        ("not YAML", b"a: [1, 2"),
        ("not JSON", b"{\"openapi\": "),
        ("not text", &[0xff, 0xfe, 0x00, 0x41]),
        ("truncated gzip", &truncated[..truncated.len() / 2]),
        ("not OpenAPI", b"a: 1"),
        ("OpenAPI 3.1", b"openapi: 3.1.0"),
        ("no paths", b"openapi: 3.0.1"),
        ("no such path", b"{\"openapi\": \"3.0.1\", \"paths\": {\"/x\": {}}}"),
        ("no such method", b"{\"openapi\": \"3.0.1\", \"paths\": {\"/api/atlas/v2/groups/{g}/apiKeys/{k}\": {\"get\": {}}}}"),
        ("dangling reference", br##"
openapi: 3.0.1
paths:
  /api/atlas/v2/groups/{groupId}/apiKeys/{apiUserId}: {patch: {parameters: [{$ref: '#/components/parameters/gone'}]}}
  /api/atlas/v2/orgs/{orgId}/apiKeys/{apiUserId}: {patch: {}}
"##),
        ("reference to a file", br##"
openapi: 3.0.1
paths:
  /api/atlas/v2/groups/{groupId}/apiKeys/{apiUserId}: {patch: {parameters: [{$ref: 'other.yaml#/gone'}]}}
  /api/atlas/v2/orgs/{orgId}/apiKeys/{apiUserId}: {patch: {}}
"##),
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
            "error: not fresh: openapi/upstream.lock.toml; run `cargo xtask trim --from FILE`\n"
        );
    }
}
