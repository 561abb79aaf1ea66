//! What a call acts on, for requests, messages and rate limits.

use std::fmt;

use super::sanitize::excerpt;

/// An operation and what it acts on. The ids may be invalid: errors about them name the target
/// too.
#[derive(Debug, Clone)]
pub(crate) struct CallTarget {
    pub(crate) operation: &'static str,
    pub(crate) scope: Scope,
    /// `None` for lists and creations.
    pub(crate) api_key_id: Option<String>,
    /// The address or network of an access list's entry.
    pub(crate) entry: Option<String>,
}

/// Where an operation acts. The service limits the rate of each scope separately.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Scope {
    Org(String),
    Project(String),
}

impl Scope {
    pub(crate) fn id(&self) -> &str {
        match self {
            Self::Org(id) | Self::Project(id) => id,
        }
    }
}

impl CallTarget {
    pub(crate) fn new(operation: &'static str, scope: Scope) -> Self {
        Self {
            operation,
            scope,
            api_key_id: None,
            entry: None,
        }
    }

    pub(crate) fn api_key(mut self, id: impl Into<String>) -> Self {
        self.api_key_id = Some(id.into());
        self
    }

    pub(crate) fn entry(mut self, entry: impl Into<String>) -> Self {
        self.entry = Some(entry.into());
        self
    }
}

impl fmt::Display for CallTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.operation)?;
        if let Some(entry) = &self.entry {
            write!(f, " {}", excerpt(entry, 60))?;
        }
        if let Some(id) = &self.api_key_id {
            write!(f, " of API key {}", excerpt(id, 60))?;
        }
        let scope = match self.scope {
            Scope::Org(_) => "organization",
            Scope::Project(_) => "project",
        };
        write!(f, " in {scope} {}", excerpt(self.scope.id(), 60))
    }
}
