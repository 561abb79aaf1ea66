//! Every way in which a call can fail, and what its caller learns: a table of scenarios, each
//! run with every kind of credentials, and with both updates or an operation of each effect.

mod page;
mod scenario;
mod scenarios;

use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use scenario::Scenario;
use tokio::{net::TcpListener, sync::Semaphore, task::JoinSet};

/// How many calls run at once: those that use the processor, and those that mostly wait.
const MAX_BUSY: usize = 8;
const MAX_WAITING: usize = 16;

/// The most memory that the test may use; a response of 1 GiB does not fit.
const MAX_MEMORY: u64 = 768 << 20;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn failures_are_typed_bounded_and_truthful() {
    let redirect_target = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let sections = scenarios::sections(&redirect_target.local_addr().unwrap().to_string());
    let by_effect = scenarios::effects().into_iter().flat_map(|row| row.0);
    let scenarios: Vec<Scenario> = sections
        .into_iter()
        .flat_map(|section| section.scenarios)
        .chain(by_effect)
        .collect();
    assert!(scenarios.len() >= 40, "{} scenarios", scenarios.len());
    let followed = Arc::new(AtomicU32::new(0));
    let counter = Arc::clone(&followed);
    tokio::spawn(async move {
        while redirect_target.accept().await.is_ok() {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    });

    // Scenarios with short timeouts would fail beside calls that use the processor.
    let (timed, others): (Vec<_>, Vec<_>) = scenarios.into_iter().partition(|it| it.is_timed);
    let mut failures = run(others, MAX_BUSY).await;
    failures.extend(run(timed, MAX_WAITING).await);
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
    assert_eq!(
        followed.load(Ordering::Relaxed),
        0,
        "a redirect was followed"
    );
    if let Some(peak) = peak_memory() {
        assert!(peak < MAX_MEMORY, "{} MiB", peak >> 20);
    }
}

/// Runs scenarios with each of their operations and kinds of credentials; returns the failures.
async fn run(scenarios: Vec<Scenario>, max_running: usize) -> Vec<String> {
    let permits = Arc::new(Semaphore::new(max_running));
    let mut calls = JoinSet::new();
    for scenario in scenarios {
        for &auth in &scenario.auth {
            for &operation in &scenario.operations {
                let (scenario, permits) = (scenario.clone(), Arc::clone(&permits));
                calls.spawn(async move {
                    let _permit = permits.acquire().await.unwrap();
                    scenario.check(auth, operation).await.err()
                });
            }
        }
    }
    calls.join_all().await.into_iter().flatten().collect()
}

/// Returns the peak memory of this process in bytes, on Linux.
fn peak_memory() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let peak = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = peak.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kib << 10)
}

#[test]
fn page_is_up_to_date() {
    page::check(&scenarios::effects(), &scenarios::sections("127.0.0.1:9"));
}
