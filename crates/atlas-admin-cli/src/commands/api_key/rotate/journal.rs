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

/// A line of the journal.
#[derive(Debug, Serialize, Deserialize)]
struct Line {
    at: String,
    /// The old key. A line without one is about the rotation that was started last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    key: Option<ApiKeyId>,
    #[serde(flatten)]
    event: Event,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(
    tag = "event",
    rename_all = "snake_case",
    rename_all_fields = "camelCase"
)]
pub(super) enum Event {
    /// The rotations that follow belong together.
    SetStarted {
        #[serde(flatten)]
        endpoint: Endpoint,
        #[serde(flatten)]
        terms: Terms,
        /// The old keys, in the order of their rotations.
        keys: Vec<ApiKeyId>,
    },
    /// From here on, a key with the marker may exist. Each attempt to create a successor begins
    /// with this line.
    RotationStarted {
        #[serde(flatten)]
        endpoint: Endpoint,
        #[serde(flatten)]
        terms: Terms,
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

/// What holds for every attempt.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Terms {
    pub(super) org: OrgId,
    pub(super) grace_seconds: u64,
}

/// An attempt to create a successor.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Attempt {
    pub(super) marker: String,
    /// A file that this rotation creates.
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

/// What the journal says of a rotation.
#[derive(Debug, Clone)]
pub(super) struct History {
    /// The old key.
    pub(super) key: ApiKeyId,
    pub(super) terms: Terms,
    /// The last one.
    pub(super) attempt: Option<Attempt>,
    pub(super) successor: Option<Successor>,
    pub(super) stage: Stage,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    NotStarted,
    /// Nobody has the private key of a successor.
    Undelivered,
    Delivered {
        delete_after: DateTime<Utc>,
    },
    Finishing,
    Undoing,
    Ended(Outcome),
}

impl Stage {
    /// Returns whether a key may exist that only the journal tells about.
    pub(super) fn is_open(self) -> bool {
        !matches!(self, Self::NotStarted | Self::Ended(_))
    }
}

pub(super) struct Journal {
    path: PathBuf,
    appender: Appender,
    endpoint: Endpoint,
    records: Records,
    /// Whether this run created the file and has written nothing to it.
    is_blank: bool,
    is_broken: bool,
}

/// What the lines say.
#[derive(Debug, Default)]
struct Records {
    is_set: bool,
    /// Those of the last set, or the last rotation.
    rotations: Vec<History>,
    /// The one that was started last.
    last: Option<ApiKeyId>,
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
        let records = read(&mut file, path, &endpoint)?;
        let mut appender = Appender::new(file);
        appender.find_cut_off_line().map_err(failed)?;
        Ok(Self {
            path: path.to_owned(),
            appender,
            endpoint,
            records,
            is_blank,
            is_broken: false,
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn is_blank(&self) -> bool {
        self.is_blank
    }

    /// Returns whether a line could not be written.
    pub(super) fn is_broken(&self) -> bool {
        self.is_broken
    }

    /// Returns whether the rotations belong together.
    pub(super) fn is_set(&self) -> bool {
        self.records.is_set
    }

    pub(super) fn rotations(&self) -> &[History] {
        &self.records.rotations
    }

    /// Returns the rotation of a key of which the journal tells.
    pub(super) fn rotation(&self, key: &ApiKeyId) -> Option<&History> {
        self.rotations().iter().find(|history| history.key == *key)
    }

    /// Returns whether a private key is still to be handed over.
    pub(super) fn needs_destination(&self) -> bool {
        let mut rotations = self.rotations().iter();
        rotations.any(|history| {
            let stage = history.stage;
            matches!(stage, Stage::NotStarted | Stage::Undelivered)
                || stage == Stage::Ended(Outcome::Failed)
        })
    }

    /// Takes a single rotation for the one to begin.
    pub(super) fn expect(&mut self, key: &ApiKeyId, terms: Terms) {
        self.records.rotations = vec![History::new(key.clone(), terms)];
    }

    /// Announces rotations that belong together.
    pub(super) fn start_set(&mut self, terms: Terms, keys: Vec<ApiKeyId>) -> Result<(), CliError> {
        let endpoint = self.endpoint.clone();
        let event = Event::SetStarted {
            endpoint,
            terms,
            keys,
        };
        self.add(None, event)
    }

    /// Announces an attempt to create a successor.
    pub(super) fn start(
        &mut self,
        key: &ApiKeyId,
        terms: Terms,
        attempt: Attempt,
    ) -> Result<(), CliError> {
        let endpoint = self.endpoint.clone();
        let event = Event::RotationStarted {
            endpoint,
            terms,
            attempt,
        };
        self.add(Some(key), event)
    }

    /// Adds a line about a rotation.
    pub(super) fn write(&mut self, key: &ApiKeyId, event: Event) -> Result<(), CliError> {
        self.add(Some(key), event)
    }

    /// Adds a line, and waits until the disk has it.
    fn add(&mut self, key: Option<&ApiKeyId>, event: Event) -> Result<(), CliError> {
        self.is_blank = false;
        let line = Line {
            at: now(),
            key: key.cloned(),
            event,
        };
        let written = serde_json::to_vec(&line)
            .map_err(io::Error::from)
            .and_then(|line| self.appender.append(line))
            .and_then(|()| self.appender.file.sync_data());
        if let Err(error) = written {
            self.is_broken = true;
            return Err(unwritable(&self.path, error));
        }
        self.records.apply(line.key, line.event);
        Ok(())
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

/// Reads what the file says.
fn read(file: &mut File, path: &Path, endpoint: &Endpoint) -> Result<Records, CliError> {
    const START: &[u8] = br#"{"at":"#;

    let path = path.display();
    let failed = |error| CliError::input(format!("cannot read {path}: {error}"));
    file.rewind().map_err(failed)?;
    let mut records = Records::default();
    for line in BufReader::new(file).split(b'\n') {
        let line = line.map_err(failed)?;
        let Line { key, event, .. } = match serde_json::from_slice(&line) {
            Ok(line) => line,
            // A line that was cut off announces a step that was not taken.
            Err(_) if !records.rotations.is_empty() => continue,
            Err(_) if line.starts_with(START) || START.starts_with(&line) => continue,
            Err(_) => {
                let message = format!("{path} is not the journal of a rotation");
                return Err(CliError::input(message));
            }
        };
        if let Some(theirs) = event.endpoint().filter(|theirs| *theirs != endpoint) {
            return Err(CliError::input(format!(
                "{path} is the journal of a rotation on {} at {}, not {} at {}",
                theirs.service, theirs.base_url, endpoint.service, endpoint.base_url
            )));
        }
        records.apply(key, event);
    }
    Ok(records)
}

impl Event {
    fn endpoint(&self) -> Option<&Endpoint> {
        match self {
            Self::SetStarted { endpoint, .. } | Self::RotationStarted { endpoint, .. } => {
                Some(endpoint)
            }
            _ => None,
        }
    }
}

impl Records {
    fn apply(&mut self, key: Option<ApiKeyId>, event: Event) {
        if let Event::SetStarted { terms, keys, .. } = event {
            let new = |key| History::new(key, terms.clone());
            *self = Self {
                is_set: true,
                rotations: keys.into_iter().map(new).collect(),
                last: None,
            };
            return;
        }
        let Some(key) = key.or_else(|| self.last.clone()) else {
            return;
        };
        if let Event::RotationStarted { terms, .. } = &event {
            self.last = Some(key.clone());
            if !self.rotations.iter().any(|history| history.key == key) {
                self.is_set = false;
                self.rotations = vec![History::new(key.clone(), terms.clone())];
            }
        }
        let mut rotations = self.rotations.iter_mut();
        if let Some(history) = rotations.find(|history| history.key == key) {
            history.apply(event);
        }
    }
}

impl History {
    /// Returns a rotation that is not started.
    pub(super) fn new(key: ApiKeyId, terms: Terms) -> Self {
        Self {
            key,
            terms,
            attempt: None,
            successor: None,
            stage: Stage::NotStarted,
        }
    }

    fn apply(&mut self, event: Event) {
        match event {
            Event::SetStarted { .. } => {}
            Event::RotationStarted { terms, attempt, .. } => {
                self.terms = terms;
                self.attempt = Some(attempt);
                self.successor = None;
                self.stage = Stage::Undelivered;
            }
            Event::SuccessorCreated(successor) => self.successor = Some(successor),
            Event::Delivered { delete_after } => self.stage = Stage::Delivered { delete_after },
            Event::FinishStarted => self.stage = Stage::Finishing,
            Event::UndoStarted => self.stage = Stage::Undoing,
            Event::RotationEnded { outcome } => self.stage = Stage::Ended(outcome),
        }
    }
}
