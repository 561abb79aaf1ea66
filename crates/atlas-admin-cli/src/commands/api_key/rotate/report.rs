//! The result of a run.

use std::path::Path;

use atlas_admin::{ApiKeyId, sanitize};
use chrono::{DateTime, Utc};
use comfy_table::Table;
use serde::Serialize;
use serde_json::Value;

use super::journal::{History, Outcome, Stage, Successor};
use crate::ui::table::{count, table, time};

/// One rotation.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Report<'a> {
    id: &'a ApiKeyId,
    /// `rotated`, `undone`, `failed`, or `delivered` until the grace is over; in a set, also
    /// `unfinished` and `not_started`.
    outcome: &'static str,
    #[serde(flatten)]
    successor: Option<&'a Successor>,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret_file: Option<&'a Path>,
    #[serde(skip_serializing_if = "Option::is_none")]
    delete_after: Option<DateTime<Utc>>,
    /// Why it failed in this run.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a Value>,
}

/// Many rotations: their numbers by outcome, and each of them.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SetReport<'a> {
    rotated: usize,
    delivered: usize,
    undone: usize,
    failed: usize,
    unfinished: usize,
    not_started: usize,
    keys: Vec<Report<'a>>,
    /// The first failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a Value>,
}

impl<'a> Report<'a> {
    pub(super) fn new(history: &'a History, error: Option<&'a Value>) -> Self {
        let (outcome, delete_after) = match history.stage {
            Stage::NotStarted => ("not_started", None),
            Stage::Undelivered | Stage::Finishing | Stage::Undoing => ("unfinished", None),
            Stage::Delivered { delete_after } => ("delivered", Some(delete_after)),
            Stage::Ended(Outcome::Rotated) => ("rotated", None),
            Stage::Ended(Outcome::Undone) => ("undone", None),
            Stage::Ended(Outcome::Failed) => ("failed", None),
        };
        let is_gone = matches!(outcome, "undone" | "failed");
        let attempt = history.attempt.as_ref().filter(|_| !is_gone);
        Self {
            id: &history.key,
            outcome,
            successor: history.successor.as_ref().filter(|_| !is_gone),
            secret_file: attempt.and_then(|attempt| attempt.secret_file.as_deref()),
            delete_after,
            error,
        }
    }

    pub(super) fn rows(&self) -> Table {
        let mut table = table();
        table.add_row(["API key", &sanitize(self.id)]);
        table.add_row(["rotation", self.outcome]);
        if let Some(successor) = self.successor {
            table.add_row(["successor", &sanitize(&successor.id)]);
            table.add_row(["public key", &sanitize(&successor.public_key)]);
        }
        if let Some(path) = self.secret_file {
            let path = path.display().to_string();
            table.add_row(["private key", &format!("in {}", sanitize(&path))]);
        }
        if let Some(delete_after) = self.delete_after {
            table.add_row(["old key", &format!("kept until {}", time(delete_after))]);
        }
        table
    }
}

impl<'a> SetReport<'a> {
    pub(super) fn new(rotations: &'a [History], errors: &'a [(ApiKeyId, Value)]) -> Self {
        let error_of = |key| errors.iter().find(|(failed, _)| failed == key);
        let new = |history: &'a History| {
            Report::new(history, error_of(&history.key).map(|(_, error)| error))
        };
        let keys: Vec<_> = rotations.iter().map(new).collect();
        let number = |outcome| keys.iter().filter(|key| key.outcome == outcome).count();
        Self {
            rotated: number("rotated"),
            delivered: number("delivered"),
            undone: number("undone"),
            failed: number("failed"),
            unfinished: number("unfinished"),
            not_started: number("not_started"),
            error: errors.first().map(|(_, error)| error),
            keys,
        }
    }

    /// Returns the outcomes that occurred with their numbers, in one line.
    pub(super) fn totals(&self) -> String {
        let numbers = [
            ("rotated", self.rotated),
            ("delivered", self.delivered),
            ("undone", self.undone),
            ("failed", self.failed),
            ("unfinished", self.unfinished),
            ("not started", self.not_started),
        ];
        let numbers = numbers.iter().filter(|(_, number)| *number > 0);
        let numbers: Vec<_> = numbers
            .map(|(outcome, number)| format!("{number} {outcome}"))
            .collect();
        let keys = count(self.keys.len(), "key");
        format!("{keys}: {}", numbers.join(", "))
    }

    pub(super) fn rows(&self) -> Table {
        let has_grace = self.delivered > 0;
        let mut table = table();
        let mut header = vec!["API KEY", "ROTATION", "SUCCESSOR", "PUBLIC KEY"];
        if has_grace {
            header.push("OLD KEY KEPT UNTIL");
        }
        table.set_header(header);
        for key in &self.keys {
            let (id, public_key) = match key.successor {
                Some(it) => (sanitize(&it.id), sanitize(&it.public_key)),
                None => ("".into(), "".into()),
            };
            let outcome = key.outcome.replace('_', " ");
            let mut cells = vec![
                key.id.to_string(),
                outcome,
                id.into_owned(),
                public_key.into_owned(),
            ];
            if has_grace {
                cells.push(key.delete_after.map(time).unwrap_or_default());
            }
            table.add_row(cells);
        }
        table
    }
}
