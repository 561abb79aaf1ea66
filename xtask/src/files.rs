//! Writing files, or checking that they are as they would be written.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use crate::document::replace_file;

/// A file that a task makes.
pub struct Output {
    /// Where it goes, from the root of the workspace.
    pub path: PathBuf,
    /// What it holds.
    pub text: String,
}

/// What to do with outputs.
#[derive(Clone, Copy)]
pub enum Mode {
    /// Write those that changed.
    Write,
    /// Write nothing, and fail if one would change.
    Check {
        /// The command that would write them.
        mend: &'static str,
    },
}

impl Output {
    /// A file at `path` below the root.
    pub fn new(path: impl Into<PathBuf>, text: String) -> Self {
        Self {
            path: path.into(),
            text,
        }
    }
}

/// Writes or checks `outputs`, below `root`.
pub fn deliver(root: &Path, outputs: &[Output], mode: Mode) -> Result<()> {
    let stale = outputs.iter().filter(|output| {
        std::fs::read_to_string(root.join(&output.path))
            .ok()
            .as_ref()
            != Some(&output.text)
    });
    match mode {
        Mode::Write => stale.into_iter().try_for_each(|output| {
            replace_file(&root.join(&output.path), &output.text)?;
            eprintln!("wrote {}", output.path.display());
            Ok(())
        }),
        Mode::Check { mend } => {
            let names: Vec<_> = stale
                .map(|output| output.path.display().to_string())
                .collect();
            if names.is_empty() {
                return Ok(());
            }
            bail!("not fresh: {}; run `{mend}`", names.join(", "))
        }
    }
}
