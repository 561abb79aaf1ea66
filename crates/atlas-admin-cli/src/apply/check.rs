//! Whether what is written makes sense, as far as can be told without asking.

use std::{collections::HashMap, str::FromStr};

use atlas_admin::{ApiKeyId, OrgId, ParseError};
use serde_saphyr::{Location, Spanned};

use super::{
    file::{Entry, File, Mistake, Names, Text},
    wanted::{Target, Update, WantedKey},
};
use crate::{
    catalog::{self, Level},
    service::Service,
};

/// The keys of the file, or everything that is wrong with it. `org` is for keys
/// whose organization the file does not name.
pub(crate) fn check(
    file: File,
    org: Option<&OrgId>,
    service: Service,
) -> Result<Vec<WantedKey>, Vec<Mistake>> {
    let mut checker = Checker {
        service,
        mistakes: Vec::new(),
    };
    let keys = checker.file(file, org);
    checker.mistakes.sort_unstable();
    // What is shared by an anchor is wrong once.
    checker.mistakes.dedup();
    if checker.mistakes.is_empty() {
        Ok(keys)
    } else {
        Err(checker.mistakes)
    }
}

struct Checker {
    service: Service,
    mistakes: Vec<Mistake>,
}

impl Checker {
    fn wrong(&mut self, place: Location, message: impl Into<String>) {
        self.mistakes.push(Mistake::at(place, message));
    }

    fn file(&mut self, file: File, org: Option<&OrgId>) -> Vec<WantedKey> {
        self.strange(&file.strange, "the file", &["org", "keys"]);
        let org = match &file.org {
            Some(text) => self.id(text),
            None => org.cloned(),
        };
        let Some(entries) = file.keys else {
            self.mistakes.push(Mistake {
                line: 1,
                column: 1,
                message: "the file has no keys; it needs a list of that name".to_owned(),
            });
            return Vec::new();
        };
        if entries.value.is_empty() {
            self.wrong(entries.referenced, "there is no key in the list");
        }
        let has_org = org.is_some() || file.org.is_some();
        if let Some(entry) = entries.value.iter().find(|entry| entry.value.org.is_none())
            && !has_org
        {
            self.wrong(
                entry.referenced,
                "no organization is named; add org to the key or at the top of the file, \
                 or give --org",
            );
        }
        let mut seen = HashMap::new();
        let mut keys = Vec::with_capacity(entries.value.len());
        for entry in entries.value {
            keys.extend(self.entry(entry, org.as_ref(), &mut seen));
        }
        keys
    }

    fn entry(
        &mut self,
        Spanned {
            value: entry,
            referenced: place,
            ..
        }: Spanned<Entry>,
        org: Option<&OrgId>,
        seen: &mut HashMap<ApiKeyId, u64>,
    ) -> Option<WantedKey> {
        let fields = ["id", "org", "desc", "roles", "projects"];
        self.strange(&entry.strange, "a key", &fields);
        let id = match &entry.id {
            Some(text) => self.id::<ApiKeyId>(text).inspect(|id| {
                if let Some(line) = seen.insert(id.clone(), text.referenced.line()) {
                    self.wrong(
                        text.referenced,
                        format!("API key {id} is in the file twice, first in line {line}"),
                    );
                }
            }),
            None => {
                self.wrong(place, "this key has no id");
                None
            }
        };
        let org = match &entry.org {
            Some(text) => self.id::<OrgId>(text),
            None => org.cloned(),
        };
        let updates = self.updates(&entry, place, org.as_ref());
        Some(WantedKey {
            line: place.line(),
            id: id?,
            org: org?,
            updates,
        })
    }

    fn updates(&mut self, entry: &Entry, place: Location, org: Option<&OrgId>) -> Vec<Update> {
        let mut updates = Vec::new();
        let desc = entry.desc.as_ref().map(|text| self.description(text));
        let roles = entry
            .roles
            .as_ref()
            .map(|names| self.roles(names, Level::Organization));
        let projects = entry.projects.as_ref().map(|projects| &projects.value.0);
        if desc.is_none() && roles.is_none() && projects.is_none_or(Vec::is_empty) {
            self.wrong(
                place,
                "nothing is asked for this key; give it desc, roles or projects",
            );
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
        for (project, names) in projects.into_iter().flatten() {
            let roles = self.roles(names, Level::Project);
            let Some(id) = self.id(project) else { continue };
            if let Some(line) = seen.insert(project.value.as_str(), project.referenced.line()) {
                let message = format!("project {id} is here twice, first in line {line}");
                self.wrong(project.referenced, message);
            }
            updates.push(Update {
                target: Target::Project(id),
                desc: None,
                roles: Some(roles),
            });
        }
        updates
    }

    fn id<T: FromStr<Err = ParseError>>(&mut self, text: &Text) -> Option<T> {
        text.value
            .parse()
            .map_err(|error: ParseError| self.wrong(text.referenced, error.to_string()))
            .ok()
    }

    fn description(&mut self, text: &Text) -> String {
        let limits = catalog::description_length(self.service);
        let length = text.value.chars().count() as u64;
        if !limits.contains(&length) {
            let message = format!(
                "the description has {length} characters; {} to {} are taken",
                limits.start(),
                limits.end()
            );
            self.wrong(text.referenced, message);
        }
        if text.value.contains(char::is_control) {
            self.wrong(
                text.referenced,
                "the description has control characters, such as the end of a line",
            );
        }
        text.value.clone()
    }

    fn roles(&mut self, names: &Names, level: Level) -> Vec<String> {
        if names.value.is_empty() {
            self.wrong(
                names.referenced,
                "the list of roles is empty; a key needs at least one, or leave the list out",
            );
        }
        let mut roles: Vec<String> = Vec::with_capacity(names.value.len());
        for name in &names.value {
            let role = &name.value;
            if role.trim().is_empty() {
                self.wrong(name.referenced, "the name of a role is empty");
            } else if role.starts_with(level.other().prefix()) {
                let message = format!(
                    "{} is a role in {}s; only {} roles are allowed here",
                    role.escape_debug(),
                    level.other().name(),
                    level.name()
                );
                self.wrong(name.referenced, message);
            } else if roles.contains(role) {
                let message = format!("{} is in the list twice", role.escape_debug());
                self.wrong(name.referenced, message);
            }
            roles.push(role.clone());
        }
        roles
    }

    fn strange(&mut self, names: &[Text], place: &str, fields: &[&str]) {
        for name in names {
            let text = name.value.as_str();
            let message = if fields.contains(&text) {
                format!("{text} is here twice")
            } else {
                format!(
                    "{place} has no field {}; there are {}",
                    text.escape_debug(),
                    fields.join(", ")
                )
            };
            self.wrong(name.referenced, message);
        }
    }
}

/// A remark for each role that the service does not list, once.
pub(crate) fn remarks(keys: &[WantedKey], service: Service) -> Vec<String> {
    let mut remarks: Vec<String> = keys
        .iter()
        .flat_map(|key| &key.updates)
        .flat_map(|update| {
            let level = match update.target {
                Target::Org(_) => Level::Organization,
                Target::Project(_) => Level::Project,
            };
            let roles = update.roles.iter().flatten();
            roles.filter_map(move |role| catalog::remark(service, level, role))
        })
        .collect();
    remarks.sort_unstable();
    remarks.dedup();
    remarks
}
