//! The result of each run.

use anyhow::{Result, ensure};
use xtask_support::table;

use super::{access_log::AccessLog, client::Kind, workload::Workload};
use crate::outcome::Outcome;

/// The most updates, in percent, that are sent again because others overtook them.
const MOST_OVERTAKEN: u64 = 3;

/// One workload on one server in one setting.
pub(crate) struct Row {
    pub(super) client: Kind,
    pub(super) server: &'static str,
    pub(super) setting: &'static str,
    pub(super) workload: Workload,
    /// What happened in the run, or why there was none.
    pub(super) run: Result<Observed, Outcome>,
}

/// What the client and the server saw of a run.
pub(super) struct Observed {
    pub(super) failures: usize,
    pub(super) first_failure: Option<String>,
    pub(super) log: AccessLog,
    /// What all digest credentials must contain.
    pub(super) parameter: &'static str,
}

impl Row {
    pub(crate) fn outcome(&self) -> Outcome {
        match &self.run {
            Ok(observed) => self.check(observed).into(),
            Err(outcome) => outcome.clone(),
        }
    }

    fn check(&self, observed: &Observed) -> Result<()> {
        let Observed { log, parameter, .. } = observed;
        let Workload {
            updates,
            tasks,
            pauses,
            shared_nonces,
        } = self.workload;
        // One for each update, and for each task a challenge at the start and after each pause.
        let mut most = updates + tasks * (1 + pauses);
        if shared_nonces {
            most += updates * MOST_OVERTAKEN / 100;
        }
        if let Some(first) = &observed.first_failure {
            anyhow::bail!("{first}");
        }
        ensure!(
            log.successes == updates,
            "{} requests succeeded",
            log.successes
        );
        ensure!(log.requests <= most, "more than {most} requests");
        ensure!(
            log.with_parameter == log.authorizations,
            "credentials without {parameter}"
        );
        Ok(())
    }
}

pub(crate) fn table_of(rows: &[Row]) -> String {
    let header = [
        "client", "server", "setting", "result", "tasks", "updates", "requests", "failures",
    ];
    let cells = rows.iter().map(|row| {
        let [requests, failures] = match &row.run {
            Ok(observed) => [
                observed.log.requests.to_string(),
                observed.failures.to_string(),
            ],
            Err(_) => ["–", "–"].map(str::to_owned),
        };
        [
            row.client.to_string(),
            row.server.to_owned(),
            row.setting.to_owned(),
            row.outcome().to_string(),
            row.workload.tasks.to_string(),
            row.workload.updates.to_string(),
            requests,
            failures,
        ]
    });
    table(header, 4, cells)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(requests: u64, failures: usize, successes: u64, with_parameter: u64) -> Row {
        Row {
            client: Kind::AtlasAdmin,
            server: "Apache",
            setting: "NcCheck",
            workload: Workload {
                updates: 100,
                tasks: 4,
                pauses: 1,
                shared_nonces: false,
            },
            run: Ok(Observed {
                failures,
                first_failure: (failures > 0).then(|| "refused".to_owned()),
                log: AccessLog {
                    requests,
                    successes,
                    authorizations: 100,
                    with_parameter,
                },
                parameter: "opaque=",
            }),
        }
    }

    #[test]
    fn each_problem_is_named() {
        let without_run = |outcome| Row {
            run: Err(outcome),
            ..row(0, 0, 0, 0)
        };
        let rows = [
            row(108, 0, 100, 100),
            row(109, 0, 100, 100),
            row(100, 1, 99, 100),
            row(100, 0, 99, 100),
            row(100, 0, 100, 99),
            without_run(Outcome::Fail("no log".to_owned())),
            without_run(Outcome::Skipped("not installed".to_owned())),
        ];
        assert_eq!(rows[0].outcome(), Outcome::Pass);
        for row in &rows[1..6] {
            assert!(matches!(row.outcome(), Outcome::Fail(_)));
        }
        insta::assert_snapshot!(table_of(&rows), @r"
        | client      | server | setting | result                            | tasks | updates | requests | failures |
        |-------------|--------|---------|-----------------------------------|-------|---------|----------|----------|
        | atlas-admin | Apache | NcCheck | pass                              |     4 |     100 |      108 |        0 |
        | atlas-admin | Apache | NcCheck | FAIL: more than 108 requests      |     4 |     100 |      109 |        0 |
        | atlas-admin | Apache | NcCheck | FAIL: refused                     |     4 |     100 |      100 |        1 |
        | atlas-admin | Apache | NcCheck | FAIL: 99 requests succeeded       |     4 |     100 |      100 |        0 |
        | atlas-admin | Apache | NcCheck | FAIL: credentials without opaque= |     4 |     100 |      100 |        0 |
        | atlas-admin | Apache | NcCheck | FAIL: no log                      |     4 |     100 |        – |        – |
        | atlas-admin | Apache | NcCheck | SKIPPED: not installed            |     4 |     100 |        – |        – |
        ");
    }
}
