//! The loads that every client is measured under.

use std::time::Duration;

/// A server's latency and a number of tasks, with enough updates for a steady figure.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scenario {
    pub(crate) latency: Duration,
    pub(crate) concurrency: u64,
    pub(crate) updates: u64,
    /// How often every client runs.
    pub(crate) rounds: usize,
}

/// The latency of a server that stands for a service on the network.
pub(crate) const NETWORK_MS: u64 = 20;
pub(crate) const MANY_TASKS: u64 = 32;

pub(crate) fn all(quick: bool) -> Vec<Scenario> {
    // A full run makes so many updates that the first challenge of each task hardly counts.
    let [single, many, single_slow, many_slow] = match quick {
        true => [2_000, 6_000, 100, 4_000],
        false => [4_000, 12_000, 200, 12_000],
    };
    [
        (0, 1, single),
        (0, MANY_TASKS, many),
        (NETWORK_MS, 1, single_slow),
        (NETWORK_MS, MANY_TASKS, many_slow),
    ]
    .into_iter()
    .map(|(latency, concurrency, updates)| Scenario {
        latency: Duration::from_millis(latency),
        concurrency,
        updates,
        rounds: 3,
    })
    .collect()
}
