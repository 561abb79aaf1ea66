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
    let id = match &key["key"] {
        Value::Null => field(&key["updates"][0]["desc"]["to"]),
        id => field(id),
    };
    let mut notes = Vec::new();
    match key["action"].as_str() {
        Some("create") => notes.push("**new**"),
        Some("delete") => notes.push("**deleted**"),
        _ => {}
    }
    if key["callingKey"] == true {
        notes.push("signs in");
    }
    let note = match notes.as_slice() {
        [] => String::new(),
        notes => format!(" ({})", notes.join(", ")),
    };
    let row = |place: &str, removes: &Value, adds: &Value, desc: &str| {
        let (removes, adds) = (names(removes), names(adds));
        format!("| {id}{note} | {place} | {removes} | {adds} | {desc} |\n")
    };
    let mut rows = String::new();
    for orphan in items(&key["orphans"]) {
        let place = format!(
            "first deletes {}, whose private key was lost",
            field(orphan)
        );
        rows.push_str(&row(&place, &Value::Null, &Value::Null, ""));
    }
    for update in items(&key["updates"]) {
        let place = match (&update["project"], &update["accessList"]) {
            (Value::String(project), _) => format!("project {}", code(project)),
            (_, Value::String(_)) => "access list".to_owned(),
            _ => "organization".to_owned(),
        };
        let desc = match &update["desc"] {
            Value::Null => String::new(),
            desc => format!("{} → {}", field(&desc["from"]), field(&desc["to"])),
        };
        rows.push_str(&row(&place, &update["remove"], &update["add"], &desc));
        for (project, roles) in update["present"]["projects"]
            .as_object()
            .into_iter()
            .flatten()
        {
            let place = format!("project {}", code(project));
            rows.push_str(&row(&place, roles, &Value::Null, ""));
        }
    }
    rows
}

fn unreadable_row(key: &Value) -> String {
    let key_name = match &key["key"] {
        Value::Null => field(&key["desc"]),
        id => field(id),
    };
    format!("| {key_name} | {} |\n", message(&key["error"]))
}

fn names(names: &Value) -> String {
    items(names).map(field).collect::<Vec<_>>().join(" ")
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
