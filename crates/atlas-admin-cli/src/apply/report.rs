//! The report: one line of JSON for each outcome, written as soon as it is known.
//! What has been written is there, however this process ends.

use std::{
    collections::{HashMap, HashSet},
    fs::{self, File, OpenOptions, TryLockError},
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
    /// `None` if nobody asked for a report.
    file: Option<Mutex<File>>,
    /// Whether it was made by this run, and nothing is in it yet.
    is_blank: bool,
}

impl Report {
    /// A report that nobody asked for.
    pub(crate) fn none() -> Self {
        Self {
            path: PathBuf::new(),
            file: None,
            is_blank: false,
        }
    }

    /// A new report. The file is there from now on, so that one that cannot be written
    /// is told of at once; it goes away again unless the report [begins](Self::begin).
    pub(crate) fn new(path: &Path) -> Result<Self, Failure> {
        let mut options = OpenOptions::new();
        options.append(true).read(true);
        let (is_new, opened) = match options.clone().create_new(true).open(path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                // Or a link to a file that is not there yet.
                (false, options.create(true).open(path))
            }
            opened => (true, opened),
        };
        let file = opened.map_err(|error| unwritable(path, error))?;
        refuse_shared(&file, path)?;
        refuse_old(&file, path)?;
        Ok(Self {
            path: path.to_owned(),
            file: Some(Mutex::new(file)),
            is_blank: is_new,
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
            is_blank: false,
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
        let Some(file) = &self.file else {
            return Ok(());
        };
        self.is_blank = false;
        end_last_line(&mut lock(file)).map_err(|error| unwritable(&self.path, error))?;
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
        let failed = |error| unwritable(&self.path, error);
        let mut text = serde_json::to_vec(line).map_err(|error| failed(error.into()))?;
        text.push(b'\n');
        // One call, so that a line is there or not.
        lock(file).write_all(&text).map_err(failed)
    }
}

impl Drop for Report {
    fn drop(&mut self) {
        if self.is_blank {
            // At worst an empty file stays, which does no harm.
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn unwritable(path: &Path, error: io::Error) -> Failure {
    Failure::local(format!("cannot write {}", path.display()), error)
}

/// Fails if there is something in a file that is to become a new report.
fn refuse_old(file: &File, path: &Path) -> Result<(), Failure> {
    match file.metadata() {
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

/// Whether a line is a part of what a run begins its report with.
fn is_start_of_run(line: &[u8]) -> bool {
    const START: &[u8] = br#"{"event":"run""#;
    line.starts_with(START) || START.starts_with(line)
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
        let mut has_begun = false;
        let path = path.display();
        let failed = |error| Failure::input(format!("cannot read {path}: {error}"));
        file.rewind().map_err(failed)?;
        for line in BufReader::new(file).split(b'\n') {
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
                    has_begun = true;
                }
                // Cut off before anything was done.
                Err(_) if !has_begun && is_start_of_run(&line) => {}
                // Or it might be anything, and is not to be written to.
                _ if !has_begun => {
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
