//! A short soak test, which must find no wrong report.

use std::process::Command;

#[test]
fn no_report_is_wrong() {
    let soak = Command::new(env!("CARGO_BIN_EXE_xtask-soak"))
        .args([
            "--updates",
            "1000",
            "--tasks",
            "8",
            "--kills",
            "8",
            "--seed",
            "1",
        ])
        .output()
        .unwrap();
    let (report, stderr) = (
        String::from_utf8_lossy(&soak.stdout),
        String::from_utf8_lossy(&soak.stderr),
    );
    assert!(soak.status.success(), "{report}\n{stderr}");
    assert!(report.contains("1000 updates in "), "{report}");
    let wrong: Vec<_> = report
        .lines()
        .filter(|line| line.starts_with("| "))
        .skip(1)
        .filter_map(|line| line.split('|').nth(4))
        .map(str::trim)
        .collect();
    assert_eq!(wrong, ["0", "0", "0"], "{report}");
    let kills = report.lines().next_back().unwrap();
    assert!(kills.starts_with("killed runs of apply: "), "{kills}");
    assert!(!kills.contains("apply: 0,"), "{kills}");
    assert!(kills.ends_with("wrong reports: 0"), "{kills}\n{stderr}");
}
