//! What the clients are put through.

use std::time::Duration;

/// A server's time and a number of tasks, with as many updates as give a
/// steady figure.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scenario {
    pub(crate) latency: Duration,
    pub(crate) concurrency: u64,
    pub(crate) updates: u64,
    /// How often every client runs.
    pub(crate) rounds: usize,
}

/// The server's time in the scenario that is like a service on the network.
pub(crate) const NETWORK_MS: u64 = 20;
pub(crate) const MANY_TASKS: u64 = 32;

pub(crate) fn all(quick: bool) -> Vec<Scenario> {
    // Few enough to be quick, or enough that the first challenges, one for each
    // task, weigh as little as they do in a long run.
    let sizes = if quick {
        [
            (0, 1, 2_000),
            (0, MANY_TASKS, 6_000),
            (NETWORK_MS, 1, 100),
            (NETWORK_MS, MANY_TASKS, 4_000),
        ]
    } else {
        [
            (0, 1, 4_000),
            (0, MANY_TASKS, 12_000),
            (NETWORK_MS, 1, 200),
            (NETWORK_MS, MANY_TASKS, 12_000),
        ]
    };
    sizes
        .into_iter()
        .map(|(latency, concurrency, updates)| Scenario {
            latency: Duration::from_millis(latency),
            concurrency,
            updates,
            rounds: 3,
        })
        .collect()
}
