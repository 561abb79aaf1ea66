//! What became of each client.

use std::fmt;

use anyhow::{Error, Result};
use atlas_emulator::Service;

use super::service;
use crate::table::table;

/// One client on one service in one case.
pub(crate) struct Row {
    client: String,
    service: &'static str,
    case: String,
    outcome: Outcome,
}

enum Outcome {
    Pass,
    Fail(String),
    /// It could not be had here.
    Skipped(String),
    /// It cannot be had, whatever is done here.
    Unavailable(String),
    /// The client does nothing that could fail.
    NotApplicable(&'static str),
}

impl Row {
    pub(super) fn new(client: &str, service: Service, case: &str, result: Result<()>) -> Self {
        Self {
            client: client.to_owned(),
            service: service::name(service),
            case: case.to_owned(),
            outcome: match result {
                Ok(()) => Outcome::Pass,
                Err(error) => Outcome::Fail(reason(&error)),
            },
        }
    }

    /// A case that would pass with any server.
    pub(super) fn not_applicable(
        client: &str,
        service: Service,
        case: &str,
        reason: &'static str,
    ) -> Self {
        Self {
            outcome: Outcome::NotApplicable(reason),
            ..Self::new(client, service, case, Ok(()))
        }
    }

    /// All rows of a client that cannot be had here.
    pub(super) fn skipped(client: &str, error: &Error) -> Self {
        Self::all(client, Outcome::Skipped(reason(error)))
    }

    /// All rows of a client that its makers, or who hands it out, withhold.
    pub(super) fn unavailable(client: &str, error: &Error) -> Self {
        Self::all(client, Outcome::Unavailable(reason(error)))
    }

    fn all(client: &str, outcome: Outcome) -> Self {
        eprintln!("{client}: {outcome}");
        Self {
            client: client.to_owned(),
            service: "all",
            case: "all".to_owned(),
            outcome,
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.name();
        match self {
            Self::Pass => f.write_str(name),
            Self::Fail(reason) | Self::Skipped(reason) | Self::Unavailable(reason) => {
                write!(f, "{name}: {reason}")
            }
            Self::NotApplicable(reason) => write!(f, "{name}: {reason}"),
        }
    }
}

impl Outcome {
    fn name(&self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail(_) => "FAIL",
            Self::Skipped(_) => "SKIPPED",
            Self::Unavailable(_) => "unavailable",
            Self::NotApplicable(_) => "not applicable",
        }
    }
}

/// On one line, as a cell of a table is.
fn reason(error: &Error) -> String {
    let text = format!("{error:#}");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether no row failed, at least one passed and, if all are required, none
/// was skipped. What is unavailable or not applicable cannot be required.
pub(crate) fn passes(rows: &[Row], require_all: bool) -> bool {
    let bad = |row: &Row| match row.outcome {
        Outcome::Pass | Outcome::Unavailable(_) | Outcome::NotApplicable(_) => false,
        Outcome::Fail(_) => true,
        Outcome::Skipped(_) => require_all,
    };
    let passed = |row: &Row| matches!(row.outcome, Outcome::Pass);
    !rows.iter().any(bad) && rows.iter().any(passed)
}

pub(crate) fn table_of(rows: &[Row]) -> String {
    let cells = rows.iter().map(|row| {
        [
            row.client.clone(),
            row.service.to_owned(),
            row.case.clone(),
            row.outcome.to_string(),
        ]
    });
    let table = table(["client", "service", "case", "result"], 4, cells);
    format!("{table}\n\n{}", counts(rows))
}

/// How many rows there are of each kind.
fn counts(rows: &[Row]) -> String {
    let mut kinds: Vec<(&str, usize)> = Vec::new();
    for row in rows {
        let name = row.outcome.name();
        match kinds.iter_mut().find(|(kind, _)| *kind == name) {
            Some((_, count)) => *count += 1,
            None => kinds.push((name, 1)),
        }
    }
    let kinds: Vec<_> = kinds
        .iter()
        .map(|(kind, count)| format!("{count} {kind}"))
        .collect();
    kinds.join(", ")
}

#[cfg(test)]
mod tests {
    use anyhow::anyhow;

    use super::*;

    #[test]
    fn failures_and_what_was_skipped_are_told() {
        let row = |result| Row::new("curl", Service::AtlasV2, "bad input", result);
        let failed = row(Err(anyhow!("status 500").context("the\nfirst update")));
        let skipped = Row::skipped("httpx", &anyhow!("no python3"));

        assert!(passes(&[row(Ok(()))], true));
        assert!(!passes(&[], false), "nothing was tested");
        let rows = [row(Ok(())), skipped];
        assert!(passes(&rows, false));
        assert!(!passes(&rows, true));
        assert!(!passes(&rows[1..], false), "nothing was tested");
        let [passed, skipped] = rows;
        let why = "it asks always";
        let rows = [
            passed,
            Row::not_applicable("Go", Service::AtlasV2, "stale nonce", why),
            Row::unavailable("Atlas CLI", &anyhow!("403 Forbidden")),
        ];
        assert!(passes(&rows, true), "nobody can have more");
        assert!(!passes(&rows[1..], false), "nothing was tested");
        let [passed, not_applicable, unavailable] = rows;
        let rows = [passed, failed, skipped, not_applicable, unavailable];
        assert!(!passes(&rows, false));
        insta::assert_snapshot!(table_of(&rows), @r"
        | client    | service  | case        | result                             |
        |-----------|----------|-------------|------------------------------------|
        | curl      | Atlas v2 | bad input   | pass                               |
        | curl      | Atlas v2 | bad input   | FAIL: the first update: status 500 |
        | httpx     | all      | all         | SKIPPED: no python3                |
        | Go        | Atlas v2 | stale nonce | not applicable: it asks always     |
        | Atlas CLI | all      | all         | unavailable: 403 Forbidden         |

        1 pass, 1 FAIL, 1 SKIPPED, 1 not applicable, 1 unavailable
        ");
    }
}
