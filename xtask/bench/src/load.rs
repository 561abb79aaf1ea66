//! The load of the clients in Rust: many updates on many tasks, timed.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use nix::sys::{
    resource::{UsageWho, getrusage},
    time::TimeVal,
};
use tokio::task::JoinSet;

use super::{
    job::{Job, Sample},
    ratio::median,
};

/// Makes the updates of a job, each with one `call`. Prints the first failure and counts all.
pub(crate) async fn load<F, R>(job: &Job, call: F) -> Result<Sample>
where
    F: Fn() -> R + Clone + Send + 'static,
    R: Future<Output = Result<()>> + Send,
{
    let next = Arc::new(AtomicU64::new(0));
    let failed = Arc::new(AtomicBool::new(false));
    let updates = job.updates;
    let cpu = cpu_time(UsageWho::RUSAGE_SELF)?;
    let start = Instant::now();
    let mut tasks = JoinSet::new();
    for _ in 0..job.concurrency {
        let (next, failed, call) = (Arc::clone(&next), Arc::clone(&failed), call.clone());
        tasks.spawn(async move {
            let (mut times, mut failures) = (Vec::new(), 0);
            while next.fetch_add(1, Relaxed) < updates {
                let start = Instant::now();
                if let Err(error) = call().await {
                    failures += 1;
                    if !failed.swap(true, Relaxed) {
                        eprintln!("  first failure: {error:#}");
                    }
                }
                times.push(start.elapsed().as_secs_f64());
            }
            (times, failures)
        });
    }
    let parts = tasks.join_all().await;
    let seconds = start.elapsed().as_secs_f64();
    let cpu = cpu_time(UsageWho::RUSAGE_SELF)?.saturating_sub(cpu);
    let failures = parts.iter().map(|(_, failures)| failures).sum();
    let times = parts.into_iter().flat_map(|(times, _)| times);
    Ok(Sample {
        seconds,
        p50: median(times).context("the job has no updates")?,
        cpu_seconds: cpu.as_secs_f64(),
        failures,
    })
}

/// Returns the processor time so far, in user code and in the kernel.
pub(crate) fn cpu_time(who: UsageWho) -> Result<Duration> {
    let usage = getrusage(who)?;
    let duration = |time: TimeVal| {
        let micros = time.tv_sec() * 1_000_000 + time.tv_usec();
        Duration::from_micros(u64::try_from(micros).unwrap_or(0))
    };
    Ok(duration(usage.user_time()) + duration(usage.system_time()))
}
