//! `openapi/upstream.lock.toml`: the document that the trimmed one comes from.

use std::path::Path;

use anyhow::{Context, Result};
use chrono::{NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{document::toml_error, pipeline::services::date};

/// The whole file.
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

    /// Reads the file, if there is one.
    pub fn read(path: &Path) -> Result<Option<Self>> {
        match std::fs::read_to_string(path) {
            Ok(text) => toml::from_str(&text)
                .map(Some)
                .map_err(toml_error)
                .with_context(|| path.display().to_string()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| path.display().to_string()),
        }
    }

    /// Returns the text of the file.
    pub fn to_toml(&self) -> Result<String> {
        Ok(HEADER.to_owned() + &toml::to_string(self)?)
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
    fn is_read_as_it_was_written() {
        let lock = Lock::new("atlas-v2-2026-08-21.yaml", "a", None);
        let text = lock.to_toml().unwrap();
        assert_eq!(toml::from_str::<Lock>(&text).unwrap(), lock);
    }
}
