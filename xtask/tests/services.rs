//! Each service has a document of its own: which ones `trim`, `diff` and `update` take, and how a
//! document that is written by hand becomes a trimmed one.

#[allow(
    dead_code,
    reason = "not every test that has this module uses all of it"
)]
mod support;

use std::{fs, io::Write, path::Path, process::Output};

use serde_json::{Value, json};
use support::{copy_workspace, upstream_documents, workspace, xtask};
use xtask::document;

/// A document of Atlas v1.0 in the form that the vendor's has: JSON, prose, names and operations
/// that are not ours, and a media type for a response without a body.
fn full_document() -> tempfile::NamedTempFile {
    let committed = workspace().join("openapi/atlas-v1.yaml");
    let text = serde_json::to_string(&document::read(&committed).unwrap()).unwrap();
    let text = text
        .replace("schemas/ApiKey\"", "schemas/KeyDetails\"")
        .replace("\"ApiKey\":", "\"KeyDetails\":")
        .replace("getOrgApiKey", "getApiKey");
    let mut document: Value = document::parse(&text).unwrap();
    document["info"]["description"] = json!("PROSE");
    document["tags"] = json!([{"name": "Keys", "description": "PROSE"}]);
    document["components"]["schemas"]["KeyDetails"]["description"] = json!("PROSE");
    document["components"]["schemas"]["Unrelated"] = json!({"type": "string"});
    let paths = &mut document["paths"];
    paths["/api/atlas/v1.5/other"] = json!({"get": {"operationId": "other", "responses": {}}});
    for item in paths.as_object_mut().unwrap().values_mut() {
        for operation in item.as_object_mut().unwrap().values_mut() {
            operation["description"] = json!("PROSE");
            operation["x-docs-url"] = json!("https://example.com/PROSE");
            if let Some(deleted) = operation.pointer_mut("/responses/204") {
                deleted["content"] = json!({"application/json": {}});
            }
        }
    }
    let mut file = tempfile::Builder::new()
        .suffix("-v1.yaml")
        .tempfile()
        .unwrap();
    file.write_all(document.to_string().as_bytes()).unwrap();
    file
}

fn copy() -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    copy_workspace(copy.path()).unwrap();
    copy
}

fn run(root: &Path, task: &[&str], from: &Path) -> Output {
    xtask(root, &[task, &["--from", from.to_str().unwrap()]].concat())
}

/// What a task prints when it succeeds.
fn printed(root: &Path, task: &[&str], from: &Path) -> String {
    let output = run(root, task, from);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{task:?}: {said}");
    String::from_utf8(output.stdout).unwrap()
}

/// What a task says when it refuses.
fn refusal(root: &Path, task: &[&str], from: &Path) -> String {
    let output = run(root, task, from);
    assert_eq!(output.status.code(), Some(2), "{task:?}");
    let said = String::from_utf8(output.stderr).unwrap();
    said.lines().last().unwrap_or_default().to_owned()
}

fn text(root: &Path, file: &str) -> String {
    fs::read_to_string(root.join(file)).unwrap()
}

const LOCK: &str = "openapi/upstream.lock.toml";

#[test]
fn a_service_is_known_by_the_paths_of_its_document() {
    let from = full_document();
    for task in [&["diff"][..], &["diff", "--service", "atlas-v1"]] {
        let report = printed(&workspace(), task, from.path());
        assert!(report.starts_with("cosmetic: "), "{report}");
        assert!(report.contains("\ncosmetic     atlas-v1: "), "{report}");
    }
    assert_eq!(
        refusal(
            &workspace(),
            &["trim", "--service", "atlas-v2"],
            from.path()
        ),
        format!(
            "error: {}: /paths: no path /api/atlas/v2/orgs/{{orgId}}/apiKeys/{{apiUserId}}/accessList",
            from.path().display()
        )
    );
    assert_eq!(
        refusal(&workspace(), &["diff", "--service", "atlas"], from.path()),
        "error: openapi/services.toml: no service atlas; \
         there are atlas-v1, atlas-v2, ops-manager-v1"
    );
}

#[test]
fn a_full_document_takes_the_place_of_one_that_is_written_by_hand() {
    let copy = copy();
    let root = copy.path();
    let client = "crates/atlas-admin-raw/src/generated/client.rs";
    let (before, lock) = (text(root, client), text(root, LOCK));
    let from = full_document();
    let report = printed(root, &["update", "--service", "atlas-v1"], from.path());
    assert!(report.starts_with("## Atlas v1.0 as of "), "{report}");

    let trimmed = text(root, "openapi/atlas-v1.yaml");
    assert!(trimmed.contains("KeyDetails") && !trimmed.contains("PROSE"));
    assert!(!trimmed.contains("Unrelated") && !trimmed.contains("v1.5"));
    let services = text(root, "openapi/services.toml");
    let committed = text(&workspace(), "openapi/services.toml");
    let (start, rest) = committed.split_once("[services.atlas-v1]").unwrap();
    let rest = rest.replacen("\"handwritten\"", "\"trimmed\"", 1);
    assert_eq!(services, format!("{start}[services.atlas-v1]{rest}"));
    let new_lock = text(root, LOCK);
    assert!(new_lock.contains("\n[atlas-v1]\nsource = "), "{new_lock}");
    assert!(new_lock.ends_with(lock.split_once("\n\n").unwrap().1));
    assert!(text(root, "CHANGELOG.md").contains("- Atlas v1.0 as of "));
    assert_eq!(text(root, client), before);

    printed(root, &["trim", "--check"], from.path());
    assert!(xtask(root, &["generate", "--check"]).status.success());
}

#[test]
fn a_document_that_only_exists_by_hand_is_not_replaced() {
    let copy = copy();
    let from = copy.path().join("openapi/ops-manager-v1.yaml");
    let before = text(copy.path(), "openapi/ops-manager-v1.yaml");
    for task in ["trim", "update"] {
        for named in [&[task][..], &[task, "--service", "ops-manager-v1"]] {
            assert_eq!(
                refusal(copy.path(), named, &from),
                "error: ops-manager-v1: the vendor publishes no document of Ops Manager v1.0, so \
                 openapi/ops-manager-v1.yaml is written by hand; edit it, then run \
                 `cargo xtask generate`"
            );
        }
    }
    assert_eq!(text(copy.path(), "openapi/ops-manager-v1.yaml"), before);
    assert_eq!(printed(copy.path(), &["diff"], &from), "unchanged\n");
}

#[test]
fn a_lock_file_of_the_first_form_gets_the_new_one() {
    let Some(newest) = upstream_documents().pop() else {
        return;
    };
    let copy = copy();
    let lock = text(copy.path(), LOCK);
    fs::write(copy.path().join(LOCK), lock.replace("\n[atlas-v2]\n", "")).unwrap();
    assert!(refusal(copy.path(), &["trim", "--check"], &newest).contains(LOCK));
    printed(copy.path(), &["trim"], &newest);
    assert_eq!(text(copy.path(), LOCK), lock);
}

#[test]
fn each_operation_of_another_service_can_be_generated() {
    let report = printed(&workspace(), &["check-operations"], full_document().path());
    assert_eq!(report, "   13  generated, of 13\n");
}
