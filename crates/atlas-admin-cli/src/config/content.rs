//! The content of a configuration file.

use std::{
    io::{self, ErrorKind},
    path::Path,
};

use crate::text;

/// What a configuration file has. A file that is not needed may be missing or broken.
pub(super) enum Content<T> {
    Missing,
    /// Why the file cannot be read.
    Unreadable(String),
    Profiles(T),
}

impl Content<String> {
    pub(super) fn read(path: &Path) -> Self {
        match text::read(path) {
            Ok(text) => Self::Profiles(text),
            Err(error) if is_missing(&error) => Self::Missing,
            Err(error) => Self::Unreadable(format!("cannot be read: {error}")),
        }
    }
}

impl<T> Content<T> {
    pub(super) fn profiles(&self) -> Option<&T> {
        match self {
            Self::Profiles(profiles) => Some(profiles),
            Self::Missing | Self::Unreadable(_) => None,
        }
    }

    /// Returns why a profile that it lacks is missing.
    pub(super) fn remark(&self) -> &str {
        match self {
            Self::Missing => "no such file",
            Self::Unreadable(reason) => reason,
            Self::Profiles(_) => "no such profile",
        }
    }

    /// Returns a warning if the file exists and cannot be used.
    pub(super) fn warning(&self, path: &str) -> Option<String> {
        match self {
            Self::Unreadable(reason) => Some(format!(
                "warning: {path} {reason}; its settings are not in use"
            )),
            Self::Missing | Self::Profiles(_) => None,
        }
    }

    /// Returns the file's name, and why it cannot be used.
    pub(super) fn describe(&self, path: &str) -> String {
        match self {
            Self::Unreadable(reason) => format!("{path}, which {reason}"),
            Self::Missing | Self::Profiles(_) => path.to_owned(),
        }
    }
}

/// Returns whether there is no file, not even one that others can read.
pub(super) fn is_missing(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}
