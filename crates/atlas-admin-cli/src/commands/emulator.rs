//! `emulator`: run the local server.

use std::io;

use atlas_emulator::cli::{Running, Settings};
use clap::Args;

use crate::{
    args::Format, error::CliError, runtime::block_on_multi_thread, signal::Signal, ui::Output,
};

const EXAMPLES: &str = "\
Examples:
  atlas-admin emulator --listen 127.0.0.1:8080
  atlas-admin emulator --no-rate-limits --faults '429:every=10,retry_after=1' --output json";

/// Start a local server that emulates all three services
///
/// Prints its address and synthetic credentials as shell variables that this command reads,
/// or with --output json as one line of JSON. Runs until interrupted.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Emulator {
    #[command(flatten)]
    settings: Settings,
}

pub(super) fn run(command: &Emulator, output: &Output) -> Result<(), CliError> {
    block_on_multi_thread(async {
        // Before the address is printed: whoever reads it may signal at once.
        let mut signal = Signal::listen()?;
        let started = command.settings.clone().start().await;
        let running = started.map_err(|error| match error.kind() {
            io::ErrorKind::InvalidInput => CliError::input(error.to_string()),
            _ => CliError::local("cannot start the emulator", error),
        })?;
        announce(&running, output)?;
        output.note("listening; press Ctrl-C to stop");
        signal.recv().await;
        running.stop().await;
        Ok(())
    })
}

fn announce(running: &Running, output: &Output) -> Result<(), CliError> {
    let facts = running.facts();
    if output.format == Format::Table {
        let emulator = running.emulator();
        let trust = match facts["ca_certificate"].as_str() {
            Some(path) => format!("# trust its certificate with --ca-file {path}\n"),
            None => String::new(),
        };
        return output.text(&format!(
            "export MONGODB_ATLAS_BASE_URL={}\n\
             export MONGODB_ATLAS_ORG_ID={}\n\
             export MONGODB_ATLAS_PROJECT_ID={}\n\
             export MONGODB_ATLAS_PUBLIC_API_KEY={}\n\
             export MONGODB_ATLAS_PRIVATE_API_KEY={}\n\
             # an API key to update: --key {}\n\
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
