//! The entry of `CHANGELOG.md` for a new document.

use std::fmt::Write;

use anyhow::{Context, Result};

use crate::{
    diff::{Class, Report},
    lock::Lock,
};

/// Where it is, from the root of the workspace.
pub const PATH: &str = "CHANGELOG.md";

const UNRELEASED: &str = "## Unreleased\n";

/// `changelog` with an entry at the head of what is not released yet.
pub fn with_entry(changelog: &str, lock: &Lock, report: &Report) -> Result<String> {
    let (before, after) = changelog
        .split_once(UNRELEASED)
        .with_context(|| format!("{PATH}: no line '{}'", UNRELEASED.trim_end()))?;
    let entry = entry(lock, report);
    Ok(format!(
        "{before}{UNRELEASED}\n{entry}{}",
        after.trim_start_matches('\n')
    ))
}

fn entry(lock: &Lock, report: &Report) -> String {
    let mut entry = format!("- Atlas v2 as of {}: {}.\n", lock.date, report.verdict);
    for class in [Class::Breaking, Class::Behavioural, Class::Additive] {
        let mut meanings: Vec<&str> = Vec::new();
        for change in report.of(class) {
            let is_news = !change.meaning.starts_with("Nothing");
            if is_news && !meanings.contains(&change.meaning.as_str()) {
                meanings.push(&change.meaning);
            }
        }
        for meaning in meanings {
            let _ = writeln!(entry, "  - {class}: {meaning}");
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
        let change = |class, meaning: &str| Change {
            class,
            service: "s".to_owned(),
            operation: "o".to_owned(),
            pointer: "/p".to_owned(),
            was: Value::Null,
            now: Value::Null,
            meaning: meaning.to_owned(),
            rule: None,
        };
        let report = Report {
            verdict: "behavioural".to_owned(),
            changes: vec![
                change(Class::Behavioural, "A may be null."),
                change(Class::Behavioural, "Nothing: B is not checked."),
                change(Class::Additive, "C is new."),
                change(Class::Additive, "C is new."),
                change(Class::Cosmetic, "D has another name."),
            ],
        };
        let lock = Lock::new("v2-2026-08-21.yaml", "text", None);
        let changelog = "# Changelog\n\n## Unreleased\n\n- Older.\n\n## 0.1.0\n";
        insta::assert_snapshot!(with_entry(changelog, &lock, &report).unwrap());
    }

    #[test]
    fn a_changelog_without_the_heading_is_an_error() {
        let report = Report {
            verdict: "unchanged".to_owned(),
            changes: Vec::new(),
        };
        let lock = Lock::new("v2-2026-08-21.yaml", "text", None);
        assert!(with_entry("# Changelog\n", &lock, &report).is_err());
    }
}
