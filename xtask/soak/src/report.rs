//! The report of the soak test.

use std::{collections::BTreeMap, time::Duration};

use atlas_admin::Effect;
use serde_json::{Value, json};
use xtask_support::table;

use super::{
    kills::Kills,
    memory::Memory,
    tally::{Operation, Tally},
};

pub(super) struct Report {
    pub(super) tally: Tally,
    pub(super) memory: Memory,
    pub(super) time: Duration,
    /// Requests by the emulators' count.
    pub(super) requests: u64,
    pub(super) connections: u64,
    pub(super) kills: Kills,
}

impl Report {
    pub(super) fn is_right(&self) -> bool {
        self.tally.is_right() && self.memory.is_flat() != Some(false) && self.kills.wrong == 0
    }

    /// Returns what became of the changes, as text.
    pub(super) fn changes(&self) -> String {
        let tally = &self.tally;
        let rows = Operation::ALL.map(|operation| {
            let count = tally.count(operation);
            let figures = [
                count.changes(),
                count.applied,
                count.not_applied,
                count.unknown,
                count.unknown_applied,
                count.wrong,
            ];
            let [calls, applied, not_applied, unknown, unknown_applied, wrong] =
                figures.map(|figure| figure.to_string());
            let (effect, operation) = (effect(operation).to_owned(), operation.name().to_owned());
            [
                effect,
                operation,
                calls,
                applied,
                not_applied,
                unknown,
                unknown_applied,
                wrong,
            ]
        });
        let header = [
            "effect",
            "operation",
            "calls",
            "applied",
            "not applied",
            "unknown",
            "of which applied",
            "wrong",
        ];
        let table = table(header, 2, rows);
        let [first, second, third, fourth] = self.memory.quarters();
        let verdict = match self.memory.is_flat() {
            Some(true) => "flat",
            Some(false) => "NOT FLAT",
            None => "too short to tell",
        };
        let (changes, seconds) = (tally.changes(), self.time.as_secs_f64());
        format!(
            "{table}\n\n\
             {changes} changes in {seconds:.0} s ({:.0}/s)\n\
             wrong: {}\n\
             after creations: {} keys signed in, {} searches after an unknown outcome\n\
             requests: {} by the client's count, {} by the emulators', over {} connections\n\
             failures: {}\n\
             memory in MiB, client and emulators, by quarters of the time: {first:.0}, \
             {second:.0}, {third:.0}, {fourth:.0}; peak {:.0}; {verdict}",
            changes as f64 / seconds,
            list(&self.wrong()),
            tally.sign_ins,
            tally.searches,
            tally.requests,
            self.requests,
            self.connections,
            list(&tally.failures),
            self.memory.peak(),
        )
    }

    /// Returns what became of the killed runs, as text.
    pub(super) fn kills(&self) -> String {
        format!(
            "killed runs of apply: {}, of which {} had an update in flight; wrong reports: {}",
            self.kills.killed, self.kills.in_flight, self.kills.wrong
        )
    }

    pub(super) fn json(&self) -> Value {
        let operations = Operation::ALL.map(|operation| {
            let count = self.tally.count(operation);
            json!({
                "effect": effect(operation),
                "operation": operation.name(),
                "calls": count.changes(),
                "applied": count.applied,
                "notApplied": count.not_applied,
                "unknown": count.unknown,
                "unknownApplied": count.unknown_applied,
                "wrong": count.wrong,
            })
        });
        json!({
            "right": self.is_right(),
            "operations": operations,
            "wrong": self.wrong(),
            "signIns": self.tally.sign_ins,
            "searches": self.tally.searches,
            "seconds": self.time.as_secs_f64(),
            "requestsSent": self.tally.requests,
            "requestsReceived": self.requests,
            "connections": self.connections,
            "failures": self.tally.failures,
            "memory": {
                "quartersMib": self.memory.quarters(),
                "peakMib": self.memory.peak(),
                "flat": self.memory.is_flat(),
            },
            "kills": {
                "killed": self.kills.killed,
                "inFlight": self.kills.in_flight,
                "wrong": self.kills.wrong,
            },
        })
    }

    fn wrong(&self) -> BTreeMap<&'static str, u64> {
        let wrong = self.tally.wrong.iter();
        wrong.map(|(wrong, count)| (wrong.name(), *count)).collect()
    }
}

fn effect(operation: Operation) -> &'static str {
    match operation.effect() {
        Effect::Read => "read",
        Effect::Set => "set",
        Effect::Delete => "delete",
        Effect::Create => "create",
    }
}

/// Lists counts by name.
fn list(counts: &BTreeMap<impl AsRef<str>, u64>) -> String {
    let counts = counts.iter();
    let counts: Vec<_> = counts
        .map(|(name, count)| format!("{count} {}", name.as_ref()))
        .collect();
    match counts.is_empty() {
        true => "none".to_owned(),
        false => counts.join(", "),
    }
}
