//! What became of each run.

use super::{access_log::AccessLog, workload::Workload};
use crate::table::table;

/// One server in one setting, with one workload.
pub(crate) struct Row {
    pub(crate) server: &'static str,
    pub(crate) setting: &'static str,
    pub(crate) workload: Workload,
    pub(crate) outcome: Outcome,
}

pub(crate) enum Outcome {
    Ran(Seen),
    Broke(String),
    /// There was no server to run.
    Skipped(String),
}

/// What was seen of a run from both ends.
pub(crate) struct Seen {
    pub(crate) failures: u64,
    pub(crate) first_failure: Option<String>,
    pub(crate) log: AccessLog,
    /// What every answer to a challenge had to have.
    pub(crate) parameter: &'static str,
}

impl Row {
    /// One request for each update, one more for each task, and one more for
    /// each nonce that expired in a pause.
    fn most_requests(&self) -> u64 {
        let Workload {
            updates,
            tasks,
            pauses,
        } = self.workload;
        updates + tasks * (1 + pauses)
    }

    fn complaint(&self) -> Option<String> {
        let seen = match &self.outcome {
            Outcome::Ran(seen) => seen,
            Outcome::Broke(reason) => return Some(format!("FAIL: {reason}")),
            Outcome::Skipped(reason) => return Some(format!("SKIPPED: {reason}")),
        };
        let fault = self.fault(seen)?;
        Some(format!("FAIL: {fault}"))
    }

    fn fault(&self, seen: &Seen) -> Option<String> {
        if let Some(first) = &seen.first_failure {
            return Some(first.clone());
        }
        if seen.log.successes != self.workload.updates {
            return Some(format!("{} requests were let through", seen.log.successes));
        }
        if seen.log.requests > self.most_requests() {
            return Some(format!("more than {} requests", self.most_requests()));
        }
        if seen.log.with_parameter < seen.log.answers {
            return Some(format!("an answer without {}", seen.parameter));
        }
        None
    }
}

/// Whether no row failed, at least one passed and, if all are required, none was
/// skipped.
pub(crate) fn passes(rows: &[Row], require_all: bool) -> bool {
    let is_skipped = |row: &&Row| matches!(row.outcome, Outcome::Skipped(_));
    let (skipped, ran): (Vec<_>, Vec<_>) = rows.iter().partition(is_skipped);
    let all_pass = ran.iter().all(|row| row.complaint().is_none());
    all_pass && !ran.is_empty() && (skipped.is_empty() || !require_all)
}

pub(crate) fn table_of(rows: &[Row]) -> String {
    let header = [
        "server", "setting", "result", "at once", "updates", "requests", "failures",
    ];
    let cells = rows.iter().map(|row| {
        let number = |value: fn(&Seen) -> u64| match &row.outcome {
            Outcome::Ran(seen) => value(seen).to_string(),
            Outcome::Broke(_) | Outcome::Skipped(_) => "–".to_owned(),
        };
        [
            row.server.to_owned(),
            row.setting.to_owned(),
            row.complaint().unwrap_or("pass".to_owned()),
            row.workload.tasks.to_string(),
            row.workload.updates.to_string(),
            number(|seen| seen.log.requests),
            number(|seen| seen.failures),
        ]
    });
    table(header, 3, cells)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(requests: u64, failures: u64, successes: u64, with_parameter: u64) -> Row {
        Row {
            server: "Apache",
            setting: "NcCheck",
            workload: Workload {
                updates: 100,
                tasks: 4,
                pauses: 1,
            },
            outcome: Outcome::Ran(Seen {
                failures,
                first_failure: (failures > 0).then(|| "refused".to_owned()),
                log: AccessLog {
                    requests,
                    successes,
                    answers: 100,
                    with_parameter,
                },
                parameter: "opaque=",
            }),
        }
    }

    #[test]
    fn each_fault_is_named() {
        let without_run = |outcome| Row {
            outcome,
            ..row(0, 0, 0, 0)
        };
        let rows = [
            row(108, 0, 100, 100),
            row(109, 0, 100, 100),
            row(100, 1, 99, 100),
            row(100, 0, 99, 100),
            row(100, 0, 100, 99),
            without_run(Outcome::Broke("no log".to_owned())),
            without_run(Outcome::Skipped("not installed".to_owned())),
        ];
        let (good, bad, skipped) = (&rows[..1], &rows[1..6], &rows[6..]);
        assert!(passes(good, true));
        for row in bad {
            assert!(!passes(std::slice::from_ref(row), false));
        }
        assert!(!passes(&rows, false));
        assert!(!passes(skipped, false), "nothing was run");
        insta::assert_snapshot!(table_of(&rows), @r"
        | server | setting | result                             | at once | updates | requests | failures |
        |--------|---------|------------------------------------|---------|---------|----------|----------|
        | Apache | NcCheck | pass                               |       4 |     100 |      108 |        0 |
        | Apache | NcCheck | FAIL: more than 108 requests       |       4 |     100 |      109 |        0 |
        | Apache | NcCheck | FAIL: refused                      |       4 |     100 |      100 |        1 |
        | Apache | NcCheck | FAIL: 99 requests were let through |       4 |     100 |      100 |        0 |
        | Apache | NcCheck | FAIL: an answer without opaque=    |       4 |     100 |      100 |        0 |
        | Apache | NcCheck | FAIL: no log                       |       4 |     100 |        – |        – |
        | Apache | NcCheck | SKIPPED: not installed             |       4 |     100 |        – |        – |
        ");
        let [good, .., skipped] = rows;
        let with_a_skipped_one = [good, skipped];
        assert!(passes(&with_a_skipped_one, false));
        assert!(!passes(&with_a_skipped_one, true));
    }
}
