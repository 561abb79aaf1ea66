//! What the benchmark, the interoperability tests and the soak test share.

pub mod install;
mod process;
mod table;

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, Result};

pub use process::{finish, output};
pub use table::table;

/// Returns the root of the workspace that this crate was built in.
pub fn workspace_root() -> Result<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2);
    Ok(root.context("xtask/support is not in a workspace")?.into())
}

/// Returns the exit code of a task: 0 if it passed, 1 if it did not, and 2 if it could not run.
/// Prints the error in the last case.
pub fn exit_code(passed: Result<bool>) -> ExitCode {
    match passed {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}
