//! What became of each client.

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
    Skipped(String),
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

    /// All rows of a client that cannot be had.
    pub(super) fn skipped(client: &str, error: &Error) -> Self {
        let reason = reason(error);
        eprintln!("SKIPPED: {client}: {reason}");
        Self {
            client: client.to_owned(),
            service: "all",
            case: "all".to_owned(),
            outcome: Outcome::Skipped(reason),
        }
    }
}

/// On one line, as a cell of a table is.
fn reason(error: &Error) -> String {
    let text = format!("{error:#}");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether no row failed, at least one passed and, if all are required, none
/// was skipped.
pub(crate) fn passes(rows: &[Row], require_all: bool) -> bool {
    let bad = |row: &Row| match row.outcome {
        Outcome::Pass => false,
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
            match &row.outcome {
                Outcome::Pass => "pass".to_owned(),
                Outcome::Fail(reason) => format!("FAIL: {reason}"),
                Outcome::Skipped(reason) => format!("SKIPPED: {reason}"),
            },
        ]
    });
    table(["client", "service", "case", "result"], 4, cells)
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
        let rows = [passed, failed, skipped];
        assert!(!passes(&rows, false));
        insta::assert_snapshot!(table_of(&rows), @r"
        | client | service  | case      | result                             |
        |--------|----------|-----------|------------------------------------|
        | curl   | Atlas v2 | bad input | pass                               |
        | curl   | Atlas v2 | bad input | FAIL: the first update: status 500 |
        | httpx  | all      | all       | SKIPPED: no python3                |
        ");
    }
}
