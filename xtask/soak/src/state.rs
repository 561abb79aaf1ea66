//! The state of a key, as far as changes can concern it.

use std::collections::BTreeMap;

use atlas_admin::ApiKey;
use atlas_emulator::{Emulator, KeyState};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct State {
    pub(super) desc: String,
    pub(super) org_roles: Vec<String>,
    pub(super) project_roles: BTreeMap<String, Vec<String>>,
    pub(super) access_list: Vec<String>,
}

impl State {
    /// Returns the state of a key on the emulator, or `None` if there is no such key.
    pub(super) fn of(emulator: &Emulator, id: &str) -> Option<Self> {
        emulator.api_key(id).map(Self::from)
    }

    /// Returns whether a response has these roles, and this description if it has any.
    pub(super) fn is_shown_by(&self, key: &ApiKey) -> bool {
        let (mut org_roles, mut project_roles) = (Vec::new(), BTreeMap::new());
        for role in &key.roles {
            let roles = match &role.project_id {
                Some(project) => project_roles.entry(project.to_string()).or_default(),
                None => &mut org_roles,
            };
            roles.push(role.role_name.clone());
        }
        project_roles.values_mut().for_each(|roles| roles.sort());
        key.desc.as_ref().is_none_or(|desc| *desc == self.desc)
            && sorted(org_roles) == self.org_roles
            && project_roles == self.project_roles
    }
}

impl From<KeyState> for State {
    fn from(key: KeyState) -> Self {
        Self {
            desc: key.desc,
            org_roles: sorted(key.org_roles),
            project_roles: key
                .project_roles
                .into_iter()
                .map(|(project, roles)| (project, sorted(roles)))
                .collect(),
            access_list: sorted(key.access_list),
        }
    }
}

/// Returns the names of roles as a [`State`] has them.
pub(super) fn names(roles: &[impl ToString]) -> Vec<String> {
    sorted(roles.iter().map(ToString::to_string).collect())
}

fn sorted(mut names: Vec<String>) -> Vec<String> {
    names.sort();
    names
}
