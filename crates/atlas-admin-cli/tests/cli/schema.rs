//! The JSON Schema agrees with the validation.

use serde_json::{Value, json};

use crate::support::{KEY, ORG, OTHER_KEY, PROJECT, Shell};

#[test]
fn schema_and_validation_accept_the_same_manifests() {
    // Without credentials a valid manifest fails at the next step, before anything is sent.
    let shell = Shell::at("http://127.0.0.1:1");
    let schema = shell.run(&["schema"]).exits(0).json();
    let schema = jsonschema::validator_for(&schema).unwrap();
    let key = |rest: Value| {
        let mut key = json!({ "id": KEY });
        key.as_object_mut()
            .unwrap()
            .extend(rest.as_object().unwrap().clone());
        json!({ "org": ORG, "keys": [key] })
    };
    let without_id = |key: Value| json!({ "org": ORG, "keys": [key] });
    for (file, is_good) in [
        (key(json!({ "desc": "x" })), true),
        (
            key(json!({ "roles": ["ORG_MEMBER", "ORG_ASTRONAUT"] })),
            true,
        ),
        (
            key(json!({ "projects": { PROJECT: ["GROUP_OWNER"] } })),
            true,
        ),
        (
            key(json!({ "org": ORG, "desc": "x", "roles": ["ORG_MEMBER"] })),
            true,
        ),
        (
            json!({ "org": ORG, "keys": [{ "id": KEY, "desc": "x" }, { "id": OTHER_KEY, "desc": "x" }] }),
            true,
        ),
        (
            json!({ "x-roles": [1], "org": ORG, "keys": [{ "id": KEY, "desc": "x" }] }),
            true,
        ),
        (
            json!({ "roles": [], "org": ORG, "keys": [{ "id": KEY, "desc": "x" }] }),
            false,
        ),
        (key(json!({ "desc": "x", "x-why": "x" })), false),
        (key(json!({})), false),
        (key(json!({ "desc": "" })), false),
        (key(json!({ "desc": "x".repeat(251) })), false),
        (key(json!({ "desc": null })), false),
        (key(json!({ "desc": "x", "roles": null })), false),
        (key(json!({ "desc": "x", "projects": null })), false),
        (key(json!({ "desc": "x", "role": [] })), false),
        (key(json!({ "roles": [] })), false),
        (key(json!({ "roles": "ORG_MEMBER" })), false),
        (key(json!({ "roles": ["ORG_MEMBER", "ORG_MEMBER"] })), false),
        (key(json!({ "projects": { PROJECT: [] } })), true),
        (key(json!({ "prune": true })), true),
        (key(json!({ "prune": false })), false),
        (key(json!({ "prune": "true", "desc": "x" })), false),
        (key(json!({ "accessList": [] })), true),
        (
            key(json!({ "accessList": ["203.0.113.0/24", "2001:db8::1"] })),
            true,
        ),
        (key(json!({ "accessList": ["everywhere"] })), false),
        (
            key(json!({ "accessList": ["203.0.113.7", "203.0.113.7"] })),
            false,
        ),
        (key(json!({ "ensure": "absent" })), true),
        (key(json!({ "ensure": "present", "desc": "x" })), true),
        (key(json!({ "ensure": "present" })), false),
        (key(json!({ "ensure": "gone", "desc": "x" })), false),
        (key(json!({ "ensure": "absent", "desc": "x" })), false),
        (
            key(json!({ "ensure": "absent", "roles": ["ORG_MEMBER"] })),
            false,
        ),
        (key(json!({ "ensure": "absent", "prune": true })), false),
        (key(json!({ "secretFile": "x", "desc": "x" })), false),
        (without_id(json!({ "ensure": "absent", "desc": "x" })), true),
        (without_id(json!({ "ensure": "absent" })), false),
        (
            without_id(json!({
                "ensure": "present", "desc": "x", "roles": ["ORG_MEMBER"], "secretFile": "x",
            })),
            true,
        ),
        (
            without_id(json!({ "ensure": "present", "desc": "x", "roles": ["ORG_MEMBER"] })),
            false,
        ),
        (
            without_id(json!({ "ensure": "present", "desc": "x", "secretFile": "x" })),
            false,
        ),
        (
            without_id(json!({ "ensure": "present", "roles": ["ORG_MEMBER"], "secretFile": "x" })),
            false,
        ),
        (key(json!({ "id": "gswvkocq", "desc": "x" })), false),
        (key(json!({ "org": "x", "desc": "x" })), false),
        (json!({ "org": ORG, "keys": [] }), false),
        (json!({ "org": ORG }), false),
        (json!({ "org": ORG, "keys": [{ "desc": "x" }] }), false),
        (json!([]), false),
    ] {
        let problems: Vec<_> = schema
            .iter_errors(&file)
            .map(|error| error.to_string())
            .collect();
        assert_eq!(problems.is_empty(), is_good, "{file}: {problems:?}");
        let read = shell.run_with_input(&["apply", "-", "--plan"], &file.to_string());
        assert_eq!(
            read.code,
            Some(if is_good { 3 } else { 2 }),
            "{file}: {read:?}"
        );
    }
}
