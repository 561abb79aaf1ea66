//! A manifest with ten thousand keys.

use std::{
    fmt::Write,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::support::{ORG, RESUME_AS_JSON, Shell, responds, service, updates};

const KEYS: u32 = 10_000;

#[tokio::test(flavor = "multi_thread")]
async fn applies_ten_thousand_keys() {
    let emulator = service()
        .keys_per_org(KEYS + 1)
        // Stale nonces would add requests on a slow machine.
        .nonce_ttl(Duration::from_secs(3600))
        .start()
        .await
        .unwrap();
    let shell = Shell::new(&emulator);
    let mut file = format!("org: {ORG}\nkeys:\n");
    for key in emulator.synthetic_keys().filter(|key| !key.is_owner()) {
        let id = key.api_key_id();
        writeln!(
            file,
            "  - id: {id}\n    desc: ci deploys\n    roles: [ORG_READ_ONLY]"
        )
        .unwrap();
    }
    shell.write("keys.yaml", &file);
    let started = Instant::now();
    let arguments = [
        "apply",
        "keys.yaml",
        "--yes",
        "--journal",
        "journal",
        "--concurrency",
        "32",
        "-o",
        "json",
    ];
    let summary = shell.run(&arguments).exits(0).json();
    println!(
        "{KEYS} keys read and updated in {:?}: {summary}",
        started.elapsed()
    );
    assert_eq!(summary["applied"], KEYS);
    assert_eq!(updates(&emulator).len(), KEYS as usize);
    // The run's line, and two for each update.
    assert_eq!(shell.read("journal").lines().count(), 2 * KEYS as usize + 1);
    // One to update each key, one to read 500 of them, and a challenge for each of 32 sessions.
    let pages = u64::from(KEYS) / 500 + 1;
    let requests = summary["requestsSent"].as_u64().unwrap();
    assert!(requests <= u64::from(KEYS) + pages + 32, "{requests}");
    for key in emulator.synthetic_keys().filter(|key| !key.is_owner()) {
        let state = emulator.api_key(&key.api_key_id()).unwrap();
        assert_eq!(state.desc, "ci deploys");
        assert_eq!(state.org_roles, ["ORG_READ_ONLY"]);
    }
    // Nothing is left to do, so nothing is sent.
    let before = emulator.requests();
    let summary = shell.run(&RESUME_AS_JSON).exits(0).json();
    assert_eq!(summary["previouslyApplied"], KEYS);
    assert_eq!(emulator.requests(), before);
    // What is unchanged takes the pages of the list, and a challenge.
    let plan = ["apply", "keys.yaml", "--plan", "-o", "json"];
    let plan = shell.run(&plan).exits(0).json();
    assert_eq!(plan["unchanged"], KEYS);
    assert!(emulator.requests() - before <= pages + 1);
}

const ORGS: u32 = 20;

fn org(number: u32) -> String {
    format!("5980cfc90b6d97029d82{number:04x}")
}

fn key(org: u32, number: u32) -> String {
    format!("6a793f752c88faeb{org:04x}{number:04x}")
}

/// Returns a manifest of the keys of twenty organizations.
fn manifest() -> String {
    let mut file = "keys:\n".to_owned();
    for number in 0..KEYS {
        let (org_id, key) = (org(number % ORGS), key(number % ORGS, number / ORGS));
        writeln!(file, "  - {{id: {key}, org: {org_id}, desc: ci}}").unwrap();
    }
    file
}

/// Returns the response of a service with these organizations. `is_listed` says which keys are on
/// the lists.
fn response(path: &str, is_listed: impl Fn(u32) -> bool) -> (u16, Value) {
    let segments: Vec<_> = path.split(['/', '?']).collect();
    let number = |text: &str| u32::from_str_radix(&text[20..], 16).unwrap();
    let of = number(segments[5]);
    let state = |number| json!({ "id": key(of, number), "desc": "ci", "roles": [] });
    match segments[7] {
        query if query.contains('=') => {
            let keys: Vec<_> = (0..KEYS / ORGS).filter(|key| is_listed(*key)).collect();
            let keys: Vec<_> = keys.into_iter().map(state).collect();
            (
                200,
                json!({ "results": keys, "totalCount": keys.len(), "links": [{"rel": "self"}] }),
            )
        }
        key => (200, state(number(key))),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_keys_in_twenty_organizations_are_planned_with_twenty_requests() {
    let paths = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&paths);
    let url = responds(move |path| {
        log.lock().unwrap().push(path.to_owned());
        response(path, |_| true)
    });
    let shell = Shell::at(&url.await).set("MONGODB_ATLAS_ACCESS_TOKEN", "token");
    shell.write("keys.yaml", &manifest());
    let plan = ["apply", "keys.yaml", "--plan", "-o", "json"];
    let plan = shell.run(&plan).exits(0).json();
    assert_eq!(plan["unchanged"], KEYS);
    assert_eq!(plan["keys"], json!([]));
    assert_eq!(paths.lock().unwrap().len(), ORGS as usize);
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_that_a_list_lacks_are_read_one_by_one() {
    let paths = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&paths);
    let url = responds(move |path| {
        log.lock().unwrap().push(path.to_owned());
        response(path, |key| key % 100 != 0)
    });
    let shell = Shell::at(&url.await).set("MONGODB_ATLAS_ACCESS_TOKEN", "token");
    shell.write("keys.yaml", &manifest());
    let apply = ["apply", "keys.yaml", "--yes", "-o", "json"];
    let summary = shell.run(&apply).exits(0).json();
    assert_eq!(summary["unchanged"], KEYS);
    let requests = ORGS + ORGS * 5;
    assert_eq!(summary["requestsSent"], requests);
    assert_eq!(paths.lock().unwrap().len(), requests as usize);
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_read_one_by_one_where_the_list_is_refused() {
    let url = responds(move |path| {
        let refused =
            json!({ "error": 403, "errorCode": "NOT_ORG_GROUP_CREATOR", "detail": "No." });
        match path.contains('?') {
            true => (403, refused),
            false => response(path, |_| true),
        }
    });
    let shell = Shell::at(&url.await).set("MONGODB_ATLAS_ACCESS_TOKEN", "token");
    let file: Vec<_> = manifest().lines().take(201).map(str::to_owned).collect();
    shell.write("keys.yaml", &file.join("\n"));
    let apply = ["apply", "keys.yaml", "--yes", "-o", "json"];
    let ended = shell.run(&apply).exits(0);
    assert_eq!(ended.err, "");
    let summary = ended.json();
    assert_eq!(summary["unchanged"], 200);
    assert_eq!(summary["requestsSent"], 200 + ORGS);
}
