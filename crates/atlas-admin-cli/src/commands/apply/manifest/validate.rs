//! The checks that need no network.

use std::{collections::HashMap, fmt, hash::Hash, path::PathBuf, str::FromStr};

use atlas_admin::{ApiKeyId, Network, OrgId, ProjectId, ipnet::IpNet};

use super::{
    super::desired::{DesiredKey, IfMissing, KeyName, Update},
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

/// What no two keys may share, with the line of its first use.
#[derive(Default)]
struct Seen {
    ids: HashMap<ApiKeyId, u64>,
    descs: HashMap<(OrgId, String), u64>,
    secret_files: HashMap<PathBuf, u64>,
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
        let mut seen = Seen::default();
        keys.value
            .iter()
            .filter_map(|key| self.key(key, org.as_ref(), &mut seen))
            .collect()
    }

    fn key(
        &mut self,
        key: &Located<Key>,
        org: Option<&OrgId>,
        seen: &mut Seen,
    ) -> Option<DesiredKey> {
        let Located {
            value: key,
            location,
        } = key;
        let org = match &key.org {
            Some(text) => self.id::<OrgId>(text),
            None => org.cloned(),
        };
        let is_absent = self.is_absent(key);
        let (name, if_missing) = self.name(key, *location, org.as_ref(), is_absent, seen);
        let updates = if is_absent {
            // Without an id, the description names the key.
            let desc = key.desc.as_ref().filter(|_| key.id.is_some());
            let fields = [
                desc.map(|it| ("desc", it.location)),
                key.roles.as_ref().map(|it| ("roles", it.location)),
                key.projects.as_ref().map(|_| ("projects", *location)),
                key.prune.as_ref().map(|it| ("prune", it.location)),
                key.access_list
                    .as_ref()
                    .map(|it| ("accessList", it.location)),
                key.secret_file
                    .as_ref()
                    .map(|it| ("secretFile", it.location)),
            ];
            for (field, location) in fields.into_iter().flatten() {
                self.report(location, format!("a key that is absent has no {field}"));
            }
            org.iter().cloned().map(Update::deletion).collect()
        } else {
            self.updates(key, *location, org.as_ref())
        };
        let prunes = !is_absent && key.prune.as_ref().is_some_and(|prune| prune.value);
        let projects = key.projects.iter().flatten();
        Some(DesiredKey {
            line: location.line,
            name: name?,
            org: org?,
            if_missing,
            updates,
            prune: prunes.then(|| {
                projects
                    .filter_map(|(project, _)| project.value.parse().ok())
                    .collect()
            }),
            lost: None,
        })
    }

    fn is_absent(&mut self, key: &Key) -> bool {
        let Some(ensure) = &key.ensure else {
            return false;
        };
        match ensure.value.as_str() {
            "present" => false,
            "absent" => true,
            other => {
                self.report(
                    ensure.location,
                    format!("ensure is {}; use present or absent", other.escape_debug()),
                );
                false
            }
        }
    }

    /// Returns how the key is known, and what to do if it does not exist.
    fn name(
        &mut self,
        key: &Key,
        location: Location,
        org: Option<&OrgId>,
        is_absent: bool,
        seen: &mut Seen,
    ) -> (Option<KeyName>, IfMissing) {
        if let Some(text) = &key.id {
            let id = self.id::<ApiKeyId>(text).inspect(|id| {
                let name = || format!("API key {id}");
                self.check_unique(&mut seen.ids, id.clone(), text.location, name);
            });
            if let Some(file) = key.secret_file.as_ref().filter(|_| !is_absent) {
                self.report(
                    file.location,
                    "only a key without id can be created; remove secretFile or id",
                );
            }
            let if_missing = match is_absent {
                true => IfMissing::Nothing,
                false => IfMissing::Fail,
            };
            return (id.map(KeyName::Id), if_missing);
        }
        let Some(desc) = key.desc.as_ref().filter(|_| key.ensure.is_some()) else {
            self.report(
                location,
                match key.ensure {
                    Some(_) => "missing field id or desc",
                    None => {
                        "missing field id; for a key that is to be created, set ensure: present"
                    }
                },
            );
            return (None, IfMissing::Fail);
        };
        if let Some(org) = org {
            let in_org = (org.clone(), desc.value.clone());
            let name = || format!("description {} without id", desc.value.escape_debug());
            self.check_unique(&mut seen.descs, in_org, desc.location, name);
        }
        let name = Some(KeyName::Desc(desc.value.clone()));
        if is_absent {
            self.desc(desc);
            return (name, IfMissing::Nothing);
        }
        if key.roles.is_none() {
            self.report(
                location,
                "missing field roles; a new key needs roles in its organization",
            );
        }
        let Some(file) = &key.secret_file else {
            self.report(
                location,
                "missing field secretFile; the service shows the private key of a new key only \
                 once, and this file takes it",
            );
            return (name, IfMissing::Fail);
        };
        let path = PathBuf::from(&file.value);
        if path.file_name().is_none() {
            self.report(file.location, "secretFile is not the name of a file");
        }
        self.check_unique(&mut seen.secret_files, path.clone(), file.location, || {
            format!("secretFile {}", file.value.escape_debug())
        });
        (name, IfMissing::Create(path))
    }

    fn updates(&mut self, key: &Key, location: Location, org: Option<&OrgId>) -> Vec<Update> {
        let mut updates = Vec::new();
        let desc = key.desc.as_ref().map(|text| self.desc(text));
        let roles = key.roles.as_ref();
        let roles = roles.map(|roles| self.roles(roles, RoleScope::Organization));
        let prunes = key.prune.as_ref().is_some_and(|prune| prune.value);
        let has_projects = key.projects.as_ref().is_some_and(|list| !list.is_empty());
        let has_access_list = key.access_list.is_some();
        if desc.is_none() && roles.is_none() && !has_projects && !prunes && !has_access_list {
            self.report(location, "nothing to update; set desc, roles or projects");
        }
        if let Some(org) = org
            && (desc.is_some() || roles.is_some())
        {
            updates.push(Update::org(org.clone(), desc, roles));
        }
        let mut seen = HashMap::new();
        for (project, roles) in key.projects.iter().flatten() {
            let roles = self.roles(roles, RoleScope::Project);
            let Some(id) = self.id::<ProjectId>(project) else {
                continue;
            };
            let text = project.value.as_str();
            self.check_unique(&mut seen, text, project.location, || {
                format!("project {text}")
            });
            updates.push(Update::project(id, roles));
        }
        if let Some(list) = &key.access_list {
            let entries = self.entries(list);
            updates.extend(org.cloned().map(|org| Update::access_list(org, entries)));
        }
        updates
    }

    /// Returns the entries of an access list, sorted, as the services write them.
    fn entries(&mut self, list: &Located<Vec<Text>>) -> Vec<String> {
        let mut seen = HashMap::new();
        for text in &list.value {
            match IpNet::try_from(Network::from(&text.value)) {
                Ok(network) => {
                    let entry = Network::from(network).to_string();
                    let name = || format!("access list entry {}", Network::from(network));
                    self.check_unique(&mut seen, entry, text.location, name);
                }
                Err(error) => self.report(text.location, error.to_string()),
            }
        }
        let mut entries: Vec<_> = seen.into_keys().collect();
        entries.sort_unstable();
        entries
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
        // A key without roles in a project is not in it.
        if names.is_empty() && scope == RoleScope::Organization {
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
