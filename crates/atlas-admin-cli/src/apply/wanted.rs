//! What the file asks for, checked.

use std::fmt;

use atlas_admin::{ApiKeyId, OrgId, ProjectId};

/// One key of the file.
#[derive(Debug, Clone)]
pub(crate) struct WantedKey {
    /// Where it stands in the file.
    pub(crate) line: u64,
    pub(crate) id: ApiKeyId,
    pub(crate) org: OrgId,
    /// The organization's before the projects', these as in the file.
    pub(crate) updates: Vec<Update>,
}

/// What the key is to be in one place; one request makes it so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Update {
    pub(crate) target: Target,
    pub(crate) desc: Option<String>,
    pub(crate) roles: Option<Vec<String>>,
}

/// A place where a key has roles.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Target {
    Org(OrgId),
    Project(ProjectId),
}

impl Target {
    /// The field that names the place in data, and the id in it.
    pub(crate) fn field(&self) -> (&'static str, &str) {
        match self {
            Self::Org(id) => ("org", id.as_str()),
            Self::Project(id) => ("project", id.as_str()),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Org(_) => f.write_str("organization"),
            Self::Project(id) => write!(f, "project {id}"),
        }
    }
}

/// How many updates the keys need in all.
pub(crate) fn count(keys: &[WantedKey]) -> usize {
    keys.iter().map(|key| key.updates.len()).sum()
}
