//! Seed files and their schema.

use atlas_emulator::{Builder, Emulator};
use reqwest::StatusCode;
use serde_json::Value;

use crate::client::{Caller, Request, V1, V2};

const SEED: &str = r#"
# yaml-language-server: $schema=../seed.schema.json
org_id: 5980cfc70b6d97029d82e3f6
project_id: b0123456789abcdef012345b
public_key: caller
private_key: 55c3bbb6-b4bb-0be1-e66d20841f3e
access_list: [127.0.0.0/8, "::1"]
orgs: [c0123456789abcdef012345c]
projects:
  - {id: d0123456789abcdef012345d, org: c0123456789abcdef012345c}
keys:
  - id: e0123456789abcdef012345e
    public_key: readonly
    private_key: 0f3b7c1d-aaaa-bbbb-0123456789ab
    desc: reads
    org_roles: [ORG_READ_ONLY]
    project_roles: {b0123456789abcdef012345b: [GROUP_READ_ONLY]}
    access_list: [192.0.2.0/24]
users:
  - {name: jane.doe@example.com, api_key: a5b1f4c2-personal}
synthetic: {orgs: 2, keys_per_org: 3}
rng_seed: 1
today: 2027-01-01
versions:
  - {date: 2023-01-01, deprecated: 2024-08-05, sunset: 2027-07-01}
roles:
  atlas-v1: [ORG_OWNER, ORG_NOVEL, GROUP_NOVEL]
rate_limits:
  organization: {capacity: 20, refill: 10, seconds: 60}
  token: {capacity: 1, refill: 1, seconds: 60}
faults: 405:skip=100
assumptions:
  statuses: {API_KEY_NOT_FOUND: 404}
  rate_limited: [atlas-v2]
  version_dates: between
"#;

#[tokio::test]
async fn a_seed_file_configures_the_builder() {
    let builder = Emulator::builder().seed_file(SEED).unwrap();
    let emulator = builder.start().await.unwrap();
    assert_eq!(emulator.org_id(), "5980cfc70b6d97029d82e3f6");
    assert_eq!(emulator.synthetic_keys().count(), 9);
    let caller = Caller::new(&emulator, "caller", "55c3bbb6-b4bb-0be1-e66d20841f3e");
    let key = "orgs/5980cfc70b6d97029d82e3f6/apiKeys/e0123456789abcdef012345e";
    let request = Request::patch(format!("{V2}/{key}"), r#"{"desc":"x"}"#)
        .accept(Some("application/vnd.atlas.2024-01-01+json"));
    let reply = caller.send(&request).await;
    assert_eq!(reply.status, StatusCode::OK);
    assert_eq!(reply.header("sunset"), Some("Thu, 1 Jul 2027 00:00:00 GMT"));
    assert_eq!(reply.header("ratelimit-limit"), Some("20"));
    assert_eq!(reply.roles().len(), 2);
    let novel = Request::patch(format!("{V1}/{key}"), r#"{"roles":["ORG_NOVEL"]}"#);
    let reply = caller.send(&novel).await;
    assert_eq!(reply.status, StatusCode::OK);
    assert_eq!(reply.header("ratelimit-limit"), None);
    let away = Caller::new(&emulator, "readonly", "0f3b7c1d-aaaa-bbbb-0123456789ab");
    assert_eq!(
        away.send(&request).await.code(),
        "IP_ADDRESS_NOT_ON_ACCESS_LIST"
    );
}

#[test]
fn errors_have_the_location_but_not_the_value() {
    for (text, expected) in [
        ("org: x", "org"),
        ("keys:\n  - public_key: a\n", "private_key"),
        ("org_id: [a-secret-value]", "line 1"),
        ("private_key: {a-secret-value: 1}", "line 1"),
        ("synthetic: {orgs: a-secret-value}", "line 1"),
        ("faults: 418", "unknown fault"),
        ("a: [", "line"),
    ] {
        let error = Emulator::builder().seed_file(text).unwrap_err().to_string();
        assert!(error.starts_with("seed file: "), "{error}");
        assert!(error.contains(expected), "{text:?}: {error}");
        assert!(!error.contains("a-secret-value"), "{error}");
        assert!(!error.contains('\n'), "{error}");
    }
    for text in ["", "# nothing", r#"{"org_id": "x"}"#] {
        assert!(Emulator::builder().seed_file(text).is_ok(), "{text}");
    }
}

/// `cargo run -p atlas-emulator -- --print-seed-schema` prints the current schema.
#[test]
fn the_published_schema_is_current_and_matches_the_example() {
    let published = include_str!("../../seed.schema.json");
    assert!(
        published == Builder::seed_schema(),
        "outdated; write the output of --print-seed-schema to crates/atlas-emulator/seed.schema.json"
    );
    let schema: Value = serde_json::from_str(published).unwrap();
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    let seed: Value = serde_saphyr::from_str(SEED).unwrap();
    let found = validator
        .iter_errors(&seed)
        .next()
        .map(|error| error.to_string());
    assert_eq!(found, None);
    for wrong in [
        "org: x",
        "keys: [{public_key: a}]",
        "assumptions: {novel: 1}",
    ] {
        let wrong: Value = serde_saphyr::from_str(wrong).unwrap();
        assert!(!validator.is_valid(&wrong), "{wrong}");
    }
}
