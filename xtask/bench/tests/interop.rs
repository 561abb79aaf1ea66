//! The one foreign client that most machines have, through every case.

use std::process::Command;

#[test]
fn curl_cannot_tell_the_emulator_from_the_services() {
    let run = Command::new(env!("CARGO_BIN_EXE_xtask-bench"))
        .args(["interop", "clients", "--only", "curl"])
        .output()
        .unwrap();
    let (table, said) = (
        String::from_utf8_lossy(&run.stdout),
        String::from_utf8_lossy(&run.stderr),
    );
    if table.contains("SKIPPED") {
        eprintln!("{said}");
        return;
    }
    assert!(run.status.success(), "{table}\n{said}");
    let rows: Vec<_> = table.lines().filter(|line| line.contains("curl")).collect();
    assert_eq!(rows.len(), 19, "{table}");
    assert!(rows.iter().all(|row| row.contains("| pass ")), "{table}");
}
