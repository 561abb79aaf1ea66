use std::{
    process::{Output, Stdio},
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use tokio::{io::AsyncWriteExt, process::Command, time};

/// Runs a program to its end with this standard input. Kills it after the timeout.
///
/// Captures standard output, and standard error if the command pipes it.
pub async fn finish(command: &mut Command, input: &[u8], timeout: Duration) -> Result<Output> {
    let name = command.as_std().get_program().display().to_string();
    let run = async {
        let mut process = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        if let Some(mut stdin) = process.stdin.take() {
            stdin.write_all(input).await?;
        }
        process.wait_with_output().await
    };
    time::timeout(timeout, run)
        .await
        .with_context(|| format!("{name} did not finish within {} s", timeout.as_secs()))?
        .with_context(|| format!("cannot run {name}"))
}

/// Like [`finish`], but fails unless the program succeeds. Returns its standard output.
pub async fn output(command: &mut Command, input: &[u8], timeout: Duration) -> Result<Vec<u8>> {
    let output = finish(command, input, timeout).await?;
    let stderr = String::from_utf8_lossy(&output.stderr);
    let last_line = stderr.trim().lines().next_back().unwrap_or_default();
    ensure!(
        output.status.success(),
        "{}: {}: {last_line}",
        command.as_std().get_program().display(),
        output.status
    );
    Ok(output.stdout)
}
