//! A short soak: the machinery works, and callers are told what is so.

use std::process::Command;

#[test]
fn callers_are_told_what_is_so() {
    let soak = Command::new(env!("CARGO_BIN_EXE_xtask-bench"))
        .args(["soak", "--updates", "1000", "--tasks", "8", "--seed", "1"])
        .output()
        .unwrap();
    let (report, complaints) = (
        String::from_utf8_lossy(&soak.stdout),
        String::from_utf8_lossy(&soak.stderr),
    );
    assert!(soak.status.success(), "{report}\n{complaints}");
    assert!(report.contains("1000 updates in "), "{report}");
    let wrong: Vec<_> = report
        .lines()
        .filter(|line| line.starts_with("| "))
        .skip(1)
        .filter_map(|line| line.split('|').nth(4))
        .map(str::trim)
        .collect();
    assert_eq!(wrong, ["0", "0", "0"], "{report}");
}
