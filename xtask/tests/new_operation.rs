//! Another operation is an entry in `services.toml`, with no change to the
//! pipeline: one is added to a copy of the workspace, generated and called.

mod support;

use std::{
    fs::{self, OpenOptions},
    io::Write,
    path::Path,
    process::Command,
};

use serde_json::{Value, json};
use support::{copy_workspace, upstream_documents, xtask};
use xtask::document;

const ENTRY: &str = r#"
[operations.delete_org_api_key]
method = "DELETE"
path = "/orgs/{orgId}/apiKeys/{apiUserId}"
error = "ApiError"
"#;

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
tokio.workspace = true
"#;

/// Adds the operation to a document that is written by hand.
fn add_by_hand(root: &Path, file: &str, path: &str) {
    let place = root.join("openapi").join(file);
    let mut service = document::read(&place).unwrap();
    let parameters = ["apiUserId", "envelope", "orgId", "pretty"]
        .map(|name| json!({"$ref": format!("#/components/parameters/{name}")}));
    let error = json!({"$ref": "#/components/responses/error"});
    service["paths"][path]["delete"] = json!({
        "operationId": "deleteOrgApiKey",
        "parameters": parameters,
        "responses": {
            "204": {"description": ""},
            "401": error, "403": error, "404": error, "429": error, "500": error
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

    OpenOptions::new()
        .append(true)
        .open(root.join("openapi/services.toml"))
        .and_then(|mut file| file.write_all(ENTRY.as_bytes()))
        .unwrap();
    add_by_hand(
        &root,
        "atlas-v1.yaml",
        "/api/atlas/v1.0/orgs/{orgId}/apiKeys/{apiUserId}",
    );
    add_by_hand(
        &root,
        "ops-manager-v1.yaml",
        "/api/public/v1.0/orgs/{orgId}/apiKeys/{apiUserId}",
    );
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
            "operation": "delete_org_api_key",
            "request": "DELETE http://service/orgs/o1/apiKeys/k1?pretty=true",
            "decoded": [true, false],
            "services": ["atlas-v2", "atlas-v1", "ops-manager-v1"],
            "mocked": 204
        })
    );
}
