//! All cases of curl, which most machines have.

use std::process::Command;

#[test]
fn curl_passes_every_case() {
    let run = Command::new(env!("CARGO_BIN_EXE_xtask-interop"))
        .args(["clients", "--only", "curl"])
        .output()
        .unwrap();
    let (table, stderr) = (
        String::from_utf8_lossy(&run.stdout),
        String::from_utf8_lossy(&run.stderr),
    );
    if table.contains("SKIPPED") {
        eprintln!("{stderr}");
        return;
    }
    assert!(run.status.success(), "{table}\n{stderr}");
    let rows: Vec<_> = table.lines().filter(|line| line.contains("curl")).collect();
    assert_eq!(rows.len(), 22, "{table}");
    assert!(rows.iter().all(|row| row.contains("| pass ")), "{table}");
}
