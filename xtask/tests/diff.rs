//! What `cargo xtask diff` says of the vendor's documents, and of synthetic ones.

mod support;

use serde_json::{Value, json};
use support::{name, upstream_documents, workspace, xtask};
use xtask::{diff, document, pipeline::services::Services, pipeline::sources::Sources};

fn text(root: &std::path::Path, arguments: &[&str]) -> String {
    let output = xtask(root, arguments);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn each_document_against_the_one_before() {
    for pair in upstream_documents().windows(2) {
        let (old, new) = (pair[0].to_str().unwrap(), pair[1].to_str().unwrap());
        let report = text(&workspace(), &["diff", "--from", new, "--against", old]);
        insta::assert_snapshot!(name(&pair[1]), report);
    }
}

#[test]
fn the_committed_document_against_its_source() {
    if let Some(newest) = upstream_documents().last() {
        let json = text(
            &workspace(),
            &[
                "diff",
                "--format",
                "json",
                "--from",
                newest.to_str().unwrap(),
            ],
        );
        let report: Value = serde_json::from_str(&json).unwrap();
        assert_eq!(report, json!({"verdict": "unchanged", "changes": []}));
    }
}

/// Changes the committed document and tells the verdict with the rules used.
fn rules(change: impl Fn(&mut Value)) -> Vec<String> {
    let Sources {
        services,
        documents,
        ..
    } = Sources::read(&workspace()).unwrap();
    let old = &documents["atlas-v2"];
    let mut new = old.clone();
    change(&mut new);
    verdict(old, &new, &services)
}

fn verdict(old: &Value, new: &Value, services: &Services) -> Vec<String> {
    let report = diff::diff(old, new, "atlas-v2", services).unwrap();
    let rules = report
        .changes
        .iter()
        .map(|change| change.rule.unwrap_or_default().to_owned());
    [report.verdict.clone()].into_iter().chain(rules).collect()
}

const ORG: &str = "/paths/~1api~1atlas~1v2~1orgs~1{orgId}~1apiKeys~1{apiUserId}";
const ORG_BODY: &str = "/components/schemas/UpdateAtlasOrganizationApiKey";
const KEY: &str = "/components/schemas/ApiKeyUserDetails";

/// A change of a document.
type Edit = Box<dyn Fn(&mut Value)>;

/// Sets, or with null removes, what stands at a pointer.
fn set(pointer: &str, value: Value) -> Edit {
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    let (parent, key) = (parent.to_owned(), key.replace("~1", "/"));
    Box::new(move |document| {
        let parent = document
            .pointer_mut(&parent)
            .unwrap()
            .as_object_mut()
            .unwrap();
        match &value {
            Value::Null => drop(parent.remove(&key).unwrap()),
            value => drop(parent.insert(key.clone(), value.clone())),
        }
    })
}

#[test]
fn requests_and_responses_have_rules_of_their_own() {
    let cases: Vec<(&str, Edit)> = vec![
        (
            "an operation is gone",
            set(&format!("{ORG}/patch"), Value::Null),
        ),
        (
            "a field of a request is gone",
            set(&format!("{ORG_BODY}/properties/desc"), Value::Null),
        ),
        (
            "a field of a response is gone",
            set(&format!("{KEY}/properties/desc"), Value::Null),
        ),
        (
            "the id in a response is gone",
            set(&format!("{KEY}/properties/id"), Value::Null),
        ),
        (
            "a new field in a request",
            set(
                &format!("{ORG_BODY}/properties/note"),
                json!({"type": "string"}),
            ),
        ),
        (
            "a new field in a response",
            set(&format!("{KEY}/properties/note"), json!({"type": "string"})),
        ),
        (
            "a field becomes required",
            set(&format!("{ORG_BODY}/required"), json!(["desc"])),
        ),
        (
            "a shorter request",
            set(&format!("{ORG_BODY}/properties/desc/maxLength"), json!(100)),
        ),
        (
            "a longer request",
            set(&format!("{ORG_BODY}/properties/desc/maxLength"), json!(500)),
        ),
        (
            "a shorter response",
            set(&format!("{KEY}/properties/desc/maxLength"), json!(100)),
        ),
        (
            "another type",
            set(&format!("{KEY}/properties/desc/type"), json!("integer")),
        ),
        (
            "a null in a response",
            set(&format!("{KEY}/properties/desc/nullable"), json!(true)),
        ),
        (
            "fewer roles",
            set(
                &format!("{ORG_BODY}/properties/roles/items/enum"),
                json!(["ORG_OWNER"]),
            ),
        ),
        (
            "a required parameter",
            Box::new(|document| {
                let parameters = document
                    .pointer_mut(&format!("{ORG}/patch/parameters"))
                    .unwrap();
                parameters.as_array_mut().unwrap().push(json!({"in": "query", "name": "reason", "required": true, "schema": {"type": "string"}}));
            }),
        ),
        (
            "parameters in another order",
            Box::new(|document| {
                document
                    .pointer_mut(&format!("{ORG}/patch/parameters"))
                    .unwrap()
                    .as_array_mut()
                    .unwrap()
                    .reverse();
            }),
        ),
        (
            "an answer is gone",
            set(&format!("{ORG}/patch/responses/404"), Value::Null),
        ),
        (
            "a new version",
            set(
                &format!(
                    "{ORG}/patch/responses/200/content/application~1vnd.atlas.2099-01-01+json"
                ),
                json!({"schema": {"$ref": "#/components/schemas/ApiKeyUserDetails"}}),
            ),
        ),
        (
            "digest is gone",
            Box::new(|document| document["security"] = json!([{"ServiceAccounts": []}])),
        ),
        (
            "prose",
            set(&format!("{KEY}/description"), json!("Some text.")),
        ),
    ];
    let mut table = String::new();
    for (name, change) in cases {
        let rules = rules(change);
        table += &format!("{name}\n  {}\n", rules.join("\n    "));
    }
    insta::assert_snapshot!(table);
}

#[test]
fn other_names_for_the_same_things_are_cosmetic() {
    let Sources {
        services,
        documents,
        ..
    } = Sources::read(&workspace()).unwrap();
    let old = &documents["atlas-v2"];
    let renamed = serde_json::to_string(old)
        .unwrap()
        .replace("ApiKeyUserDetails", "ProgrammaticKey")
        .replace("updateOrgApiKey", "patchKey")
        .replace("apiUserId", "keyId");
    let new = document::parse(&renamed).unwrap();
    let rules = verdict(old, &new, &services);
    assert_eq!(rules[0], "cosmetic");
    assert!(
        rules[1..]
            .iter()
            .all(|rule| rule == "an id or a name changes"),
        "{rules:?}"
    );
}

#[test]
fn a_document_without_any_of_the_operations_is_refused() {
    let mut file = tempfile::NamedTempFile::with_suffix(".json").unwrap();
    std::io::Write::write_all(&mut file, br#"{"openapi": "3.0.1", "paths": {}}"#).unwrap();
    let path = file.path().to_str().unwrap();
    let output = xtask(&workspace(), &["diff", "--from", path, "--against", path]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(
        String::from_utf8(output.stderr).unwrap(),
        "error: neither document has an operation below /api/atlas/v2\n"
    );
}
