//! The workspace that a task works on.

use std::{
    env,
    fs::{self, File, TryLockError},
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

/// Keeps other tasks from writing to the workspace at `root` while the result lives. A task that
/// only reads needs no lock.
///
/// Without it, a task that read the sources before another changed them would write what
/// belongs to the old ones.
pub fn lock(root: &Path, only_reads: bool) -> Result<Option<File>> {
    if only_reads {
        return Ok(None);
    }
    let path = root.join("target/xtask.lock");
    let place = || path.display().to_string();
    fs::create_dir_all(root.join("target")).with_context(place)?;
    let file = File::create(&path).with_context(place)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            eprintln!("waiting for another task that writes to this workspace");
            file.lock().with_context(place)?;
        }
        Err(TryLockError::Error(error)) => return Err(error).with_context(place),
    }
    Ok(Some(file))
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
            "uncommitted changes in files that would be written: {}; commit or stash them, or pass --allow-dirty",
            names.join(", ")
        );
    }
    Ok(())
}
