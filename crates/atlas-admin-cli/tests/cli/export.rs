//! Exported manifests.

use std::time::Instant;

use atlas_emulator::{Emulator, SeedKey};
use serde_json::{Value, json};

use crate::support::{ORG, OTHER_KEY, PROJECT, Shell, service, updates};

const NUMERIC_PROJECT: &str = "123456789012345678901e99";

fn key(name: &str, number: u32) -> SeedKey {
    SeedKey::new(name, "0f3b7c1d-hush").id(format!("6a793f752c88faeba59c{number:04x}"))
}

/// Starts a service whose keys have whatever a service may have.
async fn odd_service() -> Emulator {
    service()
        .project(NUMERIC_PROJECT, ORG)
        .key(
            key("deceiver", 1)
                .desc("# \"a\": 'b'\\n \u{202e}配置 \u{1f511}\u{feff} ")
                .org_roles(["ORG_MEMBER", "ORG_READ_ONLY"]),
        )
        .key(
            key("breaker", 2)
                .desc("two\nlines")
                .org_roles(["ORG_MEMBER"]),
        )
        .key(
            key("astronaut", 3)
                .desc("space")
                .org_roles(["ORG_ASTRONAUT"]),
        )
        .key(
            key("misspelt", 4)
                .desc("old role")
                .org_roles(["ORG_OWNERR"])
                .project_roles(NUMERIC_PROJECT, ["GROUP_OWNER", "GROUP_READ_ONLY"]),
        )
        .key(
            key("project", 5)
                .desc("true")
                .project_roles(PROJECT, ["GROUP_OWNER"]),
        )
        .key(key("nothing", 6).desc(""))
        .start()
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exported_manifest_changes_nothing() {
    let emulator = odd_service().await;
    let shell = Shell::new(&emulator).set("MONGODB_ATLAS_ORG_ID", ORG);
    let calling = emulator.calling_api_key_id();
    let ended = shell.run(&["export"]).exits(0);
    insta::assert_snapshot!("exported", ended.all().replace(calling, "CALLING_KEY"));
    assert_eq!(shell.run(&["export"]).exits(0).out, ended.out);
    assert_eq!(shell.run(&["export", "-o", "yaml"]).exits(0).out, ended.out);
    let json = shell.run(&["export", "-o", "json"]).exits(0);
    for file in [&ended.out, &json.out] {
        shell.write("keys.yaml", file);
        let plan = ["apply", "keys.yaml", "--plan", "--exit-code", "-o", "json"];
        let plan = shell.run(&plan).exits(0);
        assert_eq!(plan.json()["keys"], json!([]));
        assert_eq!(
            plan.json()["unchanged"],
            json.json()["keys"].as_array().unwrap().len()
        );
    }
    let schema = shell.run(&["schema"]).exits(0).json();
    let schema = jsonschema::validator_for(&schema).unwrap();
    assert!(schema.is_valid(&json.json()), "{json:?}");

    // It notices each kind of change.
    let role = ["--role", "ORG_READ_ONLY"];
    for change in [
        &["api-key", "update", "--key", OTHER_KEY, "--desc", "other"][..],
        &[
            &["api-key", "update", "--key", "6a793f752c88faeba59c0001"],
            &role[..],
        ]
        .concat(),
        &[
            "project-key",
            "remove-roles",
            "--key",
            "6a793f752c88faeba59c0004",
            "--project",
            NUMERIC_PROJECT,
            "--role",
            "GROUP_OWNER",
        ],
    ] {
        shell.run(change).exits(0);
        shell
            .run(&["apply", "keys.yaml", "--plan", "--exit-code"])
            .exits(2);
        shell.run(&["apply", "keys.yaml", "--yes"]).exits(0);
    }
    let again = shell.run(&["export", "-o", "json"]).exits(0);
    assert_eq!(again.out, json.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn globs_choose_keys_by_their_descriptions() {
    let emulator = odd_service().await;
    let shell = Shell::new(&emulator).set("MONGODB_ATLAS_ORG_ID", ORG);
    let ids = |globs: &[&str]| {
        let arguments = [&["export", "-o", "json", "-q"], globs].concat();
        let keys = shell.run(&arguments).exits(0).json()["keys"].take();
        let keys = keys.as_array().unwrap().iter();
        keys.map(|key| key["desc"].clone()).collect::<Vec<Value>>()
    };
    assert_eq!(ids(&["--desc-glob", "s*"]), ["space"]);
    assert_eq!(
        ids(&["--desc-glob", "read?", "--desc-glob", "*ac*"]),
        ["reads", "space"]
    );
    shell.run(&["export", "--desc-glob", "S*"]).exits(1);
    let ended = shell.run(&["export", "--desc-glob", "nothing"]).exits(1);
    assert_eq!(ended.out, "");
    shell.run(&["export", "--desc-glob", "[a"]).exits(2);
    let requests = shell.run(&["export", "--dry-run"]).exits(0).out;
    assert!(requests.contains("itemsPerPage=500"), "{requests}");
    assert_eq!(updates(&emulator), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_keys_make_a_round_trip_by_their_lists() {
    let emulator = service().keys_per_org(10_000).start().await.unwrap();
    let shell = Shell::new(&emulator).set("MONGODB_ATLAS_ORG_ID", ORG);
    let keys = emulator.api_keys(ORG).len();
    let pages = keys.div_ceil(500) as u64;
    let started = Instant::now();
    let manifest = shell.run(&["export"]).exits(0).out;
    let exported = emulator.requests();
    assert!(exported <= pages + 1, "{exported}");
    shell.write("keys.yaml", &manifest);
    let plan = ["apply", "keys.yaml", "--plan", "--exit-code", "-o", "json"];
    let plan = shell.run(&plan).exits(0).json();
    assert_eq!(plan["unchanged"], keys);
    let planned = emulator.requests() - exported;
    assert!(planned <= pages + 1, "{planned}");
    println!(
        "{keys} keys exported with {exported} requests and planned with {planned} in {:?}",
        started.elapsed()
    );
}
