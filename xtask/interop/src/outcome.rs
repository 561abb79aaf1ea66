//! The outcome of one test.

use std::fmt;

use anyhow::{Error, Result};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    Pass,
    Fail(String),
    /// This machine does not have the other program.
    Skipped(String),
    /// The other program does nothing that could fail.
    NotApplicable(String),
}

impl Outcome {
    pub(crate) fn skipped(error: &Error) -> Self {
        Self::Skipped(one_line(error))
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail(_) => "FAIL",
            Self::Skipped(_) => "SKIPPED",
            Self::NotApplicable(_) => "not applicable",
        }
    }
}

impl From<Result<()>> for Outcome {
    fn from(result: Result<()>) -> Self {
        match result {
            Ok(()) => Self::Pass,
            Err(error) => Self::Fail(one_line(&error)),
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())?;
        match self {
            Self::Pass => Ok(()),
            Self::Fail(reason) | Self::Skipped(reason) | Self::NotApplicable(reason) => {
                write!(f, ": {reason}")
            }
        }
    }
}

/// Formats an error for a cell of a table.
fn one_line(error: &Error) -> String {
    let text = format!("{error:#}");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Returns whether at least one test passed, none failed and, if all are required, none was
/// skipped.
pub(crate) fn passes(outcomes: &[Outcome], require_all: bool) -> bool {
    let has = |kind: fn(&Outcome) -> bool| outcomes.iter().any(kind);
    has(|it| matches!(it, Outcome::Pass))
        && !has(|it| matches!(it, Outcome::Fail(_)))
        && !(require_all && has(|it| matches!(it, Outcome::Skipped(_))))
}

/// Counts the outcomes of each kind, such as `12 pass, 1 SKIPPED`.
pub(crate) fn counts(outcomes: &[Outcome]) -> String {
    let mut kinds: Vec<(&str, usize)> = Vec::new();
    for outcome in outcomes {
        let name = outcome.name();
        match kinds.iter_mut().find(|(kind, _)| *kind == name) {
            Some((_, count)) => *count += 1,
            None => kinds.push((name, 1)),
        }
    }
    let kinds = kinds.iter().map(|(kind, count)| format!("{count} {kind}"));
    kinds.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use anyhow::anyhow;

    use super::*;

    #[test]
    fn a_failure_fails_and_so_does_a_skipped_test_if_all_are_required() {
        let failed = Outcome::from(Err(anyhow!("status 500").context("the\nfirst update")));
        assert_eq!(failed.to_string(), "FAIL: the first update: status 500");
        let skipped = Outcome::skipped(&anyhow!("no python3"));
        assert_eq!(skipped.to_string(), "SKIPPED: no python3");
        let not_applicable = Outcome::NotApplicable("it always requests a challenge".to_owned());
        let pass = Outcome::from(Ok(()));

        assert!(passes(std::slice::from_ref(&pass), true));
        assert!(!passes(&[], false), "nothing was tested");
        let rows = [pass.clone(), skipped.clone()];
        assert!(passes(&rows, false));
        assert!(!passes(&rows, true));
        assert!(!passes(&rows[1..], false), "nothing was tested");
        let rows = [pass.clone(), not_applicable.clone()];
        assert!(passes(&rows, true));
        assert!(!passes(&rows[1..], false), "nothing was tested");
        let rows = [pass, failed, skipped, not_applicable];
        assert!(!passes(&rows, false));
        assert_eq!(counts(&rows), "1 pass, 1 FAIL, 1 SKIPPED, 1 not applicable");
    }
}
