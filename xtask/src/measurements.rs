//! The tasks of xtask-bench, which is built only when one is asked for.

use std::{env, ffi::OsString, path::Path, process::Command};

use anyhow::{Context, Result, ensure};

/// Runs one of its tasks with these arguments, optimised.
pub fn run(root: &Path, task: &str, arguments: &[OsString]) -> Result<()> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        .args(["run", "--release", "--package", "xtask-bench", "--", task])
        .args(arguments)
        .current_dir(root)
        .status()
        .context("cargo")?;
    ensure!(status.success(), "{task}: {status}");
    Ok(())
}
