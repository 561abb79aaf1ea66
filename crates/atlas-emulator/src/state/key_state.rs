//! A snapshot of an API key, for tests.

use std::collections::BTreeMap;

use crate::state::store::ApiKey;

/// The current state of an API key; see [`Emulator::api_key`](crate::Emulator::api_key).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeyState {
    /// The description.
    pub desc: String,
    /// The names of the key's roles in its organization.
    pub org_roles: Vec<String>,
    /// The names of the key's roles in projects, by project id.
    pub project_roles: BTreeMap<String, Vec<String>>,
    /// The addresses and networks from which the key may be used; empty for all.
    pub access_list: Vec<String>,
}

impl KeyState {
    pub(crate) fn new(key: &ApiKey) -> Self {
        let names =
            |roles: &[crate::spec::role::Role]| roles.iter().map(|role| role.to_string()).collect();
        Self {
            desc: key.desc.clone(),
            org_roles: names(&key.org_roles),
            project_roles: key
                .project_roles
                .iter()
                .map(|(project, roles)| (project.to_string(), names(roles)))
                .collect(),
            access_list: key.access_list.entries().collect(),
        }
    }
}
