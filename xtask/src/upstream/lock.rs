//! `openapi/upstream.lock.toml`: the documents that the trimmed ones come from.

use std::{collections::BTreeMap, path::Path};

use anyhow::{Context, Result};
use chrono::{NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{document::toml_error, pipeline::services::date, upstream::DEFAULT_SERVICE};

/// The whole file: one entry for each service whose document is trimmed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Locks(BTreeMap<String, Lock>);

/// The document that one service's comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lock {
    /// The document's file name or address.
    pub source: String,
    /// Its date: the one in its name, or else the day it was first taken.
    pub date: NaiveDate,
    /// The SHA-256 of its unpacked text, in hexadecimal.
    pub sha256: String,
}

const HEADER: &str = "# Written by `cargo xtask trim` and `cargo xtask update`.\n";

impl Locks {
    /// The path of the file, from the root of the workspace.
    pub const PATH: &str = "openapi/upstream.lock.toml";

    /// Reads the file of the workspace at `root`, if there is one.
    pub fn read(root: &Path) -> Result<Self> {
        match std::fs::read_to_string(root.join(Self::PATH)) {
            Ok(text) => Self::parse(&text).context(Self::PATH),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(error).context(Self::PATH),
        }
    }

    /// Parses the text of the file. The first form of it had one entry without a name.
    fn parse(text: &str) -> Result<Self> {
        let table: toml::Table = toml::from_str(text).map_err(toml_error)?;
        let locks = if table.contains_key("sha256") {
            let lock = table.try_into().map_err(toml_error)?;
            BTreeMap::from([(DEFAULT_SERVICE.to_owned(), lock)])
        } else {
            table.try_into().map_err(toml_error)?
        };
        Ok(Self(locks))
    }

    /// Returns the entry of a service.
    pub fn get(&self, service: &str) -> Option<&Lock> {
        self.0.get(service)
    }

    /// Returns the file with another entry for a service.
    #[must_use]
    pub fn with(mut self, service: &str, lock: Lock) -> Self {
        self.0.insert(service.to_owned(), lock);
        self
    }

    /// Returns the text of the file.
    pub fn to_toml(&self) -> Result<String> {
        Ok(format!("{HEADER}\n{}", toml::to_string(self)?))
    }
}

impl Lock {
    /// Returns the lock for `text`, taken from `source`. Text that `old` already names keeps
    /// its date, unless the source has one in its name.
    pub fn new(source: &str, text: &str, old: Option<&Self>) -> Self {
        let mut parts = source.rsplit(['/', '\\']);
        let source = parts.find(|part| !part.is_empty()).unwrap_or(source);
        let source = source.to_owned();
        let sha256: String = Sha256::digest(text)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let known = old.filter(|old| old.sha256 == sha256).map(|old| old.date);
        let date = date_in(&source)
            .or(known)
            .unwrap_or_else(|| Utc::now().date_naive());
        Self {
            source,
            date,
            sha256,
        }
    }
}

/// The first `YYYY-MM-DD` in a name.
fn date_in(name: &str) -> Option<NaiveDate> {
    (0..name.len()).find_map(|start| date(name.get(start..start + 10)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_the_day_from_the_name_or_keeps_the_one_it_had() {
        let named = Lock::new("/tmp/atlas-v2-2026-08-21.yaml.gz", "a", None);
        assert_eq!(
            (named.source.as_str(), named.date.to_string().as_str()),
            ("atlas-v2-2026-08-21.yaml.gz", "2026-08-21")
        );
        assert_eq!(Lock::new("new.yaml", "a", Some(&named)).date, named.date);
        assert_eq!(
            Lock::new("new.yaml", "b", Some(&named)).date,
            Utc::now().date_naive()
        );
    }

    #[test]
    fn each_service_has_an_entry_which_is_read_as_it_was_written() {
        let locks = Locks::default()
            .with("atlas-v1", Lock::new("v1.yaml", "a", None))
            .with("atlas-v2", Lock::new("atlas-v2-2026-08-21.yaml", "b", None));
        let text = locks.to_toml().unwrap();
        assert!(text.contains("\n[atlas-v1]\n") && text.contains("\n[atlas-v2]\n"));
        assert_eq!(Locks::parse(&text).unwrap(), locks);
    }

    #[test]
    fn the_first_form_is_an_entry_of_atlas_v2() {
        let lock = Lock::new("atlas-v2-2026-08-21.yaml", "a", None);
        let text = toml::to_string(&lock).unwrap();
        assert_eq!(
            Locks::parse(&text).unwrap(),
            Locks::default().with("atlas-v2", lock)
        );
    }
}
