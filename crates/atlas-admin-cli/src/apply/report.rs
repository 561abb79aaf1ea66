//! The report: one line of JSON for each outcome, written as soon as it is known.
//! What has been written is there, however this process ends.

use std::{
    collections::HashMap,
    fs::{File, OpenOptions},
    io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
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

    /// A new report, in a file that is not there or is empty.
    pub(crate) fn create(path: &Path, place: &Place) -> Result<Self, Failure> {
        refuse_old(path)?;
        Self::open(path, place)
    }

    /// Goes on with a report that is there.
    pub(crate) fn append(path: &Path, place: &Place) -> Result<Self, Failure> {
        Self::open(path, place)
    }

    fn open(path: &Path, place: &Place) -> Result<Self, Failure> {
        let failed = |error| Failure::local(format!("cannot write {}", path.display()), error);
        let mut file = OpenOptions::new()
            .create(true)
            .append(true)
            .read(true)
            .open(path)
            .map_err(failed)?;
        end_last_line(&mut file).map_err(failed)?;
        let report = Self {
            path: path.to_owned(),
            file: Some(Mutex::new(file)),
        };
        report.write(&Line::Run {
            at: now(),
            service: place.service.clone(),
            address: place.address.clone(),
        })?;
        Ok(report)
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
        let failed = |error: io::Error| {
            Failure::local(format!("cannot write {}", self.path.display()), error)
        };
        let mut text = serde_json::to_vec(line).map_err(|error| failed(error.into()))?;
        text.push(b'\n');
        // One call, so that a line is there or not.
        file.lock()
            .unwrap_or_else(PoisonError::into_inner)
            .write_all(&text)
            .map_err(failed)
    }
}

/// Fails if there is something in a file that is to become a new report.
pub(crate) fn refuse_old(path: &Path) -> Result<(), Failure> {
    match path.metadata() {
        Ok(metadata) if metadata.len() > 0 => Err(Failure::input(format!(
            "{path} is there already; go on with it by --resume {path}, or name another file",
            path = path.display()
        ))),
        _ => Ok(()),
    }
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
#[derive(Debug)]
pub(crate) struct Past {
    last: HashMap<(String, String), Entry>,
}

impl Past {
    /// Reads a report. It has to be about the service that is called now.
    pub(crate) fn read(path: &Path, place: &Place) -> Result<Self, Failure> {
        let failed = |error| Failure::input(format!("cannot read {}: {error}", path.display()));
        let file = File::open(path).map_err(failed)?;
        let mut last = HashMap::new();
        for line in BufReader::new(file).split(b'\n') {
            let line = line.map_err(failed)?;
            // A line that was cut off says nothing: its update is looked at again.
            match serde_json::from_slice(&line) {
                Ok(Line::Run {
                    service, address, ..
                }) => {
                    let theirs = Place { service, address };
                    if theirs != *place {
                        return Err(Failure::input(format!(
                            "{} is about {} at {}, not {} at {}",
                            path.display(),
                            theirs.service,
                            theirs.address,
                            place.service,
                            place.address
                        )));
                    }
                }
                Ok(Line::Update(entry)) => {
                    last.insert((entry.key.clone(), entry.place()), entry);
                }
                Err(_) => {}
            }
        }
        Ok(Self { last })
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
