//! The checks that need no network.

use std::{collections::HashMap, fmt, hash::Hash, str::FromStr};

use atlas_admin::{ApiKeyId, OrgId};

use super::{
    super::desired::{DesiredKey, Target, Update},
    Key, Located, MAX_DESC_LENGTH, Manifest, Roles, Text,
};
use crate::{
    diagnostic::{Diagnostic, Location},
    roles::{KnownRoles, RoleScope},
};

/// Returns the keys, and adds everything that is wrong with them to `diagnostics`.
pub(super) fn validate(
    manifest: &Manifest,
    org: Option<&OrgId>,
    known_roles: &KnownRoles,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<DesiredKey> {
    let mut validator = Validator {
        known_roles,
        diagnostics,
    };
    validator.manifest(manifest, org)
}

struct Validator<'a> {
    known_roles: &'a KnownRoles,
    diagnostics: &'a mut Vec<Diagnostic>,
}

impl Validator<'_> {
    fn report(&mut self, location: Location, message: impl Into<String>) {
        self.diagnostics.push(Diagnostic::new(location, message));
    }

    fn manifest(&mut self, manifest: &Manifest, default_org: Option<&OrgId>) -> Vec<DesiredKey> {
        let org = match &manifest.org {
            Some(text) => self.id(text),
            None => default_org.cloned(),
        };
        let Some(keys) = &manifest.keys else {
            self.report(
                Location::START,
                "missing field keys; add a list of API keys",
            );
            return Vec::new();
        };
        if keys.value.is_empty() {
            self.report(keys.location, "keys is empty; list at least one API key");
        }
        if org.is_none()
            && manifest.org.is_none()
            && let Some(key) = keys.value.iter().find(|key| key.value.org.is_none())
        {
            self.report(
                key.location,
                "no organization; set org in the key or at the top of the file, or use --org",
            );
        }
        let mut seen = HashMap::new();
        keys.value
            .iter()
            .filter_map(|key| self.key(key, org.as_ref(), &mut seen))
            .collect()
    }

    fn key(
        &mut self,
        Located {
            value: key,
            location,
        }: &Located<Key>,
        org: Option<&OrgId>,
        seen: &mut HashMap<ApiKeyId, u64>,
    ) -> Option<DesiredKey> {
        let id = match &key.id {
            Some(text) => self.id::<ApiKeyId>(text).inspect(|id| {
                self.check_unique(seen, id.clone(), text.location, || format!("API key {id}"));
            }),
            None => {
                self.report(*location, "missing field id");
                None
            }
        };
        let org = match &key.org {
            Some(text) => self.id::<OrgId>(text),
            None => org.cloned(),
        };
        let updates = self.updates(key, *location, org.as_ref());
        Some(DesiredKey {
            line: location.line,
            id: id?,
            org: org?,
            updates,
        })
    }

    fn updates(&mut self, key: &Key, location: Location, org: Option<&OrgId>) -> Vec<Update> {
        let mut updates = Vec::new();
        let desc = key.desc.as_ref().map(|text| self.desc(text));
        let roles = key.roles.as_ref();
        let roles = roles.map(|roles| self.roles(roles, RoleScope::Organization));
        if desc.is_none() && roles.is_none() && key.projects.as_ref().is_none_or(Vec::is_empty) {
            self.report(location, "nothing to update; set desc, roles or projects");
        }
        if let Some(org) = org
            && (desc.is_some() || roles.is_some())
        {
            updates.push(Update {
                target: Target::Org(org.clone()),
                desc,
                roles,
            });
        }
        let mut seen = HashMap::new();
        for (project, roles) in key.projects.iter().flatten() {
            let roles = self.roles(roles, RoleScope::Project);
            let Some(id) = self.id(project) else { continue };
            let text = project.value.as_str();
            self.check_unique(&mut seen, text, project.location, || {
                format!("project {text}")
            });
            updates.push(Update {
                target: Target::Project(id),
                desc: None,
                roles: Some(roles),
            });
        }
        updates
    }

    /// Reports an ID that has occurred before.
    fn check_unique<K: Eq + Hash>(
        &mut self,
        seen: &mut HashMap<K, u64>,
        id: K,
        location: Location,
        name: impl Fn() -> String,
    ) {
        if let Some(line) = seen.insert(id, location.line) {
            self.report(
                location,
                format!("duplicate {}; first used in line {line}", name()),
            );
        }
    }

    fn id<T: FromStr<Err: fmt::Display>>(&mut self, text: &Text) -> Option<T> {
        text.value
            .parse()
            .map_err(|error: T::Err| self.report(text.location, error.to_string()))
            .ok()
    }

    fn desc(&mut self, text: &Text) -> String {
        for problem in desc_problems(&text.value) {
            self.report(text.location, problem);
        }
        text.value.clone()
    }

    fn roles(&mut self, list: &Located<Roles>, scope: RoleScope) -> Vec<String> {
        let Roles(names) = &list.value;
        if names.is_empty() {
            self.report(
                list.location,
                "the list of roles is empty; list at least one role or omit the list",
            );
        }
        let mut roles: Vec<String> = Vec::with_capacity(names.len());
        for Located {
            value: role,
            location,
        } in names
        {
            if let Some(problem) = role_problem(self.known_roles, scope, role) {
                self.report(*location, problem);
            } else if roles.contains(role) {
                self.report(*location, format!("duplicate role {}", role.escape_debug()));
            }
            roles.push(role.clone());
        }
        roles
    }
}

/// Returns why a manifest cannot have this description.
pub(in crate::commands) fn desc_problems(desc: &str) -> impl Iterator<Item = String> {
    let length = desc.chars().count();
    let length = (!(1..=MAX_DESC_LENGTH).contains(&length))
        .then(|| format!("the description has {length} characters; use 1 to {MAX_DESC_LENGTH}"));
    let control = desc.contains(char::is_control).then(|| {
        "the description contains control characters, such as a line break; remove them".to_owned()
    });
    length.into_iter().chain(control)
}

/// Returns why a manifest cannot have this role.
pub(in crate::commands) fn role_problem(
    known_roles: &KnownRoles,
    scope: RoleScope,
    role: &str,
) -> Option<String> {
    if role.trim().is_empty() {
        Some("the role name is empty".to_owned())
    } else if role.starts_with(scope.other().prefix()) {
        Some(format!(
            "{} is a role in {}s; use {} roles here",
            role.escape_debug(),
            scope.other().name(),
            scope.name()
        ))
    } else {
        known_roles.problem(scope, role)
    }
}
