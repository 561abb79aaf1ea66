//! An API key on the screen.

use std::collections::BTreeMap;

use atlas_admin::{ApiKey, Response};
use comfy_table::Table;

use crate::{
    exit::Failure,
    output::{Output, printable, table},
};

/// Writes the key that came back, and what there is to say about the answer.
pub(crate) fn show(key: &Response<ApiKey>, output: &Output) -> Result<(), Failure> {
    output.result::<ApiKey>(key, lines)?;
    if let Some(deprecation) = key.deprecation() {
        let date = |date: Option<chrono::DateTime<chrono::Utc>>| {
            date.map_or_else(
                || "a day not named".to_owned(),
                |date| date.date_naive().to_string(),
            )
        };
        output.note(&format!(
            "warning: the version that answered is deprecated since {} and ends on {}; \
             ask for a newer one with --api-version",
            date(deprecation.deprecated_at),
            date(deprecation.sunset_at),
        ));
    }
    if output.is_verbose() {
        let served = key
            .served_version()
            .map(|version| format!(", served by version {version}"));
        let left = key
            .rate_limit()
            .map(|limit| format!(", {} of {} requests left", limit.remaining, limit.limit));
        output.note(&format!(
            "status {}, {} requests{}{}",
            key.status(),
            key.requests_sent(),
            served.unwrap_or_default(),
            left.unwrap_or_default(),
        ));
    }
    Ok(())
}

fn lines(key: &ApiKey) -> Table {
    let mut org = Vec::new();
    let mut projects = BTreeMap::<_, Vec<_>>::new();
    for role in &key.roles {
        let name = printable(&role.role_name);
        match &role.project_id {
            Some(project) => projects.entry(project).or_default().push(name),
            None => org.push(name),
        }
    }
    let joined = |mut names: Vec<String>| {
        names.sort_unstable();
        names.join(", ")
    };
    let mut table = table();
    table.add_row(["API key", &printable(&key.id)]);
    if let Some(desc) = &key.desc {
        table.add_row(["description", &printable(desc)]);
    }
    if let Some(public_key) = &key.public_key {
        table.add_row(["public key", &printable(public_key)]);
    }
    table.add_row(["organization", &joined(org)]);
    for (project, names) in projects {
        table.add_row([format!("project {}", printable(project)), joined(names)]);
    }
    table
}
