//! A snapshot of an API key, for tests.

use std::collections::BTreeMap;

use crate::{spec::role::Role, state::object_id::ObjectId, state::store::ApiKey};

/// The current state of an API key; see [`Emulator::api_key`](crate::Emulator::api_key).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeyState {
    /// The id.
    pub id: String,
    /// The id of the key's organization.
    pub org_id: String,
    /// The public key.
    pub public_key: String,
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
    pub(crate) fn new(id: ObjectId, key: &ApiKey) -> Self {
        let names = |roles: &[Role]| roles.iter().map(|role| role.to_string()).collect();
        Self {
            id: id.to_string(),
            org_id: key.org.to_string(),
            public_key: key.public_key.to_string(),
            desc: key.desc.clone(),
            org_roles: names(&key.org_roles),
            project_roles: key
                .project_roles
                .iter()
                .map(|(project, roles)| (project.to_string(), names(roles)))
                .collect(),
            access_list: key
                .access_list
                .entries()
                .iter()
                .map(|entry| entry.network.to_string())
                .collect(),
        }
    }
}
