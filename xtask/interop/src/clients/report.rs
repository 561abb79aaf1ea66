//! The result of each case.

use atlas_emulator::Service;
use xtask_support::table;

use super::service;
use crate::outcome::Outcome;

/// One client on one service in one case.
pub(crate) struct Row {
    client: String,
    service: &'static str,
    case: String,
    pub(crate) outcome: Outcome,
}

impl Row {
    pub(super) fn new(
        client: &str,
        service: Service,
        case: &str,
        outcome: impl Into<Outcome>,
    ) -> Self {
        Self {
            client: client.to_owned(),
            service: service::name(service),
            case: case.to_owned(),
            outcome: outcome.into(),
        }
    }

    /// The one row of a client that cannot be installed.
    pub(super) fn skipped(client: &str, error: &anyhow::Error) -> Self {
        let outcome = Outcome::skipped(error);
        eprintln!("{client}: {outcome}");
        Self {
            client: client.to_owned(),
            service: "all",
            case: "all".to_owned(),
            outcome,
        }
    }
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
    table(["client", "service", "case", "result"], 4, cells)
}

#[cfg(test)]
mod tests {
    use anyhow::anyhow;

    use super::*;

    #[test]
    fn each_case_is_a_row() {
        let rows = [
            Row::new("curl", Service::AtlasV2, "bad input", Outcome::Pass),
            Row::skipped("httpx", &anyhow!("no python3")),
        ];
        insta::assert_snapshot!(table_of(&rows), @r"
        | client | service  | case      | result              |
        |--------|----------|-----------|---------------------|
        | curl   | Atlas v2 | bad input | pass                |
        | httpx  | all      | all       | SKIPPED: no python3 |
        ");
    }
}
