//! The desired state of API keys.

use std::{collections::HashSet, fmt, path::PathBuf};

use atlas_admin::{ApiKeyId, OrgId, ProjectId, quote};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::roles::RoleScope;

/// An API key of the manifest.
#[derive(Debug, Clone)]
pub(super) struct DesiredKey {
    /// The key's line in the manifest.
    pub(super) line: u64,
    pub(super) name: KeyName,
    pub(super) org: OrgId,
    pub(super) if_missing: IfMissing,
    /// The organization's update, those of projects as in the manifest, then the access list's.
    pub(super) updates: Vec<Update>,
    /// With `prune: true`, the projects that the manifest mentions. The key leaves all others.
    pub(super) prune: Option<HashSet<ProjectId>>,
    /// Of an earlier run, if its outcome is not known.
    pub(super) lost: Option<LostCreation>,
}

/// How the manifest tells a key from others.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum KeyName {
    Id(ApiKeyId),
    /// The one key of its organization with this description.
    Desc(String),
}

impl KeyName {
    pub(super) fn id(&self) -> Option<&ApiKeyId> {
        match self {
            Self::Id(id) => Some(id),
            Self::Desc(_) => None,
        }
    }

    pub(super) fn desc(&self) -> Option<&String> {
        match self {
            Self::Id(_) => None,
            Self::Desc(desc) => Some(desc),
        }
    }
}

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => id.fmt(f),
            Self::Desc(desc) => f.write_str(&quote(desc)),
        }
    }
}

/// What to do about a key that does not exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum IfMissing {
    Fail,
    /// It should not exist.
    Nothing,
    /// Create it, and write its private key to this file.
    Create(PathBuf),
}

/// A creation after which nobody may have the private key of the key that it created.
#[derive(Debug, Clone)]
pub(super) enum LostCreation {
    /// Keys that were created then or later.
    Since(DateTime<Utc>),
    /// These keys, as a reviewed plan names them.
    Keys(Vec<ApiKeyId>),
}

/// The desired state of a key in its organization or in one project, of its access list, or that
/// there is no such key. One request applies it; those of access lists may need several.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Update {
    #[serde(flatten)]
    pub(super) target: Target,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) desc: Option<String>,
    /// Without any, the key leaves the project.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) roles: Option<Vec<String>>,
    /// The entries of the access list, sorted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) entries: Option<Vec<String>>,
    /// Whether the key is deleted.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) delete: bool,
}

impl Update {
    fn new(target: Target) -> Self {
        Self {
            target,
            desc: None,
            roles: None,
            entries: None,
            delete: false,
        }
    }

    pub(super) fn org(org: OrgId, desc: Option<String>, roles: Option<Vec<String>>) -> Self {
        Self {
            desc,
            roles,
            ..Self::new(Target::Org(org))
        }
    }

    pub(super) fn project(project: ProjectId, roles: Vec<String>) -> Self {
        Self {
            roles: Some(roles),
            ..Self::new(Target::Project(project))
        }
    }

    pub(super) fn access_list(org: OrgId, entries: Vec<String>) -> Self {
        Self {
            entries: Some(entries),
            ..Self::new(Target::AccessList(org))
        }
    }

    pub(super) fn deletion(org: OrgId) -> Self {
        Self {
            delete: true,
            ..Self::new(Target::Org(org))
        }
    }
}

/// What an update is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Target {
    Org(OrgId),
    Project(ProjectId),
    /// The access list, which the organization has.
    AccessList(OrgId),
}

impl Target {
    pub(super) fn scope(&self) -> RoleScope {
        match self {
            Self::Org(_) | Self::AccessList(_) => RoleScope::Organization,
            Self::Project(_) => RoleScope::Project,
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Org(_) => f.write_str("organization"),
            Self::Project(id) => write!(f, "project {id}"),
            Self::AccessList(_) => f.write_str("access list"),
        }
    }
}

/// Returns the number of updates of all keys.
pub(super) fn update_count(keys: &[DesiredKey]) -> usize {
    keys.iter().map(|key| key.updates.len()).sum()
}
