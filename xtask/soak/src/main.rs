//! The soak test: many concurrent changes against an emulator with faults, and killed runs of the
//! command. The emulator's state must agree with what the client and the command reported.

mod faults;
mod kills;
mod life;
mod memory;
mod report;
mod state;
mod tally;
mod tasks;
mod updates;

use std::{
    collections::HashSet,
    process::ExitCode,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use atlas_emulator::{Builder, Emulator, KeyState};
use clap::Parser;
use tokio::{runtime::Runtime, task::JoinSet};
use xtask_support::exit_code;

use kills::Kills;
use life::Life;
use memory::Memory;
use report::Report;
use tally::{Tally, Wrong};
use tasks::{Budget, clients};
use updates::Updates;

/// The number of keys that nobody changes while others come and go beside them.
const BYSTANDERS: u32 = 16;

/// Check the client's reports of many changes against an emulator with faults
#[derive(Parser)]
#[command(bin_name = "cargo xtask soak")]
struct Options {
    /// Make this many updates
    #[arg(long, default_value_t = 200_000)]
    updates: u64,
    /// Make this many changes in the life of keys: create and delete them, assign them to a
    /// project and remove them, edit their access lists [default: a quarter of the updates]
    #[arg(long)]
    life_changes: Option<u64>,
    /// Stop after this many minutes even if there are changes left
    #[arg(long)]
    minutes: Option<u64>,
    /// Make this many updates and as many other changes at a time
    #[arg(long, default_value_t = 32)]
    tasks: u32,
    /// Kill this many runs of `atlas-admin apply`
    #[arg(long, default_value_t = 40)]
    kills: u32,
    /// Give each task that updates this many API keys of its own
    #[arg(long, default_value_t = 16)]
    keys: u32,
    /// Seed the random choices of the test and the emulator
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

fn main() -> ExitCode {
    let options = Options::parse();
    let runtime = Runtime::new().context("no runtime");
    exit_code(runtime.and_then(|runtime| runtime.block_on(run(&options))))
}

/// Makes the changes, kills the runs and reports. Returns whether all reports were right.
async fn run(options: &Options) -> Result<bool> {
    ensure!(
        options.tasks > 0 && options.keys > 0,
        "--tasks and --keys must not be 0"
    );
    let deadline = options
        .minutes
        .map(|minutes| Instant::now() + Duration::from_secs(60 * minutes));
    let mut report = make_changes(options, deadline).await?;
    if !options.json {
        println!("{}", report.changes());
    }
    report.kills = kills::run(options.kills, options.seed, deadline).await?;
    match options.json {
        true => println!("{:#}", report.json()),
        false => println!("{}", report.kills()),
    }
    Ok(report.is_right())
}

/// Makes the changes on two emulators, since faults that updates must detect cannot be detected by
/// others, and compares both with what the tasks know of them.
async fn make_changes(options: &Options, deadline: Option<Instant>) -> Result<Report> {
    // The client authenticates with the first key. That one and as many others as a task has are
    // never updated.
    let untouched = 1 + options.keys;
    let all_keys = untouched + options.tasks * options.keys;
    let updated = Arc::new(builder(options).keys_per_org(all_keys).start().await?);
    let keys: Vec<String> = updated
        .synthetic_keys()
        .map(|key| key.api_key_id())
        .collect();
    let (untouched, keys) = keys.split_at(untouched as usize);
    let untouched = states(&updated, untouched)?;
    updated.set_faults(faults::for_updates().seed(options.seed));

    let lived = Arc::new(builder(options).keys_per_org(BYSTANDERS).start().await?);
    let bystanders = lived.api_keys(lived.org_id());
    lived.set_faults(faults::for_life().seed(options.seed));

    let start = Instant::now();
    let life_changes = options.life_changes.unwrap_or(options.updates / 4);
    let update_budget = Arc::new(Budget::new(options.updates, deadline));
    let life_budget = Arc::new(Budget::new(life_changes, deadline));
    let clients = clients(&updated)?.into_iter().zip(clients(&lived)?);
    let keys = keys.chunks(options.keys as usize);
    let mut tasks = JoinSet::new();
    for ((number, keys), (updater, creator)) in (0..).zip(keys).zip(clients.cycle()) {
        let seed = options.seed ^ number;
        let updates = Updates::new(seed, updater, keys, Arc::clone(&updated))?;
        tasks.spawn(updates.run(Arc::clone(&update_budget)));
        let life = Life::new(seed, creator, Arc::clone(&lived));
        tasks.spawn(life.run(Arc::clone(&life_budget)));
    }
    let (memory, stop) = Memory::watch();
    let mut tally = Tally::default();
    while let Some(task) = tasks.join_next().await {
        tally += task??;
    }
    drop(stop);
    let memory = memory.await??;
    let time = start.elapsed();

    check_unasked(&mut tally, &updated, &untouched);
    check_unasked(&mut tally, &lived, &bystanders);
    check_untold(&mut tally, &lived, &bystanders);
    Ok(Report {
        tally,
        memory,
        time,
        requests: updated.requests() + lived.requests(),
        connections: updated.connections() + lived.connections(),
        kills: Kills::default(),
    })
}

fn builder(options: &Options) -> Builder {
    Emulator::builder()
        .rng_seed(options.seed)
        .no_rate_limits()
        .token_ttl(Duration::from_secs(5))
        .nonce_uses(1_000)
        .log_capacity(0)
}

fn states(emulator: &Emulator, keys: &[String]) -> Result<Vec<KeyState>> {
    keys.iter()
        .map(|id| emulator.api_key(id).context("a key has disappeared"))
        .collect()
}

/// Compares keys that nobody changed with what they were.
fn check_unasked(tally: &mut Tally, emulator: &Emulator, keys: &[KeyState]) {
    for before in keys {
        let after = emulator.api_key(&before.id);
        if after.as_ref() != Some(before) {
            tally.add_wrong(Wrong::Unasked, &(before, after));
        }
    }
}

/// Checks that there are no keys but these and those that the tasks know of.
fn check_untold(tally: &mut Tally, emulator: &Emulator, others: &[KeyState]) {
    let others = others.iter().map(|key| key.id.clone());
    let told: HashSet<String> = others.chain(tally.created.iter().cloned()).collect();
    for key in emulator.api_keys(emulator.org_id()) {
        if !told.contains(&key.id) {
            tally.add_wrong(Wrong::Untold, &key);
        }
    }
}
