//! The result of a run.

use std::time::Duration;

use comfy_table::Table;
use serde::Serialize;
use serde_json::Value;

use super::journal::Outcome;
use crate::ui::table::table;

/// The number of updates with each outcome.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Summary {
    pub(super) applied: usize,
    pub(super) unchanged: usize,
    pub(super) failed: usize,
    pub(super) unknown: usize,
    pub(super) not_started: usize,
    /// Applied or unchanged in an earlier run, by its journal.
    pub(super) previously_applied: usize,
    /// HTTP requests, including those that read the keys.
    pub(super) requests_sent: u64,
    pub(super) seconds: f64,
    /// The first failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) error: Option<Value>,
}

impl Summary {
    pub(super) fn count(&mut self, outcome: Outcome) {
        let number = match outcome {
            Outcome::Applied => &mut self.applied,
            Outcome::Unchanged => &mut self.unchanged,
            Outcome::Failed => &mut self.failed,
            Outcome::Unknown => &mut self.unknown,
        };
        *number += 1;
    }

    /// Keeps the first error.
    pub(super) fn record_error(&mut self, error: Option<&Value>) {
        if self.error.is_none() {
            self.error = error.cloned();
        }
    }

    /// Returns whether every key is in the desired state.
    pub(super) fn is_complete(&self) -> bool {
        self.failed + self.unknown + self.not_started == 0
    }

    /// Sets the duration, rounded to milliseconds.
    pub(super) fn set_duration(&mut self, duration: Duration) {
        self.seconds = (duration.as_secs_f64() * 1000.0).round() / 1000.0;
    }

    /// Returns the number of updates with each outcome that occurred.
    pub(super) fn outcomes(&self) -> impl Iterator<Item = (&'static str, usize)> {
        [
            ("applied", self.applied),
            ("unchanged", self.unchanged),
            ("previously applied", self.previously_applied),
            ("failed", self.failed),
            ("unknown", self.unknown),
            ("not started", self.not_started),
        ]
        .into_iter()
        .filter(|&(outcome, number)| number > 0 || outcome == "applied")
    }

    pub(super) fn rows(&self) -> Table {
        let mut table = table();
        table.set_header(["OUTCOME", "UPDATES"]);
        for (outcome, number) in self.outcomes() {
            table.add_row([outcome, &number.to_string()]);
        }
        table
    }
}
