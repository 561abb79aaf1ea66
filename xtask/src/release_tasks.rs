//! Tasks in packages of their own, which are built when they run.

use std::{env, ffi::OsString, fmt, path::Path, process::Command};

use anyhow::{Context, Result};

/// A task that failed.
#[derive(Debug)]
pub struct Failure {
    task: &'static str,
    /// Its exit code.
    pub code: u8,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} has failed", self.task)
    }
}

impl std::error::Error for Failure {}

/// Builds a task in release mode and runs it with these arguments.
///
/// # Errors
///
/// [`Failure`] with the task's exit code, or 2 if it was killed.
pub fn run(root: &Path, task: &'static str, arguments: &[OsString]) -> Result<()> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        .args(["run", "--release", "--package"])
        .arg(format!("xtask-{task}"))
        .arg("--")
        .args(arguments)
        .current_dir(root)
        .status()
        .context("cargo")?;
    if status.success() {
        return Ok(());
    }
    let code = status.code().and_then(|code| code.try_into().ok());
    Err(Failure {
        task,
        code: code.unwrap_or(2),
    }
    .into())
}
