//! `emulator`: the local server.

use std::{fs, net::SocketAddr, path::PathBuf, time::Duration};

use atlas_emulator::Faults;
use clap::Args;
use serde_json::json;

use crate::{
    exit::Failure,
    output::{Format, Output},
    runtime::block_on_many,
    signals,
};

const EXAMPLES: &str = "\
Examples:
  atlas-admin emulator --listen 127.0.0.1:8080
  atlas-admin emulator --no-rate-limits --faults '429:every=10,retry_after=1' --output json";

/// Start a local server that answers like the three services
///
/// Once it listens it prints what signs in, as shell variables that this command
/// reads, or with --output json as one line of JSON. All of it is made up. It runs
/// until it is interrupted.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Emulator {
    /// Address and port; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    listen: SocketAddr,

    /// Listen on an address that other machines can reach
    #[arg(long)]
    allow_remote: bool,

    /// What to start with, in YAML or JSON, as atlas-emulator --print-seed-schema describes
    #[arg(long, value_name = "FILE")]
    seed: Option<PathBuf>,

    /// What goes wrong on purpose, as atlas-emulator --help describes
    #[arg(long, value_name = "SPEC")]
    faults: Option<Faults>,

    /// How long every answer takes at least, as 20ms
    #[arg(long, value_name = "TIME", default_value = "0s", value_parser = humantime::parse_duration)]
    latency: Duration,

    /// Do not limit the rate of requests
    #[arg(long)]
    no_rate_limits: bool,

    /// Make up the same ids and credentials at every start
    #[arg(long, value_name = "NUMBER")]
    rng_seed: Option<u64>,
}

pub(super) fn run(command: &Emulator, output: &Output) -> Result<(), Failure> {
    let mut builder = atlas_emulator::Emulator::builder()
        .listen(command.listen)
        .allow_remote(command.allow_remote)
        .latency(command.latency);
    if let Some(path) = &command.seed {
        let failed =
            |error: &dyn std::fmt::Display| Failure::input(format!("{}: {error}", path.display()));
        let text = fs::read_to_string(path).map_err(|error| failed(&error))?;
        builder = builder.seed_file(&text).map_err(|error| failed(&error))?;
    }
    if let Some(faults) = &command.faults {
        builder = builder.faults(faults.clone());
    }
    if command.no_rate_limits {
        builder = builder.no_rate_limits();
    }
    if let Some(seed) = command.rng_seed {
        builder = builder.rng_seed(seed);
    }
    block_on_many(async {
        // Before the address is printed, so that whoever reads it can already signal.
        let mut signals = signals::Signals::listen()?;
        let failed = |error| Failure::local("the emulator cannot start", error);
        let emulator = builder.start().await.map_err(failed)?;
        announce(&emulator, output)?;
        output.note("listening; stop it with Ctrl-C");
        signals.next().await;
        emulator.stop().await;
        Ok(())
    })
}

fn announce(emulator: &atlas_emulator::Emulator, output: &Output) -> Result<(), Failure> {
    if output.format == Format::Table {
        return output.text(&format!(
            "export MONGODB_ATLAS_BASE_URL={}\n\
             export MONGODB_ATLAS_ORG_ID={}\n\
             export MONGODB_ATLAS_PROJECT_ID={}\n\
             export MONGODB_ATLAS_PUBLIC_API_KEY={}\n\
             export MONGODB_ATLAS_PRIVATE_API_KEY={}\n\
             # a key to try it on: --key {}\n",
            emulator.base_url(),
            emulator.org_id(),
            emulator.project_id(),
            emulator.public_key(),
            emulator.private_key(),
            emulator.api_key_id(),
        ));
    }
    let facts = json!({
        "base_url": emulator.base_url(),
        "org_id": emulator.org_id(),
        "project_id": emulator.project_id(),
        "api_key_id": emulator.api_key_id(),
        "public_key": emulator.public_key(),
        "private_key": emulator.private_key(),
        "client_id": emulator.client_id(),
        "client_secret": emulator.client_secret(),
    });
    match output.format {
        Format::Json => output.text(&format!("{facts}\n")),
        _ => output.data(&facts),
    }
}
