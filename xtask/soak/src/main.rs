//! The soak test: many concurrent updates against an emulator with faults, and killed runs of the
//! command. The emulator's state must agree with what the client and the command reported.

mod faults;
mod kills;
mod memory;
mod report;
mod tally;
mod worker;

use std::{
    process::ExitCode,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use atlas_emulator::{Emulator, KeyState};
use clap::Parser;
use tokio::{runtime::Runtime, task::JoinSet};
use xtask_support::exit_code;

use memory::Memory;
use tally::Tally;
use worker::{Budget, Worker};

/// Check the client's reports of many updates against an emulator with faults
#[derive(Parser)]
#[command(bin_name = "cargo xtask soak")]
struct Options {
    /// Make this many updates
    #[arg(long, default_value_t = 200_000)]
    updates: u64,
    /// Stop after this many minutes even if there are updates left
    #[arg(long)]
    minutes: Option<u64>,
    /// Make this many updates at a time
    #[arg(long, default_value_t = 32)]
    tasks: u32,
    /// Kill this many runs of `atlas-admin apply`
    #[arg(long, default_value_t = 40)]
    kills: u32,
    /// Give each task this many API keys of its own
    #[arg(long, default_value_t = 16)]
    keys: u32,
    /// Seed the random choices of the test and the emulator
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

fn main() -> ExitCode {
    let options = Options::parse();
    let runtime = Runtime::new().context("no runtime");
    exit_code(runtime.and_then(|runtime| runtime.block_on(run(&options))))
}

/// Makes the updates, kills the runs and reports. Returns whether all reports were right.
async fn run(options: &Options) -> Result<bool> {
    ensure!(
        options.tasks > 0 && options.keys > 0,
        "--tasks and --keys must not be 0"
    );
    // The client authenticates with the first key. That one and as many others as a task has are
    // never updated.
    let untouched = 1 + options.keys;
    let emulator = Emulator::builder()
        .keys_per_org(untouched + options.tasks * options.keys)
        .rng_seed(options.seed)
        .no_rate_limits()
        .token_ttl(Duration::from_secs(5))
        .nonce_uses(1_000)
        .log_capacity(0)
        .start()
        .await?;
    let emulator = Arc::new(emulator);
    let keys: Vec<String> = emulator
        .synthetic_keys()
        .map(|key| key.api_key_id())
        .collect();
    let (untouched, updated) = keys.split_at(untouched as usize);
    let states_before = states(&emulator, untouched)?;
    emulator.set_faults(faults::mix().seed(options.seed));

    let deadline = options
        .minutes
        .map(|minutes| Instant::now() + Duration::from_secs(60 * minutes));
    let budget = Arc::new(Budget::new(options.updates, deadline));
    let start = Instant::now();
    let mut tasks = JoinSet::new();
    let clients = worker::clients(&emulator)?;
    let keys = updated.chunks(options.keys as usize);
    for ((number, keys), client) in (0..).zip(keys).zip(clients.iter().cycle()) {
        let seed = options.seed ^ number;
        let worker = Worker::new(seed, client.clone(), keys, Arc::clone(&emulator))?;
        tasks.spawn(worker.run(Arc::clone(&budget)));
    }
    let memory = tokio::spawn({
        let budget = Arc::clone(&budget);
        Memory::watch(move || budget.is_used_up())
    });
    let mut tally = Tally::default();
    while let Some(task) = tasks.join_next().await {
        tally += task??;
    }
    budget.use_up();
    let memory = memory.await??;
    let time = start.elapsed();

    let states_after = states(&emulator, untouched)?;
    let changed = states_after.iter().zip(&states_before);
    tally.unexpected_changes += changed.filter(|(after, before)| after != before).count() as u64;
    println!("{}", report::report(&tally, &memory, &emulator, time));

    let kills = kills::run(options.kills, options.seed, deadline).await?;
    println!(
        "killed runs of apply: {}, of which {} had an update in flight; wrong reports: {}",
        kills.killed, kills.in_flight, kills.wrong
    );
    Ok(tally.is_right() && memory.is_flat() != Some(false) && kills.wrong == 0)
}

fn states(emulator: &Emulator, keys: &[String]) -> Result<Vec<KeyState>> {
    keys.iter()
        .map(|id| emulator.api_key(id).context("a key has disappeared"))
        .collect()
}
