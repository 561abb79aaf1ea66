//! A short soak test, which must find no wrong report.

use std::process::Command;

use serde_json::Value;

#[test]
fn no_report_is_wrong() {
    let soak = Command::new(env!("CARGO_BIN_EXE_xtask-soak"))
        .args([
            "--updates",
            "1000",
            "--life-changes",
            "1000",
            "--tasks",
            "8",
        ])
        .args(["--kills", "8", "--seed", "1", "--json"])
        .output()
        .unwrap();
    let (report, stderr) = (
        String::from_utf8_lossy(&soak.stdout),
        String::from_utf8_lossy(&soak.stderr),
    );
    assert!(soak.status.success(), "{report}\n{stderr}");

    let report: Value = serde_json::from_str(&report).unwrap();
    assert_eq!(report["right"], true, "{report:#}");
    let mut calls = 0;
    for operation in report["operations"].as_array().unwrap() {
        assert_eq!(operation["wrong"], 0, "{report:#}");
        assert!(operation["applied"].as_u64() > Some(0), "{report:#}");
        calls += operation["calls"].as_u64().unwrap();
    }
    assert_eq!(calls, 2000, "{report:#}");
    for count in ["signIns", "searches"] {
        assert!(report[count].as_u64() > Some(0), "{count}: {report:#}");
    }
    assert!(report["kills"]["killed"].as_u64() > Some(0), "{report:#}");
    assert_eq!(report["kills"]["wrong"], 0, "{report:#}");
}
