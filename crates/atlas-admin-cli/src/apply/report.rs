//! The report: one line of JSON for each outcome, written as soon as it is known.
//! What has been written is there, however this process ends.

use std::{
    collections::{HashMap, HashSet},
    fs::{File, OpenOptions, TryLockError},
    io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::wanted::{Target, Update, WantedKey};
use crate::exit::Failure;

/// One line of a report.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
enum Line {
    /// The start of a run.
    Run {
        at: String,
        service: String,
        address: String,
    },
    /// What became of one update.
    Update(Entry),
}

#[derive(Debug, Serialize, Deserialize)]
struct Entry {
    at: String,
    key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    org: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    project: Option<String>,
    /// What was wanted.
    #[serde(skip_serializing_if = "Option::is_none")]
    desc: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    roles: Option<Vec<String>>,
    outcome: Outcome,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Value>,
}

/// What became of an update.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Outcome {
    /// The service has made it.
    Done,
    /// There was nothing to change.
    AsWanted,
    /// It was not made.
    Failed,
    /// It may have been made.
    Unknown,
}

/// The service that a report is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) service: String,
    pub(crate) address: String,
}

/// A report that is being written, or none.
pub(crate) struct Report {
    path: PathBuf,
    /// `None` if nobody asked for a report, or nothing has been done yet.
    file: Option<Mutex<File>>,
}

impl Report {
    /// A report that nobody asked for.
    pub(crate) fn none() -> Self {
        Self {
            path: PathBuf::new(),
            file: None,
        }
    }

    /// A new report, for which there is no file before it [begins](Self::begin).
    pub(crate) fn new(path: &Path) -> Result<Self, Failure> {
        refuse_old(path)?;
        Ok(Self {
            path: path.to_owned(),
            file: None,
        })
    }

    /// The report of an earlier run, to go on with.
    pub(crate) fn of_earlier_run(path: &Path) -> Result<Self, Failure> {
        let file = OpenOptions::new()
            .append(true)
            .read(true)
            .open(path)
            .map_err(|error| Failure::input(format!("cannot open {}: {error}", path.display())))?;
        refuse_shared(&file, path)?;
        Ok(Self {
            path: path.to_owned(),
            file: Some(Mutex::new(file)),
        })
    }

    /// What the earlier run has done. It has to be one with the service that is
    /// called now.
    pub(crate) fn past(&self, place: &Place) -> Result<Past, Failure> {
        match &self.file {
            Some(file) => Past::read(&mut lock(file), &self.path, place),
            None => Ok(Past::default()),
        }
    }

    /// Starts to write: a line that says which service this run is with.
    pub(crate) fn begin(&mut self, place: &Place) -> Result<(), Failure> {
        if self.path.as_os_str().is_empty() {
            return Ok(());
        }
        if self.file.is_none() {
            // Another run may have been faster.
            refuse_old(&self.path)?;
            let file = OpenOptions::new()
                .create(true)
                .append(true)
                .read(true)
                .open(&self.path)
                .map_err(|error| self.unwritable(error))?;
            refuse_shared(&file, &self.path)?;
            self.file = Some(Mutex::new(file));
        }
        if let Some(file) = &self.file {
            end_last_line(&mut lock(file)).map_err(|error| self.unwritable(error))?;
        }
        self.write(&Line::Run {
            at: now(),
            service: place.service.clone(),
            address: place.address.clone(),
        })
    }

    /// Writes what became of an update.
    pub(crate) fn record(
        &self,
        key: &WantedKey,
        update: &Update,
        outcome: Outcome,
        error: Option<Value>,
    ) -> Result<(), Failure> {
        if self.file.is_none() {
            return Ok(());
        }
        let (org, project) = match &update.target {
            Target::Org(id) => (Some(id.to_string()), None),
            Target::Project(id) => (None, Some(id.to_string())),
        };
        self.write(&Line::Update(Entry {
            at: now(),
            key: key.id.to_string(),
            org,
            project,
            desc: update.desc.clone(),
            roles: update.roles.clone(),
            outcome,
            error,
        }))
    }

    fn write(&self, line: &Line) -> Result<(), Failure> {
        let Some(file) = &self.file else {
            return Ok(());
        };
        let mut text = serde_json::to_vec(line).map_err(|error| self.unwritable(error.into()))?;
        text.push(b'\n');
        // One call, so that a line is there or not.
        lock(file)
            .write_all(&text)
            .map_err(|error| self.unwritable(error))
    }

    fn unwritable(&self, error: io::Error) -> Failure {
        Failure::local(format!("cannot write {}", self.path.display()), error)
    }
}

/// Fails if there is something in a file that is to become a new report.
fn refuse_old(path: &Path) -> Result<(), Failure> {
    match path.metadata() {
        Ok(metadata) if metadata.len() > 0 => Err(Failure::input(format!(
            "{path} is there already; go on with it by --resume {path}, or name another file",
            path = path.display()
        ))),
        _ => Ok(()),
    }
}

/// Fails if another run is writing the file. From here on this one is.
fn refuse_shared(file: &File, path: &Path) -> Result<(), Failure> {
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => Err(Failure::input(format!(
            "another run is writing {}; wait for it, or name another file",
            path.display()
        ))),
        // Some file systems have no locks.
        Ok(()) | Err(TryLockError::Error(_)) => Ok(()),
    }
}

fn lock(file: &Mutex<File>) -> MutexGuard<'_, File> {
    file.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Ends a line that was cut off when the last run was.
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

fn now() -> String {
    let now: DateTime<Utc> = Utc::now();
    now.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// The last word of a report about each update.
#[derive(Debug, Default)]
pub(crate) struct Past {
    last: HashMap<(String, String), Entry>,
}

impl Past {
    fn read(file: &mut File, path: &Path, place: &Place) -> Result<Self, Failure> {
        let mut last = HashMap::new();
        let path = path.display();
        let failed = |error| Failure::input(format!("cannot read {path}: {error}"));
        file.rewind().map_err(failed)?;
        for (index, line) in BufReader::new(file).split(b'\n').enumerate() {
            let line = line.map_err(failed)?;
            match serde_json::from_slice(&line) {
                Ok(Line::Run {
                    service, address, ..
                }) => {
                    let theirs = Place { service, address };
                    if theirs != *place {
                        return Err(Failure::input(format!(
                            "{path} is about {} at {}, not {} at {}",
                            theirs.service, theirs.address, place.service, place.address
                        )));
                    }
                }
                // Or it might be anything, and is not to be written to.
                _ if index == 0 => {
                    return Err(Failure::input(format!(
                        "{path} is not a report of an earlier run"
                    )));
                }
                Ok(Line::Update(entry)) => {
                    last.insert((entry.key.clone(), entry.place()), entry);
                }
                // A line that was cut off says nothing: its update is looked at again.
                Err(_) => {}
            }
        }
        Ok(Self { last })
    }

    /// Whether the report tells of any of these keys, or of none at all.
    pub(crate) fn is_about(&self, keys: &[WantedKey]) -> bool {
        let told: HashSet<&str> = self.last.keys().map(|(key, _)| key.as_str()).collect();
        told.is_empty() || keys.iter().any(|key| told.contains(key.id.as_str()))
    }

    /// Whether this very update was made, or was not needed.
    pub(crate) fn settles(&self, key: &WantedKey, update: &Update) -> bool {
        let (field, id) = update.target.field();
        self.last
            .get(&(key.id.to_string(), format!("{field} {id}")))
            .is_some_and(|entry| {
                matches!(entry.outcome, Outcome::Done | Outcome::AsWanted)
                    && entry.desc == update.desc
                    && entry.roles == update.roles
            })
    }
}

impl Entry {
    fn place(&self) -> String {
        match (&self.org, &self.project) {
            (Some(id), _) => format!("org {id}"),
            (None, Some(id)) => format!("project {id}"),
            (None, None) => String::new(),
        }
    }
}
