//! A benchmark with very few updates, whose counts must hold nevertheless.

use std::process::Command;

use serde_json::Value;

#[test]
fn digest_adds_one_challenge_for_each_task() {
    let output = Command::new(env!("CARGO_BIN_EXE_xtask-bench"))
        .args(["--per-task", "2", "--format", "json"])
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    let rows: Vec<Value> = String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();

    let rows_of = |client: &str, auth: &str| -> Vec<&Value> {
        rows.iter()
            .filter(|row| row["client"] == client && row["auth"] == auth)
            .collect()
    };
    let number = |row: &Value, name: &str| row[name].as_u64().unwrap();
    for (client, auth, challenges) in [
        ("reqwest", "bearer", 0),
        ("atlas-admin", "bearer", 0),
        ("atlas-admin", "digest", 1),
        ("http-digest-session", "digest", 1),
    ] {
        let rows = rows_of(client, auth);
        assert_eq!(rows.len(), 4, "{client}, {auth}: one row for each scenario");
        for row in rows {
            let (updates, tasks) = (number(row, "updates"), number(row, "concurrency"));
            let requests = number(row, "requests");
            assert_eq!(number(row, "failures"), 0, "{row}");
            assert!(requests >= updates, "{row}");
            assert!(requests <= updates + challenges * tasks, "{row}");
            assert!(number(row, "connections") <= tasks + 1, "{row}");
            for ratio in [
                "throughput_vs_baseline",
                "p50_vs_baseline",
                "cpu_vs_baseline",
            ] {
                assert!(row[ratio].as_f64().unwrap() > 0.0, "{row}");
            }
        }
    }
    assert_eq!(rows_of("diqwest", "digest").len(), 4);
}
