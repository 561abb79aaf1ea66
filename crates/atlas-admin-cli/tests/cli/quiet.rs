//! `--quiet`, as for cron, which mails what a command prints.

use serde_json::json;

use crate::support::{KEY, ORG, OTHER_KEY, Shell, UNKNOWN, service};

const SILENT: &str = "exit: 0\n";

#[tokio::test(flavor = "multi_thread")]
async fn changes_that_succeed_print_nothing() {
    let emulator = service().start().await.unwrap();
    let shell = Shell::new(&emulator).set("MONGODB_ATLAS_ORG_ID", ORG);
    shell.write("keys.yaml", &format!("keys: [{{id: {KEY}, desc: ci}}]"));
    let apply = ["apply", "keys.yaml", "--yes", "--quiet"];
    let plan = ["apply", "keys.yaml", "--plan", "--quiet"];

    // What a plan would change is worth a mail.
    let drift = shell.run(&plan).exits(0);
    assert!(drift.out.contains("Plan: 1 key to change"), "{drift:?}");
    assert_eq!(drift.err, "");
    for _ in 0..2 {
        assert_eq!(shell.run(&apply).all(), SILENT);
    }
    assert_eq!(emulator.api_key(KEY).unwrap().desc, "ci");
    assert_eq!(shell.run(&plan).all(), SILENT);

    let delete = ["api-key", "delete", "--yes", "--quiet", "--missing-ok"];
    for _ in 0..2 {
        let delete = [&delete[..], &["--key", OTHER_KEY]].concat();
        assert_eq!(shell.run(&delete).all(), SILENT);
    }
    assert_eq!(emulator.api_key(OTHER_KEY), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_and_documents_are_printed() {
    let emulator = service().start().await.unwrap();
    let shell = Shell::new(&emulator).set("MONGODB_ATLAS_ORG_ID", ORG);
    shell.write(
        "keys.yaml",
        &format!("keys: [{{id: {KEY}, desc: ci}}, {{id: {UNKNOWN}, desc: ci}}]"),
    );
    let apply = ["apply", "keys.yaml", "--yes", "--quiet", "--keep-going"];
    let failed = shell.run(&apply).exits(1);
    assert!(failed.err.contains(UNKNOWN), "{failed:?}");
    assert!(failed.out.contains("failed   1"), "{failed:?}");

    shell.write("keys.yaml", &format!("keys: [{{id: {KEY}, desc: ci}}]"));
    let apply = ["apply", "keys.yaml", "--yes", "--quiet", "-o", "json"];
    assert_eq!(shell.run(&apply).exits(0).json()["unchanged"], 1);
    let delete = ["api-key", "delete", "--yes", "--quiet", "--key", OTHER_KEY];
    let deleted = shell.run(&[&delete[..], &["-o", "json"]].concat()).exits(0);
    assert_eq!(deleted.json(), json!({"id": OTHER_KEY, "deleted": true}));
    let listed = shell.run(&["api-key", "list", "--quiet"]).exits(0);
    assert!(listed.out.contains(KEY), "{listed:?}");
}
