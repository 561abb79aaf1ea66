//! Writing files, or checking that they are up to date.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use crate::document::replace_file;

/// A file that a task writes.
pub struct Output {
    /// Its path, from the root of the workspace.
    pub path: PathBuf,
    /// Its contents.
    pub text: String,
}

/// What to do with outputs.
#[derive(Clone, Copy)]
pub enum Mode {
    /// Write those that changed.
    Write,
    /// Write nothing, and fail if one would change.
    Check {
        /// The command that writes them.
        fix_command: &'static str,
    },
}

impl Output {
    /// Creates an output for `path` below the root.
    pub fn new(path: impl Into<PathBuf>, text: String) -> Self {
        Self {
            path: path.into(),
            text,
        }
    }
}

/// Returns the outputs that differ from the files below `root`.
pub fn stale<'a>(root: &Path, outputs: &'a [Output]) -> impl Iterator<Item = &'a Output> {
    outputs.iter().filter(move |output| {
        std::fs::read_to_string(root.join(&output.path))
            .ok()
            .as_ref()
            != Some(&output.text)
    })
}

/// Writes or checks `outputs`, below `root`.
pub fn write_or_check(root: &Path, outputs: &[Output], mode: Mode) -> Result<()> {
    match mode {
        Mode::Write => stale(root, outputs).try_for_each(|output| {
            replace_file(&root.join(&output.path), &output.text)?;
            eprintln!("wrote {}", output.path.display());
            Ok(())
        }),
        Mode::Check { fix_command } => {
            let names: Vec<_> = stale(root, outputs)
                .map(|output| output.path.display().to_string())
                .collect();
            if names.is_empty() {
                return Ok(());
            }
            bail!("out of date: {}; run `{fix_command}`", names.join(", "))
        }
    }
}
