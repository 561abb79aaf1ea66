//! The report of the soak test.

use std::time::Duration;

use atlas_emulator::Emulator;
use xtask_support::table;

use super::{
    memory::Memory,
    tally::{Reported, Tally},
};

pub(super) fn report(
    tally: &Tally,
    memory: &Memory,
    emulator: &Emulator,
    time: Duration,
) -> String {
    let rows = Reported::ALL.map(|reported| {
        let count = tally.count(reported);
        [
            reported.name().to_owned(),
            count.updates.to_string(),
            count.applied.to_string(),
            count.wrong.to_string(),
        ]
    });
    let table = table(["reported", "updates", "applied", "wrong"], 1, rows);

    let failures = tally.failures.iter();
    let failures = failures.map(|(kind, count)| format!("{count} {kind}"));
    let failures = failures.collect::<Vec<_>>().join(", ");
    let [first, second, third, fourth] = memory.quarters();
    let (updates, seconds) = (tally.updates(), time.as_secs_f64());
    let verdict = match memory.is_flat() {
        Some(true) => "flat",
        Some(false) => "NOT FLAT",
        None => "too short to tell",
    };
    format!(
        "{table}\n\n\
         {updates} updates in {seconds:.0} s ({:.0}/s)\n\
         requests: {} by the client's count, {} by the emulator's, over {} connections\n\
         failures: {failures}\n\
         unexpected changes: {}\n\
         memory in MiB, client and emulator, by quarters of the time: {first:.0}, {second:.0}, \
         {third:.0}, {fourth:.0}; peak {:.0}; {verdict}",
        updates as f64 / seconds,
        tally.requests,
        emulator.requests(),
        emulator.connections(),
        tally.unexpected_changes,
        memory.peak(),
    )
}
