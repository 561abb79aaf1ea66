//! What became of it all, in numbers.

use std::{ops::AddAssign, time::Duration};

use comfy_table::Table;
use serde::Serialize;
use serde_json::Value;

use super::report::Outcome;
use crate::output::table;

/// How many updates ended how.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Tally {
    pub(crate) done: usize,
    pub(crate) as_wanted: usize,
    pub(crate) failed: usize,
    pub(crate) unknown: usize,
    /// Not begun.
    pub(crate) left: usize,
    /// Made in an earlier run, by its report.
    pub(crate) done_earlier: usize,
    /// HTTP requests, those that read the keys included.
    pub(crate) requests: u64,
    pub(crate) seconds: f64,
    /// Why the first update failed, or the first key could not be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<Value>,
}

impl Tally {
    pub(crate) fn count(&mut self, outcome: Outcome) {
        let number = match outcome {
            Outcome::Done => &mut self.done,
            Outcome::AsWanted => &mut self.as_wanted,
            Outcome::Failed => &mut self.failed,
            Outcome::Unknown => &mut self.unknown,
        };
        *number += 1;
    }

    /// Keeps the first reason of them all.
    pub(crate) fn failed_by(&mut self, error: Option<&Value>) {
        if self.error.is_none() {
            self.error = error.cloned();
        }
    }

    /// The updates that were begun.
    pub(crate) fn attempted(&self) -> usize {
        self.done + self.failed + self.unknown
    }

    /// Whether everything is as the file says.
    pub(crate) fn is_complete(&self) -> bool {
        self.failed + self.unknown + self.left == 0
    }

    pub(crate) fn took(&mut self, time: Duration) {
        // Milliseconds are enough.
        self.seconds = (time.as_secs_f64() * 1000.0).round() / 1000.0;
    }

    pub(crate) fn lines(&self) -> Table {
        let mut table = table();
        table.set_header(["OUTCOME", "UPDATES"]);
        for (outcome, number) in [
            ("done", self.done),
            ("as wanted before", self.as_wanted),
            ("done in an earlier run", self.done_earlier),
            ("failed", self.failed),
            ("unknown", self.unknown),
            ("not begun", self.left),
        ] {
            if number > 0 || outcome == "done" {
                table.add_row([outcome, &number.to_string()]);
            }
        }
        table
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.done += other.done;
        self.as_wanted += other.as_wanted;
        self.failed += other.failed;
        self.unknown += other.unknown;
        self.left += other.left;
        self.done_earlier += other.done_earlier;
        self.requests += other.requests;
        self.seconds += other.seconds;
        self.failed_by(other.error.as_ref());
    }
}
