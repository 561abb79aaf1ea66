//! The journal of rotations: a line of JSON, on the disk before the step that it announces. It
//! never has a secret.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufRead, BufReader, Seek},
    path::{Path, PathBuf},
};

use atlas_admin::{ApiKeyId, CreatedApiKey, OrgId};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    commands::journal_file::{Appender, Endpoint, lock_exclusively, now, unwritable},
    error::CliError,
};

/// A line of the journal. Each attempt to create a successor begins with `rotation_started`.
#[derive(Debug, Serialize, Deserialize)]
struct Line {
    at: String,
    #[serde(flatten)]
    event: Event,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(
    tag = "event",
    rename_all = "snake_case",
    rename_all_fields = "camelCase"
)]
pub(super) enum Event {
    /// From here on, a key with the marker may exist.
    RotationStarted {
        #[serde(flatten)]
        endpoint: Endpoint,
        #[serde(flatten)]
        attempt: Attempt,
    },
    SuccessorCreated(Successor),
    /// The destination has the private key.
    Delivered {
        delete_after: DateTime<Utc>,
    },
    /// From here on, the old key may be deleted.
    FinishStarted,
    /// From here on, the successor may be deleted.
    UndoStarted,
    RotationEnded {
        outcome: Outcome,
    },
}

/// An attempt to rotate a key.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Attempt {
    pub(super) org: OrgId,
    pub(super) key: ApiKeyId,
    pub(super) marker: String,
    pub(super) grace_seconds: u64,
    /// A file that this rotation created.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) secret_file: Option<PathBuf>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Successor {
    #[serde(rename = "successor")]
    pub(super) id: ApiKeyId,
    pub(super) public_key: String,
}

impl From<&CreatedApiKey> for Successor {
    fn from(key: &CreatedApiKey) -> Self {
        Self {
            id: key.id.clone(),
            public_key: key.public_key.clone(),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Outcome {
    Rotated,
    Undone,
    /// No successor was created.
    Failed,
}

/// What the journal says of the last rotation in it.
#[derive(Debug)]
pub(super) struct History {
    pub(super) attempt: Attempt,
    pub(super) successor: Option<Successor>,
    pub(super) stage: Stage,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// Nobody has the private key of a successor.
    Undelivered,
    Delivered {
        delete_after: DateTime<Utc>,
    },
    Finishing,
    Undoing,
    Ended(Outcome),
}

pub(super) struct Journal {
    path: PathBuf,
    appender: Appender,
    endpoint: Endpoint,
    pub(super) history: Option<History>,
    /// Whether this run created the file and has written nothing to it.
    is_blank: bool,
}

impl Journal {
    /// Opens the journal, or creates it.
    pub(super) fn create(path: &Path, endpoint: Endpoint) -> Result<Self, CliError> {
        let is_blank = !path.exists();
        Self::open_with(path, endpoint, OpenOptions::new().create(true), is_blank)
    }

    /// Opens the journal of an earlier run.
    pub(super) fn open(path: &Path, endpoint: Endpoint) -> Result<Self, CliError> {
        Self::open_with(path, endpoint, &mut OpenOptions::new(), false)
    }

    fn open_with(
        path: &Path,
        endpoint: Endpoint,
        options: &mut OpenOptions,
        is_blank: bool,
    ) -> Result<Self, CliError> {
        let failed =
            |error: io::Error| CliError::input(format!("cannot open {}: {error}", path.display()));
        let mut file = options.append(true).read(true).open(path).map_err(failed)?;
        lock_exclusively(&file, path)?;
        let history = read(&mut file, path, &endpoint)?;
        let mut appender = Appender::new(file);
        appender.find_cut_off_line().map_err(failed)?;
        Ok(Self {
            path: path.to_owned(),
            appender,
            endpoint,
            history,
            is_blank,
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn start(&mut self, attempt: &Attempt) -> Result<(), CliError> {
        self.is_blank = false;
        self.write(Event::RotationStarted {
            endpoint: self.endpoint.clone(),
            attempt: attempt.clone(),
        })
    }

    /// Adds a line, and waits until the disk has it.
    pub(super) fn write(&mut self, event: Event) -> Result<(), CliError> {
        let line = Line { at: now(), event };
        let written = serde_json::to_vec(&line)
            .map_err(io::Error::from)
            .and_then(|line| self.appender.append(line))
            .and_then(|()| self.appender.file.sync_data());
        written.map_err(|error| unwritable(&self.path, error))
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        if self.is_blank {
            // An empty file does no harm.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Reads what the file says of its last rotation.
fn read(file: &mut File, path: &Path, endpoint: &Endpoint) -> Result<Option<History>, CliError> {
    const START: &[u8] = br#"{"at":"#;

    let path = path.display();
    let failed = |error| CliError::input(format!("cannot read {path}: {error}"));
    file.rewind().map_err(failed)?;
    let mut history: Option<History> = None;
    for line in BufReader::new(file).split(b'\n') {
        let line = line.map_err(failed)?;
        let event = match serde_json::from_slice(&line) {
            Ok(Line { event, .. }) => event,
            // A line that was cut off announces a step that was not taken.
            Err(_) if history.is_some() => continue,
            Err(_) if line.starts_with(START) || START.starts_with(&line) => continue,
            Err(_) => {
                let message = format!("{path} is not the journal of a rotation");
                return Err(CliError::input(message));
            }
        };
        match (event, &mut history) {
            (
                Event::RotationStarted {
                    endpoint: theirs,
                    attempt,
                },
                history,
            ) => {
                if theirs != *endpoint {
                    return Err(CliError::input(format!(
                        "{path} is the journal of a rotation on {} at {}, not {} at {}",
                        theirs.service, theirs.base_url, endpoint.service, endpoint.base_url
                    )));
                }
                *history = Some(History {
                    attempt,
                    successor: None,
                    stage: Stage::Undelivered,
                });
            }
            (_, None) => {}
            (event, Some(history)) => history.apply(event),
        }
    }
    Ok(history)
}

impl History {
    fn apply(&mut self, event: Event) {
        match event {
            Event::RotationStarted { .. } => {}
            Event::SuccessorCreated(successor) => self.successor = Some(successor),
            Event::Delivered { delete_after } => self.stage = Stage::Delivered { delete_after },
            Event::FinishStarted => self.stage = Stage::Finishing,
            Event::UndoStarted => self.stage = Stage::Undoing,
            Event::RotationEnded { outcome } => self.stage = Stage::Ended(outcome),
        }
    }
}
