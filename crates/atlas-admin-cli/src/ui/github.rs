//! What GitHub Actions shows of a step: annotations, and the step summary.

use std::{
    env,
    fs::{File, OpenOptions},
    io::{self, Write},
    path::PathBuf,
};

use crate::error::CliError;

/// GitHub shows no step summary that is longer.
const MAX_BYTES: u64 = 1024 * 1024;

/// Returns the workflow command that shows an error at the run.
pub(crate) fn error_annotation(message: &str) -> String {
    let message = message
        .replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A");
    format!("::error title=atlas-admin::{message}")
}

/// The file whose Markdown GitHub shows at the run.
pub(crate) struct StepSummary {
    path: PathBuf,
    file: File,
}

impl StepSummary {
    /// Opens the file that `GITHUB_STEP_SUMMARY` names.
    pub(crate) fn open() -> Result<Self, CliError> {
        let path = env::var_os("GITHUB_STEP_SUMMARY").filter(|path| !path.is_empty());
        let path = PathBuf::from(path.ok_or_else(|| {
            CliError::input(
                "--output github needs the file that GitHub Actions names in \
                 GITHUB_STEP_SUMMARY; it is not set",
            )
        })?);
        let file = OpenOptions::new()
            .append(true)
            .create(true)
            .open(&path)
            .map_err(|error| {
                let path = path.display();
                CliError::input(format!(
                    "cannot open {path}, which GITHUB_STEP_SUMMARY names: {error}"
                ))
            })?;
        Ok(Self { path, file })
    }

    /// Adds the text that `write` returns for the number of bytes that fit.
    pub(crate) fn append(&self, write: impl FnOnce(usize) -> String) -> Result<(), CliError> {
        self.try_append(write).map_err(|error| {
            CliError::local(format_args!("cannot write {}", self.path.display()), error)
        })
    }

    fn try_append(&self, write: impl FnOnce(usize) -> String) -> io::Result<()> {
        let room = MAX_BYTES.saturating_sub(self.file.metadata()?.len());
        let text = write(usize::try_from(room).unwrap_or(usize::MAX));
        (&self.file).write_all(text.as_bytes())
    }
}
