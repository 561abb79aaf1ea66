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
            if !meanings.contains(&change.meaning.as_str()) {
                meanings.push(&change.meaning);
            }
        }
        for meaning in meanings {
            let _ = writeln!(entry, "  - {class}: {meaning}");
        }
    }
    entry
}
