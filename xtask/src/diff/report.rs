//! A comparison of documents, for people and for programs.

use std::fmt::Write;

use anyhow::Result;
use serde_json::Value;

use crate::{
    diff::{ALL, Change, Report, Severity},
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
    for group in groups(report.changes.iter()) {
        let change = group.change;
        let _ = writeln!(
            text,
            "\n{:<12} {}: {}",
            change.severity,
            change.service,
            group.names(", ")
        );
        for pointer in group.pointers {
            let _ = writeln!(text, "  {}", sanitize(pointer));
        }
        let _ = writeln!(
            text,
            "  {}\n  {}",
            sanitize(&step(&change.before, &change.after)),
            sanitize(&change.impact)
        );
        if let Some(rule) = change.rule {
            let _ = writeln!(text, "  rule: {rule}");
        }
    }
    text
}

/// The same change in several places.
struct Group<'a> {
    change: &'a Change,
    operations: Vec<&'a str>,
    pointers: Vec<&'a str>,
}

impl Group<'_> {
    /// Returns the names of the operations, or their number if it is large.
    fn names(&self, separator: &str) -> String {
        const MANY: usize = 6;
        match self.operations.len() {
            _ if self.operations.contains(&ALL) => ALL.to_owned(),
            count if count > MANY => format!("{count} operations"),
            _ => self.operations.join(separator),
        }
    }

    /// Returns the first pointers for a cell of a table, and the number of the others.
    fn places(&self) -> String {
        const SHOWN: usize = 2;
        let shown = self.pointers.iter().take(SHOWN);
        let mut places: Vec<_> = shown
            .map(|pointer| format!("`{}`", cell(pointer)))
            .collect();
        match self.pointers.len().saturating_sub(SHOWN) {
            0 => {}
            1 => places.push("and another".to_owned()),
            more => places.push(format!("and {more} more")),
        }
        places.join("<br>")
    }
}

/// Puts equal changes together, in the order of the first of each.
fn groups<'a>(changes: impl Iterator<Item = &'a Change>) -> Vec<Group<'a>> {
    let mut groups: Vec<Group<'a>> = Vec::new();
    for change in changes {
        let is_same = |group: &&mut Group<'a>| {
            let other = group.change;
            other.severity == change.severity
                && other.rule == change.rule
                && other.impact == change.impact
                && other.before == change.before
                && other.after == change.after
        };
        let operations = change.operation.split(", ");
        match groups.iter_mut().find(is_same) {
            Some(group) => {
                for operation in operations {
                    if !group.operations.contains(&operation) {
                        group.operations.push(operation);
                    }
                }
                group.pointers.push(&change.pointer);
            }
            None => groups.push(Group {
                change,
                operations: operations.collect(),
                pointers: vec![&change.pointer],
            }),
        }
    }
    groups
}

/// Writes a table for each severity. What has no impact is folded.
fn markdown(report: &Report) -> String {
    let mut text = format!("**{}**\n", headline(report));
    for severity in Severity::WORST_FIRST {
        let groups = groups(report.of(severity));
        if groups.is_empty() {
            continue;
        }
        let is_folded = severity == Severity::Cosmetic;
        text += &match is_folded {
            true => format!("\n<details>\n<summary>{severity}</summary>\n"),
            false => format!("\n### {severity}\n"),
        };
        text += "\n| operation | for users | what | where |\n| --- | --- | --- | --- |\n";
        for group in groups {
            let change = group.change;
            let cells = [
                group.names("<br>"),
                cell(&change.impact),
                cell(&step(&change.before, &change.after)),
                group.places(),
            ];
            let _ = writeln!(text, "| {} |", cells.join(" | "));
        }
        if is_folded {
            text += "\n</details>\n";
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_same_change_in_many_places_is_told_once() {
        let change = |operation: &str, status: &str| Change {
            severity: Severity::Additive,
            service: "s".to_owned(),
            operation: operation.to_owned(),
            pointer: format!("/paths/{operation}/{status}"),
            before: Value::Null,
            after: json!(status),
            impact: "More.".to_owned(),
            rule: None,
        };
        let operations = ["a", "b", "c", "d", "e", "f", "g"];
        let changes = operations.map(|operation| change(operation, "429"));
        let six = operations[..6].iter();
        let six = six.map(|operation| change(operation, "404"));
        let others = [
            change("a", "409"),
            change("b", "409"),
            change("all", "500"),
            change("a", "500"),
        ];
        let report = Report {
            verdict: "additive".to_owned(),
            changes: changes.into_iter().chain(six).chain(others).collect(),
        };
        for format in [Format::Text, Format::Markdown] {
            insta::assert_snapshot!(
                format!("{format:?}").to_lowercase(),
                write(&report, format).unwrap()
            );
        }
    }
}
