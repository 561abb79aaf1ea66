//! What the journals of all commands have in common: lines of JSON, which one run at a time adds.

use std::{
    fs::{File, TryLockError},
    io::{self, Read, Seek, SeekFrom, Write},
    path::Path,
};

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};

use crate::{config::Config, error::CliError};

/// The service that a journal is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Endpoint {
    pub(super) service: String,
    #[serde(alias = "address")]
    pub(super) base_url: String,
}

impl Endpoint {
    pub(super) fn new(config: &Config) -> Self {
        let base_url = config.base_url.value.trim().trim_end_matches('/');
        Self {
            service: config.service.value.as_str().to_owned(),
            base_url: base_url.to_owned(),
        }
    }
}

/// The end of the file, where lines are added.
pub(super) struct Appender {
    pub(super) file: File,
    /// Whether the last line was cut off, when a run was killed or the disk was full.
    is_cut_off: bool,
}

impl Appender {
    pub(super) fn new(file: File) -> Self {
        Self {
            file,
            is_cut_off: false,
        }
    }

    pub(super) fn append(&mut self, mut line: Vec<u8>) -> io::Result<()> {
        if self.is_cut_off {
            line.insert(0, b'\n');
        }
        line.push(b'\n');
        // Part of the line may be written even if this fails.
        self.is_cut_off = true;
        self.file.write_all(&line)?;
        self.is_cut_off = false;
        Ok(())
    }

    /// Notes whether the last run was killed while it wrote a line.
    pub(super) fn find_cut_off_line(&mut self) -> io::Result<()> {
        if self.file.metadata()?.len() > 0 {
            let mut last = [0];
            self.file.seek(SeekFrom::End(-1))?;
            self.file.read_exact(&mut last)?;
            self.is_cut_off = last != [b'\n'];
        }
        Ok(())
    }
}

pub(super) fn unwritable(path: &Path, error: io::Error) -> CliError {
    CliError::local(format!("cannot write {}", path.display()), error)
}

/// Locks the file, and fails if another run has locked it.
pub(super) fn lock_exclusively(file: &File, path: &Path) -> Result<(), CliError> {
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => Err(CliError::input(format!(
            "another run is writing {}; wait for it to finish or name another file",
            path.display()
        ))),
        // Some file systems do not support locks.
        Ok(()) | Err(TryLockError::Error(_)) => Ok(()),
    }
}

/// Returns the time, as journals have it.
pub(super) fn now() -> String {
    let now: DateTime<Utc> = Utc::now();
    now.to_rfc3339_opts(SecondsFormat::Millis, true)
}
