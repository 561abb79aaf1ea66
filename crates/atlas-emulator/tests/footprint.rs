//! Checks that a million keys fit into a gibibyte, with a tenth of them. This is a test program of
//! its own, because it measures the memory of the whole process.

#![cfg(target_os = "linux")]

use atlas_emulator::Emulator;

/// Returns the memory of this process, in KiB.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS:"))
        .unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_hundred_thousand_keys_take_less_than_a_hundred_mebibytes() {
    let before = resident();
    let emulator = Emulator::builder()
        .orgs(999)
        .keys_per_org(100)
        .start()
        .await
        .unwrap();
    let taken = resident() - before;
    let last = emulator.synthetic_keys().last().unwrap();
    assert!(emulator.api_key(&last.api_key_id()).is_some());
    println!("{taken} KiB");
    assert!(taken < 100 * 1024, "{taken} KiB");
}
