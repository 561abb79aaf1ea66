//! What became of each run.

use super::{access_log::AccessLog, workload::Workload};
use crate::table::table;

/// One server in one setting, with one workload.
pub(crate) struct Row {
    pub(crate) server: &'static str,
    pub(crate) setting: &'static str,
    pub(crate) workload: Workload,
    pub(crate) result: Result<Seen, String>,
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
    pub(crate) fn passes(&self) -> bool {
        self.complaint().is_none()
    }

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
        let seen = match &self.result {
            Ok(seen) => seen,
            Err(reason) => return Some(reason.clone()),
        };
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

pub(crate) fn table_of(rows: &[Row]) -> String {
    let header = [
        "server", "setting", "result", "at once", "updates", "requests", "failures",
    ];
    let cells = rows.iter().map(|row| {
        let number = |value: fn(&Seen) -> u64| match &row.result {
            Ok(seen) => value(seen).to_string(),
            Err(_) => "–".to_owned(),
        };
        [
            row.server.to_owned(),
            row.setting.to_owned(),
            row.complaint()
                .map_or("pass".to_owned(), |why| format!("FAIL: {why}")),
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
            result: Ok(Seen {
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
        let mut rows = vec![
            row(108, 0, 100, 100),
            row(109, 0, 100, 100),
            row(100, 1, 99, 100),
            row(100, 0, 99, 100),
            row(100, 0, 100, 99),
        ];
        rows.push(Row {
            result: Err("not installed".to_owned()),
            ..row(0, 0, 0, 0)
        });
        assert!(rows[0].passes());
        assert!(!rows[1..].iter().any(Row::passes));
        insta::assert_snapshot!(table_of(&rows), @r"
        | server | setting | result                             | at once | updates | requests | failures |
        |--------|---------|------------------------------------|---------|---------|----------|----------|
        | Apache | NcCheck | pass                               |       4 |     100 |      108 |        0 |
        | Apache | NcCheck | FAIL: more than 108 requests       |       4 |     100 |      109 |        0 |
        | Apache | NcCheck | FAIL: refused                      |       4 |     100 |      100 |        1 |
        | Apache | NcCheck | FAIL: 99 requests were let through |       4 |     100 |      100 |        0 |
        | Apache | NcCheck | FAIL: an answer without opaque=    |       4 |     100 |      100 |        0 |
        | Apache | NcCheck | FAIL: not installed                |       4 |     100 |        – |        – |
        ");
    }
}
