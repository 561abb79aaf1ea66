//! A manifest with ten thousand keys.

use std::{
    fmt::Write,
    time::{Duration, Instant},
};

use crate::support::{ORG, RESUME_AS_JSON, Shell, service, updates};

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
    // One to read and one to update each key, and a challenge for each of 32 sessions.
    let requests = summary["requestsSent"].as_u64().unwrap();
    assert!(requests <= 2 * u64::from(KEYS) + 32, "{requests}");
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
}
