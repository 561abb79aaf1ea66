//! What the soak has found.

use std::{fmt::Write, time::Duration};

use atlas_emulator::Emulator;

use super::{
    ledger::{Ledger, Told},
    memory::Memory,
};
use crate::table::table;

pub(super) fn report(
    ledger: &Ledger,
    memory: &Memory,
    emulator: &Emulator,
    took: Duration,
) -> String {
    let rows = Told::ALL.map(|told| {
        let count = ledger.count(told);
        [
            told.name().to_owned(),
            count.updates.to_string(),
            count.in_effect.to_string(),
            count.wrong.to_string(),
        ]
    });
    let header = ["the caller was told", "updates", "in effect", "not so"];
    let mut text = table(header, 1, rows);

    let failures = ledger
        .failures
        .iter()
        .map(|(kind, count)| format!("{count} {kind}"))
        .collect::<Vec<_>>()
        .join(", ");
    let [first, second, third, fourth] = memory.quarters();
    let updates = ledger.updates();
    let rate = updates as f64 / took.as_secs_f64();
    let verdict = match memory.is_flat() {
        Some(true) => "flat",
        Some(false) => "NOT FLAT",
        None => "too short a time to tell",
    };
    // Writing to a string does not fail.
    let _ = write!(
        text,
        "\n\n{updates} updates in {:.0} s ({rate:.0}/s), {} requests by the client's count and {} by \
         the service's, over {} connections\n\
         failures: {failures}\n\
         keys that changed unasked: {}\n\
         memory of client and service, in MiB, by quarters of the time: {first:.0}, {second:.0}, \
         {third:.0}, {fourth:.0}; at most {:.0}; {verdict}",
        took.as_secs_f64(),
        ledger.requests,
        emulator.requests(),
        emulator.connections(),
        ledger.changed_unasked,
        memory.peak(),
    );
    text
}
