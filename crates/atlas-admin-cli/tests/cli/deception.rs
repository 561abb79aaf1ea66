//! Text from the service that tries to deceive, and errors in both forms.

use atlas_emulator::{Emulator, SeedKey};
use serde_json::{Value, json};

use crate::support::{KEY, ORG, Shell, UNKNOWN, service};

const DESC: &str = "a\" -> \"b\\   \u{7f}\u{85}\u{61c}\u{2028}\u{202e}\u{e0041}\n";
const GET: [&str; 6] = ["org-key", "get", "--org", ORG, "--key", UNKNOWN];

async fn deceptive_service() -> Emulator {
    let key = SeedKey::new("deceiver", "0f3b7c1d-hush")
        .id(UNKNOWN)
        .desc(DESC)
        .org_roles(["ORG_MEMBER", "ORG_X, ORG_OWNER"]);
    service().key(key).start().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_cannot_forge_a_line() {
    let emulator = deceptive_service().await;
    let shell = Shell::new(&emulator);
    let manifest = format!("keys: [{{id: {UNKNOWN}, org: {ORG}, desc: new, roles: [ORG_MEMBER]}}]");
    shell.write("keys.yaml", &manifest);
    let plan = shell.run(&["apply", "keys.yaml", "--plan"]).exits(0);
    for ended in [&shell.run(&GET).exits(0), &plan] {
        for line in ended.out.lines() {
            assert_eq!(line, atlas_admin::sanitize(line));
        }
        assert!(ended.out.contains("\"ORG_X, ORG_OWNER\""), "{}", ended.out);
    }
    let from = r#""a\" -> \"b\\ \u{20}\u{20}\u{7f}\u{85}\u{61c}\u{2028}\u{202e}\u{e0041}\n""#;
    let line = format!("description: {from} -> \"new\"");
    assert!(plan.out.contains(&line), "{}", plan.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn json_and_yaml_keep_the_exact_text() {
    let emulator = deceptive_service().await;
    let shell = Shell::new(&emulator);
    let ended = shell.run(&[&GET[..], &["-o", "json"]].concat()).exits(0);
    assert_eq!(ended.json()["desc"], DESC);
    let yaml = shell.run(&[&GET[..], &["-o", "yaml"]].concat()).exits(0);
    let value: Value = serde_saphyr::from_str(&yaml.out).unwrap();
    assert_eq!(value["desc"], DESC);
    for ended in [ended, yaml] {
        for line in ended.out.lines() {
            assert_eq!(line, atlas_admin::sanitize(line));
        }
    }
    let desc = "a\u{61c}b";
    let update = ["org-key", "update", "--org", ORG, "--key", KEY, "--dry-run"];
    let update = [&update[..], &["--desc", desc, "-o", "json"]].concat();
    let body = &shell.run(&update).exits(0).json()["body"];
    assert_eq!(*body, json!({ "desc": desc }));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_untrusted_certificate_has_a_hint() {
    let emulator = service().tls(true).start().await.unwrap();
    let shell = Shell::new(&emulator);
    for output in ["table", "json"] {
        let ended = shell.run(&[&GET[..], &["-o", output]].concat()).exits(1);
        for text in ["ca-certificates", "--ca-file", "UnknownIssuer"] {
            assert!(ended.err.contains(text), "{text}: {ended:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn json_errors_have_all_that_text_has() {
    // Nothing listens on the discard port.
    let shell = Shell::at("http://127.0.0.1:9")
        .set("MONGODB_ATLAS_PUBLIC_API_KEY", "gswvkocq")
        .set("MONGODB_ATLAS_PRIVATE_API_KEY", "0f3b7c1d-hush");
    let get = ["org-key", "get", "--org", ORG, "--key", KEY];
    let text = shell.run(&get).exits(1).err;
    let json = shell
        .run(&[&get[..], &["-o", "json"]].concat())
        .exits(1)
        .err;
    let error = &serde_json::from_str::<Value>(&json).unwrap()["error"];
    let cause = error["cause"].as_str().unwrap();
    assert!(cause.contains("refused"), "{json}");
    assert!(text.contains(&format!("caused by: {cause}")), "{text}");

    shell.write(
        "keys.yaml",
        &format!("keys: [{{id: {KEY}, org: {ORG}, desc: new}}]"),
    );
    let failed = shell.run(&[
        "apply",
        "keys.yaml",
        "--yes",
        "--journal",
        "journal",
        "-o",
        "json",
    ]);
    let failed = failed.exits(1);
    assert!(
        failed.err.contains(&format!("caused by: {cause}")),
        "{failed:?}"
    );
    assert_eq!(failed.json()["error"]["cause"], cause);
}
