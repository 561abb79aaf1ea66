//! Another operation is an entry in `services.toml`, with no change to the
//! pipeline: one is added to a copy of the workspace, generated and called.

mod support;

use std::{fs, path::Path, process::Command};

use serde_json::{Value, json};
use support::{copy_workspace, upstream_documents, xtask};
use xtask::document;

const ENTRY: &str = r#"
[operations.get_org]
method = "GET"
path = "/orgs/{orgId}"
effect = "read"
response = "Org"
error = "ApiError"
"#;

/// The name of the type inside its response.
const TYPE: &str = "[types]\n\"Org.links[]\" = \"Link\"\n";

/// A program that builds a request of the new operation, decodes a response to it, and
/// calls a typed mock.
const CALLER: &str = include_str!("support/caller.rs");

const MANIFEST: &str = r#"
[package]
name = "caller"
edition = "2024"

[dependencies]
atlas-admin-raw = { workspace = true, features = ["mocks"] }
httpmock.workspace = true
reqwest.workspace = true
serde_json.workspace = true
tokio.workspace = true
"#;

/// Adds the operation to a document that is written by hand.
fn add_by_hand(root: &Path, file: &str, base_path: &str) {
    let place = root.join("openapi").join(file);
    let mut service = document::read(&place).unwrap();
    let parameters = ["envelope", "orgId", "pretty"]
        .map(|name| json!({"$ref": format!("#/components/parameters/{name}")}));
    let error = json!({"$ref": "#/components/responses/error"});
    service["paths"][format!("{base_path}/orgs/{{orgId}}")] = json!({"get": {
        "operationId": "getOrg",
        "parameters": parameters,
        "responses": {
            "200": {
                "description": "",
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Org"}}}
            },
            "400": error, "401": error, "403": error, "404": error, "429": error, "500": error
        }
    }});
    service["components"]["schemas"]["Org"] = json!({
        "type": "object",
        "required": ["name"],
        "properties": {
            "id": {"type": "string"},
            "links": {"type": "array", "items": {"$ref": "#/components/schemas/Link"}},
            "name": {"type": "string"}
        }
    });
    fs::write(place, document::to_yaml(&service).unwrap()).unwrap();
}

fn succeed(root: &Path, arguments: &[&str]) {
    let output = xtask(root, arguments);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {said}");
}

#[test]
fn is_generated_and_called() {
    let documents = upstream_documents();
    let Some(newest) = documents.last() else {
        return;
    };
    // The same folder in each run, so that the crates in it need not be compiled again.
    let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("new-operation");
    fs::remove_dir_all(&root).ok();
    fs::create_dir_all(&root).unwrap();
    copy_workspace(&root).unwrap();

    let services = root.join("openapi/services.toml");
    let text = fs::read_to_string(&services).unwrap();
    fs::write(services, text.replacen("[types]\n", TYPE, 1) + ENTRY).unwrap();
    add_by_hand(&root, "atlas-v1.yaml", "/api/atlas/v1.0");
    add_by_hand(&root, "ops-manager-v1.yaml", "/api/public/v1.0");
    succeed(&root, &["trim", "--from", newest.to_str().unwrap()]);
    succeed(&root, &["generate"]);

    let caller = root.join("crates/caller");
    fs::create_dir_all(caller.join("src")).unwrap();
    fs::write(caller.join("Cargo.toml"), MANIFEST).unwrap();
    fs::write(caller.join("src/main.rs"), CALLER).unwrap();
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let output = Command::new(env!("CARGO"))
        .args(["run", "--quiet", "--offline", "--package", "caller"])
        .current_dir(&root)
        .env("CARGO_TARGET_DIR", target)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let printed: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        printed,
        json!({
            "operation": "get_org",
            "request": "GET http://service/orgs/o1?pretty=true",
            "decoded": [true, false, false],
            "services": ["atlas-v2", "atlas-v1", "ops-manager-v1"],
            "mocked": r#"{"name":"Ours"}"#
        })
    );
}
