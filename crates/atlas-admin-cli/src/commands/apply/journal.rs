//! The journal: a line of JSON before each update and one for its outcome, so that a run can
//! resume however it ended.

use std::{
    collections::{HashMap, HashSet},
    fs::{self, File, OpenOptions},
    io::{BufRead, BufReader, Seek},
    path::{Path, PathBuf},
};

use atlas_admin::{ApiKeyId, OrgId};
use chrono::{DateTime, Utc};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::desired::{DesiredKey, KeyName, LostCreation, Target, Update};
use crate::{
    commands::{
        journal_file::{Appender, Endpoint, lock_exclusively, now, unwritable},
        secret_file,
    },
    error::CliError,
    text,
};

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
    /// On disk before the update is sent: from here on it may have been applied.
    UpdateStarted(Started),
    #[serde(alias = "update")]
    UpdateFinished(Finished),
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Started {
    at: String,
    /// Left out before the key is created.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<ApiKeyId>,
    /// The description by which the manifest knows the key, if it has no id there.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(flatten)]
    update: Update,
    /// Of a creation.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret_file: Option<PathBuf>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Finished {
    #[serde(flatten)]
    started: Started,
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

/// An update of a run.
#[derive(Clone, Copy)]
pub(super) struct Step<'a> {
    pub(super) key: &'a DesiredKey,
    /// `None` before the key is created.
    pub(super) id: Option<&'a ApiKeyId>,
    pub(super) update: &'a Update,
    /// Of a creation.
    pub(super) secret_file: Option<&'a Path>,
}

impl<'a> Step<'a> {
    /// Returns an update of a key that exists, as far as the manifest says.
    pub(super) fn new(key: &'a DesiredKey, update: &'a Update) -> Self {
        Self {
            key,
            id: key.name.id(),
            update,
            secret_file: None,
        }
    }
}

/// A journal being written.
pub(super) struct Journal {
    path: PathBuf,
    /// `None` without `--journal` and `--resume`.
    file: Option<Mutex<Appender>>,
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
            Ok(file) => (true, Ok(file)),
            // It may be a link to a file that does not exist yet.
            Err(_) => (false, options.create(true).open(path)),
        };
        let file = opened.map_err(|error| unwritable(path, error))?;
        lock_exclusively(&file, path)?;
        require_empty(&file, path)?;
        Ok(Self {
            path: path.to_owned(),
            file: Some(Mutex::new(Appender::new(file))),
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
            file: Some(Mutex::new(Appender::new(file))),
            is_blank: false,
        })
    }

    /// Returns the outcomes of earlier runs, which must have been against `endpoint`.
    pub(super) fn history(&self, endpoint: &Endpoint) -> Result<History, CliError> {
        match &self.file {
            Some(file) => History::read(&mut file.lock().file, &self.path, endpoint),
            None => Ok(History::default()),
        }
    }

    /// Writes the first line of this run.
    pub(super) fn begin(&mut self, endpoint: &Endpoint) -> Result<(), CliError> {
        let Some(appender) = &self.file else {
            return Ok(());
        };
        self.is_blank = false;
        appender
            .lock()
            .find_cut_off_line()
            .map_err(|error| unwritable(&self.path, error))?;
        self.write(&Line::RunStarted {
            at: now(),
            endpoint: endpoint.clone(),
        })
    }

    /// Records that an update is about to be sent, and waits until the disk has it.
    pub(super) fn start(&self, step: Step<'_>) -> Result<(), CliError> {
        let Some(appender) = &self.file else {
            return Ok(());
        };
        self.write(&Line::UpdateStarted(Started::new(step)))?;
        // Not under the lock, so that updates that start at once share the disk's work.
        let file = appender.lock().file.try_clone();
        file.and_then(|file| file.sync_data())
            .map_err(|error| unwritable(&self.path, error))
    }

    /// Records the outcome of an update.
    pub(super) fn finish(
        &self,
        step: Step<'_>,
        outcome: Outcome,
        error: Option<Value>,
    ) -> Result<(), CliError> {
        self.write(&Line::UpdateFinished(Finished {
            started: Started::new(step),
            outcome,
            error,
        }))
    }

    fn write(&self, line: &Line) -> Result<(), CliError> {
        let Some(appender) = &self.file else {
            return Ok(());
        };
        let failed = |error| unwritable(&self.path, error);
        let text = serde_json::to_vec(line).map_err(|error| failed(error.into()))?;
        appender.lock().append(text).map_err(failed)
    }
}

impl Started {
    fn new(step: Step<'_>) -> Self {
        Self {
            at: now(),
            key: step.id.cloned(),
            name: step.key.name.desc().cloned(),
            update: step.update.clone(),
            secret_file: step.secret_file.map(Path::to_owned),
        }
    }

    fn name(&self) -> Option<KeyName> {
        let by_desc = self.name.clone().map(KeyName::Desc);
        by_desc.or_else(|| self.key.clone().map(KeyName::Id))
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

/// Returns whether this is the start, possibly cut off, of a run's first line in any format.
fn is_start_of_run(line: &[u8]) -> bool {
    const START: &[u8] = br#"{"event":"run"#;
    line.starts_with(START) || START.starts_with(line)
}

/// What a journal says of each update.
#[derive(Debug, Default)]
pub(super) struct History {
    last: HashMap<(KeyName, Target), Record>,
    /// The creations that may have created a key whose private key nobody has.
    lost: HashMap<(OrgId, String), (DateTime<Utc>, PathBuf)>,
}

/// The last line about an update.
#[derive(Debug)]
enum Record {
    /// The run ended before the outcome was known.
    Started,
    Finished(Update, Outcome),
}

impl History {
    fn read(file: &mut File, path: &Path, endpoint: &Endpoint) -> Result<Self, CliError> {
        let mut history = Self::default();
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
                Ok(Line::UpdateStarted(started)) => history.add(started, None),
                Ok(Line::UpdateFinished(finished)) => {
                    history.add(finished.started, Some(finished.outcome));
                }
                // An update whose first line was cut off was not sent, and one whose last line
                // was cut off stays started.
                Err(_) => {}
            }
        }
        Ok(history)
    }

    fn add(&mut self, started: Started, outcome: Option<Outcome>) {
        let Some(name) = started.name() else { return };
        let Started {
            at,
            update,
            secret_file,
            ..
        } = started;
        if let (Some(file), Target::Org(org), Some(desc)) =
            (secret_file, &update.target, &update.desc)
        {
            let place = (org.clone(), desc.clone());
            match outcome {
                Some(Outcome::Applied | Outcome::Unchanged | Outcome::Failed) => {
                    self.lost.remove(&place);
                }
                None | Some(Outcome::Unknown) => {
                    if let Ok(at) = DateTime::parse_from_rfc3339(&at) {
                        self.lost.entry(place).or_insert((at.to_utc(), file));
                    }
                }
            }
        }
        let target = update.target.clone();
        let record = match outcome {
            Some(outcome) => Record::Finished(update, outcome),
            None => Record::Started,
        };
        self.last.insert((name, target), record);
    }

    /// Returns what an earlier run may have left behind when it created this key.
    pub(super) fn lost_creation(&self, key: &DesiredKey) -> Option<LostCreation> {
        let place = (key.org.clone(), key.name.desc()?.clone());
        let (at, file) = self.lost.get(&place)?;
        // If the file has the private key, the run was cut off after all that matters.
        secret_file::is_blank(file).then_some(LostCreation::Since(*at))
    }

    /// Returns whether the history has no keys, or any of these.
    pub(super) fn covers_any(&self, keys: &[DesiredKey]) -> bool {
        let recorded: HashSet<_> = self.last.keys().map(|(key, _)| key).collect();
        recorded.is_empty() || keys.iter().any(|key| recorded.contains(&key.name))
    }

    /// Returns whether exactly this update was applied or needed no change, and nothing was
    /// started after it.
    ///
    /// A description may belong to another key by now, so that it never settles a key without id.
    pub(super) fn settles(&self, key: &DesiredKey, update: &Update) -> bool {
        let Some(id) = key.name.id() else {
            return false;
        };
        let name = KeyName::Id(id.clone());
        let record = self.last.get(&(name, update.target.clone()));
        matches!(
            record,
            Some(Record::Finished(finished, Outcome::Applied | Outcome::Unchanged))
                if finished == update
        )
    }

    /// Returns the updates that may have been applied but are not among those of `keys`, in
    /// the order of their keys.
    pub(super) fn abandoned(&self, keys: &[DesiredKey]) -> Vec<(&KeyName, &Target)> {
        let desired: HashSet<_> = keys
            .iter()
            .flat_map(|key| key.updates.iter().map(|update| (&key.name, &update.target)))
            .collect();
        let pruned: HashSet<_> = keys
            .iter()
            .filter(|key| key.prune.is_some())
            .map(|key| &key.name)
            .collect();
        let is_pruned =
            |name, target: &_| matches!(target, Target::Project(_)) && pruned.contains(name);
        let mut abandoned: Vec<_> = self
            .last
            .iter()
            .filter(|(_, record)| {
                matches!(
                    record,
                    Record::Started | Record::Finished(_, Outcome::Unknown)
                )
            })
            .map(|((key, target), _)| (key, target))
            .filter(|update| !desired.contains(update) && !is_pruned(update.0, update.1))
            .collect();
        abandoned.sort_unstable_by_key(|(key, target)| (key.to_string(), target.to_string()));
        abandoned
    }
}
