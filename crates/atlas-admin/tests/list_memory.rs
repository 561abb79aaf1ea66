//! Checks that streams of lists take no memory that grows. This is a test program of its own,
//! because it measures the memory of the whole process.

#![cfg(target_os = "linux")]

use std::collections::BTreeMap;

use atlas_admin::{Client, Credentials};
use atlas_emulator::Emulator;

const ORGS: usize = 20;
const KEYS: usize = 500;

/// Returns the memory of this process, in KiB.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let mut lines = status.lines();
    let line = lines.find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[tokio::test]
async fn ten_thousand_keys_in_twenty_organizations_are_streamed_in_flat_memory() {
    let emulator = Emulator::builder()
        .orgs(ORGS as u32 - 1)
        .keys_per_org(KEYS as u32)
        .start()
        .await
        .unwrap();
    // The first key of each organization is an owner.
    let mut owners = BTreeMap::new();
    for key in emulator.synthetic_keys() {
        let credentials = Credentials::digest(key.public_key(), key.private_key());
        owners.entry(key.org_id()).or_insert(credentials);
    }
    assert_eq!(owners.len(), ORGS);
    let (mut streamed, mut after_five) = (0, 0);
    for (number, (org, owner)) in owners.into_iter().enumerate() {
        let client = Client::builder().base_url(emulator.base_url());
        let client = client.credentials(owner).build().unwrap();
        let mut keys = client.org(org).api_keys().list().stream();
        while let Some(key) = keys.next().await {
            key.unwrap();
            streamed += 1;
        }
        if number == 4 {
            after_five = resident();
        }
    }
    assert!(streamed >= ORGS * KEYS, "only {streamed} keys");
    let grown = resident().saturating_sub(after_five);
    println!("{streamed} keys; {grown} KiB more after the last 15 organizations");
    assert!(grown < 4 * 1024, "{grown} KiB");
}
