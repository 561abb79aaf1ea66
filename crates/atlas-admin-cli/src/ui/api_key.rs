//! How API keys are printed.

use std::collections::BTreeMap;

use atlas_admin::{ApiKey, Response, sanitize};
use comfy_table::Table;

use super::{
    Output, response,
    table::{render, table},
    word,
};
use crate::error::CliError;

/// Prints the key of a response, and notes about the response.
pub(crate) fn print(key: &Response<ApiKey>, output: &Output) -> Result<(), CliError> {
    output.result::<ApiKey>(key, rows)?;
    response::notes(key, output);
    Ok(())
}

/// Returns a table with a row for each property of the key.
pub(crate) fn rows(key: &ApiKey) -> Table {
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

/// Returns the key in lines for a question, and whether it is that of the caller, whose public
/// key is `caller`.
pub(crate) fn summary(key: &ApiKey, caller: Option<&str>) -> String {
    let mut text = render(&rows(key));
    if caller.is_some() && key.public_key.as_deref() == caller {
        text.push_str("\nThis is the key that signs in.");
    }
    text
}
