//! Runs a program of a client.

use std::{process::Stdio, time::Duration};

use anyhow::Result;
use tokio::process::Command;

/// The longest time for one job.
const TIMEOUT: Duration = Duration::from_secs(120);

/// Returns what a program prints for this input. Fails unless it succeeds.
pub(super) async fn output(command: &mut Command, input: &[u8]) -> Result<Vec<u8>> {
    xtask_support::output(command.stderr(Stdio::piped()), input, TIMEOUT).await
}
