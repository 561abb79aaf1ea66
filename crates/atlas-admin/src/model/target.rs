//! What a call acts on, for requests, messages and rate limits.

use std::fmt;

use super::sanitize::excerpt;

/// An operation and the API key it acts on. The ids may be invalid: errors about them name
/// the target too.
#[derive(Debug, Clone)]
pub(crate) struct CallTarget {
    pub(crate) operation: &'static str,
    pub(crate) scope: Scope,
    pub(crate) api_key_id: String,
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

impl fmt::Display for CallTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scope = match self.scope {
            Scope::Org(_) => "organization",
            Scope::Project(_) => "project",
        };
        let (key, id) = (excerpt(&self.api_key_id, 60), excerpt(self.scope.id(), 60));
        write!(f, "{} of API key {key} in {scope} {id}", self.operation)
    }
}
