//! The soak: many updates at the same time, on a service with faults, and after each
//! one a look at the service's state: is it what the caller was told?

mod caller;
mod faults;
mod ledger;
mod memory;
mod report;

use std::{
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use atlas_emulator::{Emulator, KeyState};
use clap::Args;
use tokio::task::JoinSet;

use caller::{Caller, Surroundings};
use ledger::Ledger;
use memory::Memory;

/// How hard to try.
#[derive(Args)]
pub(crate) struct Options {
    /// How many updates to make
    #[arg(long, default_value_t = 200_000)]
    updates: u64,
    /// Stop after this many minutes all the same
    #[arg(long)]
    minutes: Option<u64>,
    /// How many updates are under way at the same time
    #[arg(long, default_value_t = 32)]
    tasks: u32,
    /// How many keys each task updates, which no other does
    #[arg(long, default_value_t = 16)]
    keys: u32,
    /// Where chance is drawn from
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

/// Makes the updates and reports. Fails if what a caller was told was not so.
pub(crate) async fn run(options: &Options) -> Result<ExitCode> {
    ensure!(
        options.tasks > 0 && options.keys > 0,
        "nobody updates nothing"
    );
    // The first key of an organization owns it, and is left alone with as many others.
    let watched = 1 + options.keys;
    let emulator = Emulator::builder()
        .keys_per_org(watched + options.tasks * options.keys)
        .rng_seed(options.seed)
        .no_rate_limits()
        .token_ttl(Duration::from_secs(5))
        .nonce_uses(1_000)
        .log_capacity(0)
        .start()
        .await?;
    let keys: Vec<String> = emulator
        .synthetic_keys()
        .map(|key| key.api_key_id())
        .collect();
    let (watched, updated) = keys.split_at(watched as usize);
    let at_first = states(&emulator, watched)?;
    emulator.set_faults(faults::mix().seed(options.seed));

    let surroundings = Arc::new(Surroundings {
        left: AtomicU64::new(options.updates),
        until: options
            .minutes
            .map(|minutes| Instant::now() + Duration::from_secs(60 * minutes)),
        seed: options.seed,
        emulator,
    });
    let started = Instant::now();
    let mut tasks = JoinSet::new();
    let clients = caller::clients(&surroundings.emulator)?;
    let keys = updated.chunks(options.keys as usize);
    for ((number, keys), client) in (0..).zip(keys).zip(clients.iter().cycle()) {
        let caller = Caller::new(number, client.clone(), keys, Arc::clone(&surroundings))?;
        tasks.spawn(caller.run());
    }
    let memory = tokio::spawn(Memory::watch(Arc::clone(&surroundings)));
    let mut ledger = Ledger::default();
    while let Some(task) = tasks.join_next().await {
        ledger += task??;
    }
    surroundings.left.store(0, Ordering::Relaxed);
    let memory = memory.await??;
    let took = started.elapsed();

    let changed = states(&surroundings.emulator, watched)?
        .iter()
        .zip(&at_first)
        .filter(|(now, then)| now != then)
        .count();
    ledger.changed_unasked += changed as u64;
    println!(
        "{}",
        report::report(&ledger, &memory, &surroundings.emulator, took)
    );
    Ok(
        match ledger.is_honest() && memory.is_flat() != Some(false) {
            true => ExitCode::SUCCESS,
            false => ExitCode::FAILURE,
        },
    )
}

fn states(emulator: &Emulator, keys: &[String]) -> Result<Vec<KeyState>> {
    keys.iter()
        .map(|id| emulator.api_key(id).context("a key is gone"))
        .collect()
}
