//! How an API key is printed.

use std::collections::BTreeMap;

use atlas_admin::{ApiKey, Response, sanitize};
use chrono::{DateTime, Utc};
use comfy_table::Table;

use super::{Output, table::table, word};
use crate::error::CliError;

/// Prints the key of a response, and notes about the response.
pub(crate) fn print(key: &Response<ApiKey>, output: &Output) -> Result<(), CliError> {
    output.result::<ApiKey>(key, rows)?;
    if let Some(deprecation) = key.deprecation() {
        let date = |date: Option<DateTime<Utc>>| {
            date.map_or("an unknown date".to_owned(), |date| {
                date.date_naive().to_string()
            })
        };
        output.note(&format!(
            "warning: this API version has been deprecated since {} and ends on {}; \
             request a newer one with --api-version",
            date(deprecation.deprecated_at),
            date(deprecation.sunset_at),
        ));
    }
    if output.verbose {
        let served = key
            .served_version()
            .map(|version| format!(", served by version {version}"));
        let remaining = key.rate_limit().map(|limit| {
            let (remaining, limit) = (limit.remaining, limit.limit);
            format!(", {remaining} of {limit} requests remaining")
        });
        output.note(&format!(
            "status {}, {} requests sent{}{}",
            key.status(),
            key.requests_sent(),
            served.unwrap_or_default(),
            remaining.unwrap_or_default(),
        ));
    }
    Ok(())
}

fn rows(key: &ApiKey) -> Table {
    let mut org = Vec::new();
    let mut projects = BTreeMap::<_, Vec<_>>::new();
    for role in &key.roles {
        let name = word(&role.role_name);
        match &role.project_id {
            Some(project) => projects.entry(project).or_default().push(name),
            None => org.push(name),
        }
    }
    let mut table = table();
    let mut row = |name: &str, value: &str| {
        table.add_row([name, value]);
    };
    row("API key", &sanitize(&key.id));
    if let Some(desc) = &key.desc {
        row("description", &sanitize(desc));
    }
    if let Some(public_key) = &key.public_key {
        row("public key", &sanitize(public_key));
    }
    org.sort_unstable();
    row("organization", &org.join(", "));
    for (project, mut names) in projects {
        names.sort_unstable();
        row(&format!("project {}", word(project)), &names.join(", "));
    }
    table
}
