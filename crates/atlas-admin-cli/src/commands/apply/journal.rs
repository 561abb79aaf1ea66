//! The journal: a line of JSON for each outcome, written as soon as it is known, so that a run
//! can resume however it ended.

use std::{
    collections::{HashMap, HashSet},
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use atlas_admin::ApiKeyId;
use chrono::{DateTime, SecondsFormat, Utc};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::desired::{DesiredKey, Target, Update};
use crate::{error::CliError, text};

/// A line of the journal. The aliases are the names of an earlier format.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
enum Line {
    #[serde(alias = "run")]
    RunStarted {
        at: String,
        #[serde(flatten)]
        endpoint: Endpoint,
    },
    #[serde(alias = "update")]
    UpdateFinished(Entry),
}

#[derive(Debug, Serialize, Deserialize)]
struct Entry {
    at: String,
    key: ApiKeyId,
    #[serde(flatten)]
    update: Update,
    outcome: Outcome,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Value>,
}

/// The outcome of an update.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Outcome {
    #[serde(alias = "done")]
    Applied,
    /// Nothing to change.
    #[serde(alias = "as_wanted")]
    Unchanged,
    Failed,
    /// The update may have been applied.
    Unknown,
}

/// The service that a journal is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Endpoint {
    pub(super) service: String,
    #[serde(alias = "address")]
    pub(super) base_url: String,
}

/// A journal being written.
pub(super) struct Journal {
    path: PathBuf,
    /// `None` without `--journal` and `--resume`.
    file: Option<Mutex<File>>,
    /// Whether this run created the file and has written nothing to it.
    is_blank: bool,
}

impl Journal {
    /// Returns a journal that records nothing.
    pub(super) fn none() -> Self {
        Self {
            path: PathBuf::new(),
            file: None,
            is_blank: false,
        }
    }

    /// Creates a journal. The file is created at once, to fail early if it cannot be; it is
    /// removed again unless the run [begins](Self::begin).
    pub(super) fn create(path: &Path) -> Result<Self, CliError> {
        let mut options = OpenOptions::new();
        options.append(true).read(true);
        let (is_new, opened) = match options.clone().create_new(true).open(path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                // It may be a link to a file that does not exist yet.
                (false, options.create(true).open(path))
            }
            opened => (true, opened),
        };
        let file = opened.map_err(|error| unwritable(path, error))?;
        lock_exclusively(&file, path)?;
        require_empty(&file, path)?;
        Ok(Self {
            path: path.to_owned(),
            file: Some(Mutex::new(file)),
            is_blank: is_new,
        })
    }

    /// Opens the journal of an earlier run.
    pub(super) fn open(path: &Path) -> Result<Self, CliError> {
        let file = OpenOptions::new()
            .append(true)
            .read(true)
            .open(path)
            .map_err(|error| CliError::input(format!("cannot open {}: {error}", path.display())))?;
        lock_exclusively(&file, path)?;
        Ok(Self {
            path: path.to_owned(),
            file: Some(Mutex::new(file)),
            is_blank: false,
        })
    }

    /// Returns the outcomes of earlier runs, which must have been against `endpoint`.
    pub(super) fn history(&self, endpoint: &Endpoint) -> Result<History, CliError> {
        match &self.file {
            Some(file) => History::read(&mut file.lock(), &self.path, endpoint),
            None => Ok(History::default()),
        }
    }

    /// Writes the first line of this run.
    pub(super) fn begin(&mut self, endpoint: &Endpoint) -> Result<(), CliError> {
        let Some(file) = &self.file else {
            return Ok(());
        };
        self.is_blank = false;
        end_last_line(&mut file.lock()).map_err(|error| unwritable(&self.path, error))?;
        self.write(&Line::RunStarted {
            at: now(),
            endpoint: endpoint.clone(),
        })
    }

    /// Writes the outcome of an update.
    pub(super) fn record(
        &self,
        key: &DesiredKey,
        update: &Update,
        outcome: Outcome,
        error: Option<Value>,
    ) -> Result<(), CliError> {
        self.write(&Line::UpdateFinished(Entry {
            at: now(),
            key: key.id.clone(),
            update: update.clone(),
            outcome,
            error,
        }))
    }

    fn write(&self, line: &Line) -> Result<(), CliError> {
        let Some(file) = &self.file else {
            return Ok(());
        };
        let failed = |error| unwritable(&self.path, error);
        let mut text = serde_json::to_vec(line).map_err(|error| failed(error.into()))?;
        text.push(b'\n');
        // One write, so that a line is complete or missing.
        file.lock().write_all(&text).map_err(failed)
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

fn unwritable(path: &Path, error: io::Error) -> CliError {
    CliError::local(format!("cannot write {}", path.display()), error)
}

/// Fails unless the file is empty.
fn require_empty(file: &File, path: &Path) -> Result<(), CliError> {
    match file.metadata() {
        Ok(metadata) if metadata.len() > 0 => Err(CliError::input(format!(
            "{path} already exists; use --resume {path} to continue it, or name another file",
            path = path.display()
        ))),
        _ => Ok(()),
    }
}

/// Locks the file, and fails if another run has locked it.
fn lock_exclusively(file: &File, path: &Path) -> Result<(), CliError> {
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => Err(CliError::input(format!(
            "another run is writing {}; wait for it to finish or name another file",
            path.display()
        ))),
        // Some file systems do not support locks.
        Ok(()) | Err(TryLockError::Error(_)) => Ok(()),
    }
}

/// Terminates a line that was cut off when the last run was killed.
fn end_last_line(file: &mut File) -> io::Result<()> {
    if file.metadata()?.len() == 0 {
        return Ok(());
    }
    let mut last = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    if last != [b'\n'] {
        file.write_all(b"\n")?;
    }
    Ok(())
}

/// Returns whether this is the start, possibly cut off, of a run's first line in any format.
fn is_start_of_run(line: &[u8]) -> bool {
    const START: &[u8] = br#"{"event":"run"#;
    line.starts_with(START) || START.starts_with(line)
}

fn now() -> String {
    let now: DateTime<Utc> = Utc::now();
    now.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// The last outcome of each update in a journal.
#[derive(Debug, Default)]
pub(super) struct History {
    last: HashMap<(ApiKeyId, Target), Entry>,
}

impl History {
    fn read(file: &mut File, path: &Path, endpoint: &Endpoint) -> Result<Self, CliError> {
        let mut last = HashMap::new();
        let mut has_begun = false;
        let path = path.display();
        let failed = |error| CliError::input(format!("cannot read {path}: {error}"));
        file.rewind().map_err(failed)?;
        for line in BufReader::new(file).split(b'\n') {
            let line = line.map_err(failed)?;
            if !has_begun && let Err(problem) = text::decode(&line) {
                let message = problem.message;
                return Err(CliError::input(format!(
                    "{path} is not a journal: {message}"
                )));
            }
            let line = text::without_bom(&line);
            match serde_json::from_slice(line) {
                Ok(Line::RunStarted {
                    endpoint: theirs, ..
                }) => {
                    if theirs != *endpoint {
                        return Err(CliError::input(format!(
                            "{path} is the journal of a run against {} at {}, not {} at {}",
                            theirs.service, theirs.base_url, endpoint.service, endpoint.base_url
                        )));
                    }
                    has_begun = true;
                }
                Err(_) if !has_begun && is_start_of_run(line) => {}
                // It may be any file, and must not be written to.
                _ if !has_begun => {
                    return Err(CliError::input(format!("{path} is not a journal")));
                }
                Ok(Line::UpdateFinished(entry)) => {
                    last.insert((entry.key.clone(), entry.update.target.clone()), entry);
                }
                // The line was cut off, so its update is checked again.
                Err(_) => {}
            }
        }
        Ok(Self { last })
    }

    /// Returns whether the history has no keys, or any of these.
    pub(super) fn covers_any(&self, keys: &[DesiredKey]) -> bool {
        let recorded: HashSet<_> = self.last.keys().map(|(key, _)| key).collect();
        recorded.is_empty() || keys.iter().any(|key| recorded.contains(&key.id))
    }

    /// Returns whether exactly this update was applied or needed no change.
    pub(super) fn settles(&self, key: &DesiredKey, update: &Update) -> bool {
        self.last
            .get(&(key.id.clone(), update.target.clone()))
            .is_some_and(|entry| {
                matches!(entry.outcome, Outcome::Applied | Outcome::Unchanged)
                    && entry.update == *update
            })
    }
}
