//! Replacing several files, all or none.
//!
//! Everything new is written to a folder of its own first. What then remains is a
//! handful of renames, made by a process that outlives this one if this one is
//! killed. Should that one die too, the journal says what to put back, and the
//! next task does so.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail, ensure};
use serde::{Deserialize, Serialize};

use crate::files::Output;

/// The folder for what is not yet, or no longer, in its place. Git ignores it.
const FOLDER: &str = ".update";
const JOURNAL: &str = "journal.json";

/// What a commit replaces, in order.
#[derive(Serialize, Deserialize)]
struct Journal {
    /// The files, and whether each was there before.
    files: Vec<(PathBuf, bool)>,
}

/// Holds off other transactions on the workspace at `root` while it lives.
pub struct Transaction {
    root: PathBuf,
    _lock: File,
}

impl Transaction {
    /// Begins a transaction, after undoing one that was cut off.
    pub fn begin(root: &Path) -> Result<Self> {
        let folder = root.join(FOLDER);
        fs::create_dir_all(&folder)?;
        let lock = File::create(folder.join("lock"))?;
        if lock.try_lock().is_err() {
            bail!("another update of this workspace is running");
        }
        undo(root)?;
        Ok(Self {
            root: root.to_owned(),
            _lock: lock,
        })
    }

    /// Puts `outputs` in their places; those that are there already stay.
    ///
    /// `commit` is the command that calls [`commit`] for the workspace.
    pub fn replace(&self, outputs: &[Output], mut commit: Command) -> Result<Vec<PathBuf>> {
        let mut files = Vec::new();
        for output in outputs {
            let place = self.root.join(&output.path);
            let old = fs::read_to_string(&place).ok();
            if old.as_ref() != Some(&output.text) {
                write(&self.side("new", &output.path), &output.text)?;
                if let Some(old) = &old {
                    write(&self.side("old", &output.path), old)?;
                }
                files.push((output.path.clone(), old.is_some()));
            }
        }
        let paths = files.iter().map(|(path, _)| path.clone()).collect();
        if !files.is_empty() {
            let journal = serde_json::to_string(&Journal { files })?;
            write(&self.side("", Path::new(JOURNAL)), &journal)?;
            outlive_this_process(&mut commit);
            let status = commit.status().context("the commit could not be started")?;
            ensure!(status.success(), "the commit failed; nothing is changed");
        }
        Ok(paths)
    }

    fn side(&self, side: &str, path: &Path) -> PathBuf {
        self.root.join(FOLDER).join(side).join(path)
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        // Left in place it would be ignored by git, and cleared by the next task.
        let _ = fs::remove_dir_all(self.root.join(FOLDER));
    }
}

/// Carries out the journal of the workspace at `root`, or undoes it on a failure.
pub fn commit(root: &Path) -> Result<()> {
    let folder = root.join(FOLDER);
    let journal = journal(root)?.context("there is nothing to commit")?;
    for (path, _) in &journal.files {
        if let Err(error) = fs::rename(folder.join("new").join(path), root.join(path)) {
            undo(root)?;
            return Err(error).with_context(|| path.display().to_string());
        }
    }
    fs::remove_file(folder.join(JOURNAL))?;
    Ok(())
}

/// Puts everything back that a commit which was cut off had replaced.
pub fn undo(root: &Path) -> Result<()> {
    let folder = root.join(FOLDER);
    let Some(journal) = journal(root)? else {
        return Ok(());
    };
    for (path, existed) in &journal.files {
        let place = root.join(path);
        let was_replaced = !folder.join("new").join(path).exists();
        if was_replaced && *existed {
            fs::copy(folder.join("old").join(path), &place)?;
        } else if was_replaced {
            fs::remove_file(&place)?;
        }
    }
    fs::remove_file(folder.join(JOURNAL))?;
    Ok(())
}

fn journal(root: &Path) -> Result<Option<Journal>> {
    match fs::read_to_string(root.join(FOLDER).join(JOURNAL)) {
        Ok(text) => Ok(serde_json::from_str(&text).ok()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Writes a file and sees that it is on the disk under its name, whole.
fn write(path: &Path, text: &str) -> Result<()> {
    let place = || path.display().to_string();
    let folder = path.parent().with_context(place)?;
    fs::create_dir_all(folder).with_context(place)?;
    let unfinished = path.with_extension("unfinished");
    fs::write(&unfinished, text).with_context(place)?;
    File::open(&unfinished)?.sync_all()?;
    fs::rename(&unfinished, path).with_context(place)
}

/// Lets a signal to this process, or to its group, pass the command by.
fn outlive_this_process(command: &mut Command) {
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(command, 0);
    #[cfg(not(unix))]
    let _ = command;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn workspace() -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("a"), "old a").unwrap();
        fs::write(root.path().join("b"), "old b").unwrap();
        root
    }

    fn outputs() -> Vec<Output> {
        ["a", "b", "c"]
            .map(|name| Output::new(name, format!("new {name}")))
            .into()
    }

    fn contents(root: &Path) -> Vec<String> {
        ["a", "b", "c"]
            .map(|name| fs::read_to_string(root.join(name)).unwrap_or_default())
            .into()
    }

    /// Cut off before the n-th rename, then found by the next transaction.
    #[test]
    fn a_commit_that_was_cut_off_is_undone() {
        for renamed in 0..3 {
            let root = workspace();
            let transaction = Transaction::begin(root.path()).unwrap();
            assert!(
                transaction
                    .replace(&outputs(), Command::new("false"))
                    .is_err()
            );
            for name in &["a", "b", "c"][..renamed] {
                fs::rename(
                    root.path().join(".update/new").join(name),
                    root.path().join(name),
                )
                .unwrap();
            }
            // Killed: nothing is dropped.
            std::mem::forget(transaction);
            undo(root.path()).unwrap();
            assert_eq!(
                contents(root.path()),
                ["old a", "old b", ""],
                "after {renamed} renames"
            );
        }
    }

    #[test]
    fn a_commit_replaces_all() {
        let root = workspace();
        let transaction = Transaction::begin(root.path()).unwrap();
        let _ = transaction.replace(&outputs(), Command::new("false"));
        commit(root.path()).unwrap();
        drop(transaction);
        assert_eq!(contents(root.path()), ["new a", "new b", "new c"]);
        assert!(!root.path().join(".update").exists());
    }

    #[test]
    fn one_at_a_time() {
        let root = workspace();
        let _first = Transaction::begin(root.path()).unwrap();
        assert!(Transaction::begin(root.path()).is_err());
    }
}
