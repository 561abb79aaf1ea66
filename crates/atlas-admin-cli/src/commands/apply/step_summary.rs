//! The plan and the result as Markdown, for the step summary of GitHub Actions.

use serde_json::Value;

use super::summary::Summary;
use crate::ui::{markdown::code, table::count};

/// Room for what follows a table that was cut.
const RESERVE: usize = 16 * 1024;

/// Returns the plan, from its JSON form, in at most `room` bytes.
pub(super) fn plan(totals: &str, plan: &Value, room: usize) -> String {
    let mut text = format!("\n## atlas-admin apply: plan\n\n{totals}\n");
    let changes: Vec<_> = items(&plan["keys"]).map(change_rows).collect();
    let header = "API key | where | removes | adds | description";
    push_table(&mut text, header, &changes, room);
    let unreadable: Vec<_> = items(&plan["unreadable"]).map(unreadable_row).collect();
    push_table(&mut text, "API key | cannot be read", &unreadable, room);
    text
}

/// Returns the result of a run.
pub(super) fn result(summary: &Summary) -> String {
    let mut text =
        "\n## atlas-admin apply: result\n\n| outcome | updates |\n| --- | --- |\n".to_owned();
    for (outcome, number) in summary.outcomes() {
        text.push_str(&format!("| {outcome} | {number} |\n"));
    }
    if let Some(error) = &summary.error {
        text.push_str(&format!("\nFirst failure: {}\n", message(error)));
    }
    text
}

/// Adds a table of keys with rows for each, as many as fit.
fn push_table(text: &mut String, header: &str, keys: &[String], room: usize) {
    if keys.is_empty() {
        return;
    }
    let rule = vec!["---"; header.split('|').count()].join(" | ");
    text.push_str(&format!("\n| {header} |\n| {rule} |\n"));
    for (index, rows) in keys.iter().enumerate() {
        if text.len() + rows.len() + RESERVE > room {
            let more = count(keys.len() - index, "more key");
            text.push_str(&format!("\nAnd {more}, which GitHub would not show.\n"));
            return;
        }
        text.push_str(rows);
    }
}

/// Returns a row for each update of a key.
fn change_rows(key: &Value) -> String {
    let id = field(&key["key"]);
    let note = if key["callingKey"] == true {
        " (signs in)"
    } else {
        ""
    };
    let row = |update: &Value| {
        let target = match update["project"].as_str() {
            Some(project) => format!("project {}", code(project)),
            None => "organization".to_owned(),
        };
        let (removes, adds) = (roles(&update["remove"]), roles(&update["add"]));
        let desc = match &update["desc"] {
            Value::Null => String::new(),
            desc => format!("{} → {}", field(&desc["from"]), field(&desc["to"])),
        };
        format!("| {id}{note} | {target} | {removes} | {adds} | {desc} |\n")
    };
    items(&key["updates"]).map(row).collect()
}

fn unreadable_row(key: &Value) -> String {
    format!("| {} | {} |\n", field(&key["key"]), message(&key["error"]))
}

fn roles(roles: &Value) -> String {
    items(roles).map(field).collect::<Vec<_>>().join(" ")
}

fn message(error: &Value) -> String {
    field(&error["message"])
}

fn field(text: &Value) -> String {
    text.as_str().map_or("none".to_owned(), code)
}

fn items(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}
