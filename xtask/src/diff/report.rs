//! A comparison of documents, for people and for programs.

use std::fmt::Write;

use anyhow::Result;
use serde_json::Value;

use crate::{
    diff::{Change, Report, Severity},
    document::sanitize::sanitize,
};

/// An output format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For a terminal.
    Text,
    /// For a program.
    Json,
    /// For a pull request.
    Markdown,
}

/// Writes `report`, with the rules behind each severity if it has them.
pub fn write(report: &Report, format: Format) -> Result<String> {
    Ok(match format {
        Format::Text => text(report),
        Format::Json => serde_json::to_string_pretty(report)? + "\n",
        Format::Markdown => markdown(report),
    })
}

fn text(report: &Report) -> String {
    let mut text = headline(report) + "\n";
    for change in &report.changes {
        let Change {
            severity,
            service,
            operation,
            pointer,
            before,
            after,
            impact,
            rule,
        } = change;
        let _ = write!(
            text,
            "\n{severity:<12} {service}: {operation}\n  {}\n  {}\n  {}\n",
            sanitize(pointer),
            sanitize(&step(before, after)),
            sanitize(impact),
        );
        if let Some(rule) = rule {
            let _ = writeln!(text, "  rule: {rule}");
        }
    }
    text
}

/// Writes a table for each severity.
fn markdown(report: &Report) -> String {
    let mut text = format!("**{}**\n", headline(report));
    for severity in Severity::WORST_FIRST {
        let changes: Vec<_> = report.of(severity).collect();
        if changes.is_empty() {
            continue;
        }
        let _ = write!(
            text,
            "\n### {severity}\n\n| operation | where | what | for users |\n| --- | --- | --- | --- |\n"
        );
        for change in changes {
            let cells = [
                change.operation.replace(", ", "<br>"),
                format!("`{}`", cell(&change.pointer)),
                cell(&step(&change.before, &change.after)),
                cell(&change.impact),
            ];
            let _ = writeln!(text, "| {} |", cells.join(" | "));
        }
    }
    text
}

/// Returns text of a document as a cell of a table, where it can neither end the cell nor be
/// HTML.
fn cell(text: &str) -> String {
    sanitize(text).replace('|', "\\|").replace('<', "&lt;")
}

/// Returns the verdict with the number of changes of each severity.
fn headline(report: &Report) -> String {
    let counts: Vec<String> = Severity::WORST_FIRST
        .into_iter()
        .map(|severity| (severity, report.of(severity).count()))
        .filter(|(_, count)| *count > 0)
        .map(|(severity, count)| format!("{count} {severity}"))
        .collect();
    if counts.is_empty() {
        "unchanged".to_owned()
    } else {
        format!("{}: {}", report.verdict, counts.join(", "))
    }
}

fn step(before: &Value, after: &Value) -> String {
    match (before, after) {
        (Value::Null, after) => format!("new: {}", short(after)),
        (before, Value::Null) => format!("gone: {}", short(before)),
        (before, after) => format!("{} → {}", short(before), short(after)),
    }
}

/// Returns a value on one line, shortened.
fn short(value: &Value) -> String {
    const LENGTH: usize = 100;
    let text = match value {
        Value::String(text) => text.clone(),
        value => value.to_string(),
    };
    match text.char_indices().nth(LENGTH) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
