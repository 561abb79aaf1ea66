//! The entry of `CHANGELOG.md` for a new document.

use std::fmt::Write;

use anyhow::{Context, Result};

use crate::{
    diff::{Report, Severity},
    document::sanitize::sanitize,
    upstream::lock::Lock,
};

/// The path of the file, from the root of the workspace.
pub const PATH: &str = "CHANGELOG.md";

const UNRELEASED: &str = "## Unreleased\n";

/// Returns `changelog` with an entry at the top of its unreleased section, about the service
/// called `title`.
pub fn with_entry(changelog: &str, title: &str, lock: &Lock, report: &Report) -> Result<String> {
    let (before, after) = changelog
        .split_once(UNRELEASED)
        .with_context(|| format!("{PATH}: no line '{}'", UNRELEASED.trim_end()))?;
    let entry = entry(title, lock, report);
    Ok(format!(
        "{before}{UNRELEASED}\n{entry}{}",
        after.trim_start_matches('\n')
    ))
}

fn entry(title: &str, lock: &Lock, report: &Report) -> String {
    let mut entry = format!("- {title} as of {}: {}.\n", lock.date, report.verdict);
    for severity in [
        Severity::Breaking,
        Severity::Behavioural,
        Severity::Additive,
    ] {
        let mut impacts: Vec<&str> = Vec::new();
        for change in report.of(severity) {
            let is_news = !change.impact.starts_with("No impact");
            if is_news && !impacts.contains(&change.impact.as_str()) {
                impacts.push(&change.impact);
            }
        }
        for impact in impacts {
            let _ = writeln!(entry, "  - {severity}: {}", sanitize(impact));
        }
    }
    entry
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::diff::Change;

    #[test]
    fn the_newest_entry_stands_first_and_says_each_thing_once() {
        let change = |severity, impact: &str| Change {
            severity,
            service: "s".to_owned(),
            operation: "o".to_owned(),
            pointer: "/p".to_owned(),
            before: Value::Null,
            after: Value::Null,
            impact: impact.to_owned(),
            rule: None,
        };
        let report = Report {
            verdict: "behavioural".to_owned(),
            changes: vec![
                change(Severity::Behavioural, "A may be null."),
                change(Severity::Behavioural, "No impact: B is not checked."),
                change(Severity::Additive, "C is new."),
                change(Severity::Additive, "C is new."),
                change(Severity::Cosmetic, "D has another name."),
            ],
        };
        let lock = Lock::new("v2-2026-08-21.yaml", "text", None);
        let changelog = "# Changelog\n\n## Unreleased\n\n- Older.\n\n## 0.1.0\n";
        insta::assert_snapshot!(with_entry(changelog, "Atlas v2", &lock, &report).unwrap());
    }

    #[test]
    fn a_changelog_without_the_heading_is_an_error() {
        let report = Report {
            verdict: "unchanged".to_owned(),
            changes: Vec::new(),
        };
        let lock = Lock::new("v2-2026-08-21.yaml", "text", None);
        assert!(with_entry("# Changelog\n", "Atlas v2", &lock, &report).is_err());
    }
}
