//! Which call is meant, in requests, messages and limits.

use std::fmt;

use crate::{
    error::Error,
    ids::{self, kind},
    text::escape,
};

/// An operation on one API key. The ids may be any text: calls that are refused
/// for them have names, too.
#[derive(Debug, Clone)]
pub(crate) struct CallName {
    pub(crate) operation: &'static str,
    pub(crate) scope: Scope,
    pub(crate) api_key_id: String,
}

/// Where an operation acts, which is also what the service counts requests for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Scope {
    Org(String),
    Project(String),
}

impl CallName {
    /// Refuses what is no id.
    pub(crate) fn check(&self) -> Result<(), Error> {
        match &self.scope {
            Scope::Org(id) => ids::check::<kind::Org>(id),
            Scope::Project(id) => ids::check::<kind::Project>(id),
        }?;
        ids::check::<kind::ApiKey>(&self.api_key_id)
    }
}

impl Scope {
    pub(crate) fn id(&self) -> &str {
        match self {
            Self::Org(id) | Self::Project(id) => id,
        }
    }
}

impl fmt::Display for CallName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = match self.scope {
            Scope::Org(_) => "organization",
            Scope::Project(_) => "project",
        };
        let (key, id) = (escape(&self.api_key_id, 60), escape(self.scope.id(), 60));
        write!(f, "{} of API key {key} in {place} {id}", self.operation)
    }
}
