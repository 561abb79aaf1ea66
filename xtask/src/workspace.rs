//! The workspace that a task works on.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail};

/// Returns the root of the workspace that the current directory is in: the nearest folder
/// above it with `openapi/services.toml`.
///
/// A built program may be run in any checkout, so the folder it was compiled in says nothing.
pub fn find_root() -> Result<PathBuf> {
    let current = env::current_dir().context("there is no current directory")?;
    current
        .ancestors()
        .find(|folder| folder.join("openapi/services.toml").is_file())
        .map(Path::to_owned)
        .with_context(|| {
            format!(
                "{} is not in a checkout of this workspace; change into one, or give --root",
                current.display()
            )
        })
}

/// Fails if one of `paths` has changes that git could not restore. Outside of a git
/// checkout there is nothing to restore from, which is only worth a warning.
pub fn ensure_committed(root: &Path, paths: &[&Path]) -> Result<()> {
    if paths.is_empty() {
        return Ok(());
    }
    let output = Command::new("git")
        .arg("-C")
        .arg(root)
        .args(["status", "--porcelain", "--untracked-files=all", "--"])
        .args(paths)
        .output();
    let changed = match output {
        Ok(output) if output.status.success() => {
            String::from_utf8_lossy(&output.stdout).into_owned()
        }
        _ => {
            eprintln!("warning: not a git checkout, so the old files cannot be restored");
            return Ok(());
        }
    };
    let names: Vec<&str> = changed.lines().filter_map(|line| line.get(3..)).collect();
    if !names.is_empty() {
        bail!(
            "uncommitted changes in files that would be written: {}; commit or stash them first",
            names.join(", ")
        );
    }
    Ok(())
}
