//! The manifest of keys as they are.

use std::collections::BTreeMap;

use atlas_admin::{ApiKey, OrgId, sanitize};
use serde::Serialize;

use crate::{
    commands::apply::manifest::{desc_problems, role_problem},
    error::CliError,
    roles::{KnownRoles, RoleScope},
    ui::to_quoted_yaml,
};

#[derive(Serialize)]
pub(super) struct Document {
    org: OrgId,
    keys: Vec<Key>,
    /// The keys of which a manifest can say nothing, and why.
    #[serde(skip)]
    omitted: Vec<(String, Vec<String>)>,
}

#[derive(Serialize)]
struct Key {
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    desc: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    roles: Vec<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    projects: BTreeMap<String, Vec<String>>,
    #[serde(skip)]
    public_key: Option<String>,
    /// What is left out, and why.
    #[serde(skip)]
    problems: Vec<String>,
}

impl Document {
    pub(super) fn new(org: OrgId, keys: &[&ApiKey], known_roles: &KnownRoles) -> Self {
        let mut document = Self {
            org,
            keys: Vec::with_capacity(keys.len()),
            omitted: Vec::new(),
        };
        for key in keys {
            let key = Key::new(key, known_roles);
            if key.desc.is_none() && key.roles.is_empty() && key.projects.is_empty() {
                document.omitted.push((key.id, key.problems));
            } else {
                document.keys.push(key);
            }
        }
        document
    }

    pub(super) fn len(&self) -> usize {
        self.keys.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Returns what is left out.
    pub(super) fn warnings(&self) -> impl Iterator<Item = String> {
        let fields = self.keys.iter().flat_map(|key| {
            let problems = key.problems.iter();
            problems.map(move |problem| format!("API key {}: {problem}", key.id))
        });
        let omitted = self
            .omitted
            .iter()
            .map(|(id, problems)| format!("API key {id} is left out{}", reasons(problems)));
        fields.chain(omitted)
    }

    /// Returns the manifest with comments.
    pub(super) fn to_yaml(&self) -> Result<String, CliError> {
        let mut yaml = format!("org: {}\nkeys:\n", id(&self.org));
        for key in &self.keys {
            if let Some(public_key) = &key.public_key {
                yaml.push_str(&comment(&format!("public key {public_key}")));
            }
            for problem in &key.problems {
                yaml.push_str(&comment(problem));
            }
            yaml.push_str(&format!("  - id: {}\n", id(&key.id)));
            if let Some(desc) = &key.desc {
                yaml.push_str(&format!("    desc: {}\n", quoted(desc)?));
            }
            if !key.roles.is_empty() {
                yaml.push_str(&format!("    roles: {}\n", roles(&key.roles)?));
            }
            if !key.projects.is_empty() {
                yaml.push_str("    projects:\n");
            }
            for (project, names) in &key.projects {
                yaml.push_str(&format!("      {}: {}\n", id(project), roles(names)?));
            }
        }
        for (id, problems) in &self.omitted {
            let text = format!("API key {id} is left out{}", reasons(problems));
            yaml.push_str(&comment(&text));
        }
        Ok(yaml)
    }
}

impl Key {
    fn new(key: &ApiKey, known_roles: &KnownRoles) -> Self {
        let mut problems = Vec::new();
        let desc = key.desc.as_ref().filter(|desc| {
            let problem = desc_problems(desc).next();
            problems.extend(problem.map(|problem| format!("no desc, because {problem}")));
            problems.is_empty()
        });
        let mut places = BTreeMap::<_, Vec<String>>::new();
        for role in &key.roles {
            let place = role.project_id.as_ref().map(ToString::to_string);
            places
                .entry(place)
                .or_default()
                .push(role.role_name.clone());
        }
        let mut org = Vec::new();
        let mut projects = BTreeMap::new();
        for (project, mut names) in places {
            names.sort_unstable();
            names.dedup();
            let (scope, place) = match &project {
                None => (RoleScope::Organization, "the organization".to_owned()),
                Some(project) => (RoleScope::Project, format!("project {project}")),
            };
            let problem = names
                .iter()
                .find_map(|role| role_problem(known_roles, scope, role));
            if let Some(problem) = problem {
                problems.push(format!("no roles in {place}, because {problem}"));
                continue;
            }
            match project {
                None => org = names,
                Some(project) => {
                    projects.insert(project, names);
                }
            }
        }
        Self {
            id: key.id.to_string(),
            desc: desc.cloned(),
            roles: org,
            projects,
            public_key: key.public_key.clone(),
            problems,
        }
    }
}

/// Returns why a key is left out.
fn reasons(problems: &[String]) -> String {
    match problems {
        [] => ": it has no description and no roles".to_owned(),
        problems => format!(": {}", problems.join("; ")),
    }
}

fn comment(text: &str) -> String {
    format!("  # {}\n", sanitize(text))
}

/// Returns an ID, in quotes if it could be taken for a number.
fn id(id: &str) -> String {
    if id.contains(|c| matches!(c, 'a'..='d' | 'f')) {
        id.to_owned()
    } else {
        format!("\"{id}\"")
    }
}

fn roles(names: &[String]) -> Result<String, CliError> {
    let is_plain = |name: &str| {
        name.starts_with(|c: char| c.is_ascii_uppercase())
            && name.contains('_')
            && name.chars().all(|c| c.is_ascii_uppercase() || c == '_')
    };
    let names = names.iter().map(|name| match is_plain(name) {
        true => Ok(name.clone()),
        false => quoted(name),
    });
    Ok(format!(
        "[{}]",
        names.collect::<Result<Vec<_>, _>>()?.join(", ")
    ))
}

fn quoted(text: &str) -> Result<String, CliError> {
    let quoted = to_quoted_yaml(&text)
        .map_err(|error| CliError::local("cannot encode the manifest", error))?;
    Ok(quoted.trim_end().to_owned())
}
