//! `emulator`: the local server.

use std::io;

use atlas_emulator::cli::{Running, Settings};
use clap::Args;

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
    #[command(flatten)]
    settings: Settings,
}

pub(super) fn run(command: &Emulator, output: &Output) -> Result<(), Failure> {
    block_on_many(async {
        // Before the address is printed, so that whoever reads it can already signal.
        let mut signals = signals::Signals::listen()?;
        let started = command.settings.clone().start().await;
        let running = started.map_err(|error| match error.kind() {
            io::ErrorKind::InvalidInput => Failure::input(error.to_string()),
            _ => Failure::local("the emulator cannot start", error),
        })?;
        announce(&running, output)?;
        output.note("listening; stop it with Ctrl-C");
        signals.next().await;
        running.stop().await;
        Ok(())
    })
}

fn announce(running: &Running, output: &Output) -> Result<(), Failure> {
    let facts = running.facts();
    if output.format == Format::Table {
        let emulator = running.emulator();
        let trust = match facts["ca_certificate"].as_str() {
            Some(path) => format!("# to trust its certificate: --ca-file {path}\n"),
            None => String::new(),
        };
        return output.text(&format!(
            "export MONGODB_ATLAS_BASE_URL={}\n\
             export MONGODB_ATLAS_ORG_ID={}\n\
             export MONGODB_ATLAS_PROJECT_ID={}\n\
             export MONGODB_ATLAS_PUBLIC_API_KEY={}\n\
             export MONGODB_ATLAS_PRIVATE_API_KEY={}\n\
             # a key to try it on: --key {}\n\
             {trust}",
            emulator.base_url(),
            emulator.org_id(),
            emulator.project_id(),
            emulator.public_key(),
            emulator.private_key(),
            emulator.api_key_id(),
        ));
    }
    match output.format {
        Format::Json => output.text(&format!("{facts}\n")),
        _ => output.data(&facts),
    }
}
