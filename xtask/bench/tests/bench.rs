//! A benchmark of very few updates: its counts hold however few they are.

use std::process::Command;

use serde_json::Value;

#[test]
fn counts_of_digest_are_those_of_a_bearer_token_and_a_challenge_a_task() {
    let output = Command::new(env!("CARGO_BIN_EXE_xtask-bench"))
        .args(["bench", "--per-task", "2", "--format", "json"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let rows: Vec<Value> = String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();

    let of = |client: &str, auth: &str| -> Vec<&Value> {
        rows.iter()
            .filter(|row| row["client"] == client && row["auth"] == auth)
            .collect()
    };
    let number = |row: &Value, name: &str| row[name].as_u64().unwrap();
    for (client, auth, challenges) in [
        ("reqwest", "bearer", 0),
        ("atlas-admin", "bearer", 0),
        ("atlas-admin", "digest", 1),
    ] {
        let rows = of(client, auth);
        assert_eq!(rows.len(), 4, "{client}, {auth}: a row for each scenario");
        for row in rows {
            let (updates, tasks) = (number(row, "updates"), number(row, "concurrency"));
            let requests = number(row, "requests");
            assert_eq!(number(row, "failures"), 0, "{row}");
            assert!(requests >= updates, "{row}");
            assert!(requests <= updates + challenges * tasks, "{row}");
            assert!(number(row, "connections") <= tasks + 1, "{row}");
            for ratio in ["throughput_vs_floor", "p50_vs_floor", "cpu_vs_floor"] {
                assert!(row[ratio].as_f64().unwrap() > 0.0, "{row}");
            }
        }
    }
    assert_eq!(of("diqwest", "digest").len(), 4);
}
