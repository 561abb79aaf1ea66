//! The desired state of API keys.

use std::fmt;

use atlas_admin::{ApiKey, ApiKeyId, Client, Error, OrgId, ProjectId, Response};
use serde::{Deserialize, Serialize};

use crate::{client::Call, roles::RoleScope};

/// An API key of the manifest.
#[derive(Debug, Clone)]
pub(super) struct DesiredKey {
    /// The key's line in the manifest.
    pub(super) line: u64,
    pub(super) id: ApiKeyId,
    pub(super) org: OrgId,
    /// The organization's update, then those of projects as in the manifest.
    pub(super) updates: Vec<Update>,
}

/// The desired state of a key in its organization or in one project. One request applies it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Update {
    #[serde(flatten)]
    pub(super) target: Target,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) desc: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) roles: Option<Vec<String>>,
}

impl Update {
    /// Returns the call that applies this update, without the fields that need no change.
    pub(super) fn call(
        &self,
        client: &Client,
        key: &ApiKeyId,
        sets_desc: bool,
        sets_roles: bool,
    ) -> Result<Call<Response<ApiKey>>, Error> {
        let roles = self.roles.as_ref();
        match &self.target {
            Target::Org(org) => {
                let mut update = client.org(org).api_key(key).update();
                if let Some(desc) = self.desc.as_ref().filter(|_| sets_desc) {
                    update = update.desc(desc);
                }
                if let Some(roles) = roles.filter(|_| sets_roles) {
                    update = update.roles(roles.iter().map(String::as_str));
                }
                Call::new(update.to_request(), update)
            }
            Target::Project(project) => {
                let roles = roles.into_iter().flatten().map(String::as_str);
                let replace = client.project(project).api_key(key).replace_roles(roles);
                Call::new(replace.to_request(), replace)
            }
        }
    }
}

/// Where a key holds roles.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Target {
    Org(OrgId),
    Project(ProjectId),
}

impl Target {
    pub(super) fn scope(&self) -> RoleScope {
        match self {
            Self::Org(_) => RoleScope::Organization,
            Self::Project(_) => RoleScope::Project,
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

/// Returns the number of updates of all keys.
pub(super) fn update_count(keys: &[DesiredKey]) -> usize {
    keys.iter().map(|key| key.updates.len()).sum()
}
