//! Everything that can go wrong between a call and its service, and what the caller
//! is told: a table, carried out by both operations and every kind of credentials.

#[path = "faults/page.rs"]
mod page;
#[path = "faults/row.rs"]
mod row;
#[path = "faults/rows.rs"]
mod rows;

use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use row::{Operation, Row};
use tokio::{net::TcpListener, sync::Semaphore, task::JoinSet};

/// How many calls are under way at the same time: of those that work, and of those
/// that mostly wait.
const AT_WORK: usize = 8;
const ASLEEP: usize = 16;

/// What the whole table may take of memory: an answer of 1 GiB does not fit.
const MEMORY: u64 = 768 << 20;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_failure_is_typed_bounded_and_honest() {
    let elsewhere = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let sections = rows::sections(&elsewhere.local_addr().unwrap().to_string());
    let rows: Vec<Row> = sections
        .into_iter()
        .flat_map(|section| section.rows)
        .collect();
    assert!(rows.len() >= 40, "{} scenarios", rows.len());
    let strayed = Arc::new(AtomicU32::new(0));
    let guard = Arc::clone(&strayed);
    tokio::spawn(async move {
        while elsewhere.accept().await.is_ok() {
            guard.fetch_add(1, Ordering::Relaxed);
        }
    });

    // Those that run out of time are left alone with it.
    let (timed, others): (Vec<Row>, Vec<Row>) = rows.into_iter().partition(|row| row.is_timed);
    let mut complaints = run(others, AT_WORK).await;
    complaints.extend(run(timed, ASLEEP).await);
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
    assert_eq!(
        strayed.load(Ordering::Relaxed),
        0,
        "a redirect was followed"
    );
    if let Some(peak) = peak_memory() {
        assert!(peak < MEMORY, "{} MiB", peak >> 20);
    }
}

/// Carries rows out with each operation and the credentials they are for.
async fn run(rows: Vec<Row>, together: usize) -> Vec<String> {
    let places = Arc::new(Semaphore::new(together));
    let mut calls = JoinSet::new();
    for row in rows {
        for &auth in row.auth {
            for operation in [Operation::UpdateOrgApiKey, Operation::ReplaceProjectRoles] {
                let (row, places) = (row.clone(), Arc::clone(&places));
                calls.spawn(async move {
                    let _place = places.acquire().await.unwrap();
                    row.check(auth, operation).await.err()
                });
            }
        }
    }
    calls.join_all().await.into_iter().flatten().collect()
}

/// The most memory that this process has had so far, where the system tells.
fn peak_memory() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let peak = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = peak.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kib << 10)
}

#[test]
fn the_page_shows_the_table() {
    page::check(&rows::sections("127.0.0.1:9"));
}
