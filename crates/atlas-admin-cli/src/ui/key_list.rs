//! How lists of API keys are printed.

use std::fmt;

use atlas_admin::{AccessListEntry, ApiKey, ProjectId, RoleAssignment, sanitize};
use chrono::{DateTime, Utc};
use comfy_table::Table;
use serde::{Serialize, Serializer};

use super::{
    Output, csv,
    table::{count, table, time},
    word,
};
use crate::{args::Format, error::CliError};

/// A key in a list.
#[derive(Serialize)]
pub(crate) struct ListedKey {
    #[serde(flatten)]
    pub(crate) key: ApiKey,
    created: DateTime<Utc>,
    /// `None` if the access list was not read.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub(crate) usage: Option<Usage>,
}

/// What a key's access list tells about its use.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Usage {
    pub(crate) access_list: Vec<AccessListEntry>,
    pub(crate) last_used: LastUse,
}

/// When a key was last used.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum LastUse {
    At(DateTime<Utc>),
    /// No request came from any entry.
    Never,
    /// Services record use in the entries of an access list only.
    Unknown,
}

impl ListedKey {
    pub(crate) fn new(key: ApiKey, access_list: Option<Vec<AccessListEntry>>) -> Self {
        Self {
            created: key.created_at(),
            key,
            usage: access_list.map(Usage::new),
        }
    }

    pub(crate) fn without_usage(keys: Vec<ApiKey>) -> Vec<Self> {
        keys.into_iter().map(|key| Self::new(key, None)).collect()
    }
}

impl Usage {
    fn new(access_list: Vec<AccessListEntry>) -> Self {
        let latest = access_list.iter().filter_map(|entry| entry.last_used).max();
        let is_unused = |entry: &AccessListEntry| matches!(entry.count, None | Some(0));
        let last_used = match latest {
            Some(time) => LastUse::At(time),
            None if access_list.is_empty() || !access_list.iter().all(is_unused) => {
                LastUse::Unknown
            }
            None => LastUse::Never,
        };
        Self {
            access_list,
            last_used,
        }
    }

    fn requests(&self) -> u64 {
        let counts = self.access_list.iter().filter_map(|entry| entry.count);
        counts.map(u64::from).sum()
    }
}

impl fmt::Display for LastUse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::At(at) => f.write_str(&time(*at)),
            Self::Never => f.write_str("never"),
            Self::Unknown => f.write_str("unknown"),
        }
    }
}

impl Serialize for LastUse {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Prints keys; the table has their roles in the project, if there is one.
pub(crate) fn print(
    keys: &Vec<ListedKey>,
    project: Option<&ProjectId>,
    output: &Output,
) -> Result<(), CliError> {
    match output.format {
        Format::Csv => print_csv(keys, output),
        _ => output.result(keys, |keys| rows(keys, project)),
    }
}

/// Returns a table of the keys, with their roles in the project, if there is one.
pub(crate) fn rows(keys: &[ListedKey], project: Option<&ProjectId>) -> Table {
    let has_usage = keys.iter().any(|listed| listed.usage.is_some());
    let mut table = table();
    let mut header = vec!["ID", "PUBLIC KEY", "CREATED", "DESCRIPTION", "ROLES"];
    if has_usage {
        header.extend(["ENTRIES", "LAST USED"]);
    }
    table.set_header(header);
    for ListedKey {
        key,
        created,
        usage,
    } in keys
    {
        let mut cells = vec![
            key.id.to_string(),
            sanitize(key.public_key.as_deref().unwrap_or_default()).into_owned(),
            time(*created),
            sanitize(key.desc.as_deref().unwrap_or_default()).into_owned(),
            short_roles(key, project),
        ];
        if let Some(usage) = usage {
            cells.push(usage.access_list.len().to_string());
            cells.push(usage.last_used.to_string());
        }
        table.add_row(cells);
    }
    table
}

/// Returns the key's roles in the project, or those in the organization and the number of
/// projects.
fn short_roles(key: &ApiKey, project: Option<&ProjectId>) -> String {
    let roles = key.roles.iter();
    let mut names: Vec<_> = roles
        .filter(|role| role.project_id.as_ref() == project)
        .map(|role| word(&role.role_name).into_owned())
        .collect();
    names.sort_unstable();
    if project.is_none() {
        let roles = key.roles.iter();
        let mut projects: Vec<_> = roles.filter_map(|role| role.project_id.as_ref()).collect();
        projects.sort_unstable();
        projects.dedup();
        if !projects.is_empty() {
            names.push(count(projects.len(), "project"));
        }
    }
    names.join(", ")
}

/// Prints the same columns for every list, so that programs can count on them; those of an access
/// list that was not read are empty.
fn print_csv(keys: &[ListedKey], output: &Output) -> Result<(), CliError> {
    let header = [
        "id",
        "publicKey",
        "created",
        "desc",
        "orgRoles",
        "projectRoles",
        "accessListEntries",
        "requests",
        "lastUsed",
    ];
    let rows = keys.iter().map(|listed| {
        let ListedKey {
            key,
            created,
            usage,
        } = listed;
        let from_usage = |text: fn(&Usage) -> String| usage.as_ref().map(text).unwrap_or_default();
        [
            key.id.to_string(),
            key.public_key.clone().unwrap_or_default(),
            time(*created),
            key.desc.clone().unwrap_or_default(),
            joined(key, |role| match role.project_id {
                None => Some(role.role_name.clone()),
                Some(_) => None,
            }),
            joined(key, |role| {
                let project = role.project_id.as_ref()?;
                Some(format!("{project}:{}", role.role_name))
            }),
            from_usage(|usage| usage.access_list.len().to_string()),
            from_usage(|usage| usage.requests().to_string()),
            from_usage(|usage| usage.last_used.to_string()),
        ]
    });
    csv::print(header, rows, output)
}

fn joined(key: &ApiKey, name: impl Fn(&RoleAssignment) -> Option<String>) -> String {
    let mut names: Vec<_> = key.roles.iter().filter_map(name).collect();
    names.sort_unstable();
    names.join(" ")
}
