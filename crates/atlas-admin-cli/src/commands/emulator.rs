//! `emulator`: run the local server.

use std::{borrow::Cow, io};

use atlas_admin::sanitize;
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
        let started = command.settings.clone().start().await;
        let running = started.map_err(|error| match error.kind() {
            io::ErrorKind::InvalidInput => CliError::input(error.to_string()),
            _ => CliError::local("cannot start the emulator", error),
        })?;
        // After the start, because until then a signal should end the process at once; before
        // the address is printed, because its reader may signal at once.
        let mut signal = Signal::listen()?;
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
        let mut text = String::new();
        for (name, value) in [
            ("BASE_URL", emulator.base_url()),
            ("ORG_ID", emulator.org_id()),
            ("PROJECT_ID", emulator.project_id()),
            ("PUBLIC_API_KEY", emulator.public_key()),
            ("PRIVATE_API_KEY", emulator.private_key()),
        ] {
            text += &format!("export MONGODB_ATLAS_{name}={}\n", quoted(value)?);
        }
        let key = emulator.api_key_id();
        text += &format!("# an API key to update: --key {key}\n");
        if let Some(path) = facts["ca_certificate"].as_str() {
            // A line break would end the comment.
            let path = quoted(path)?;
            let path = sanitize(&path);
            text += &format!("# trust its certificate with --ca-file {path}\n");
        }
        return output.text(&text);
    }
    match output.format {
        Format::Json => output.text(&format!("{facts}\n")),
        _ => output.data(&facts),
    }
}

/// Quotes a value for a shell.
fn quoted(value: &str) -> Result<Cow<'_, str>, CliError> {
    // The value may be secret.
    shlex::try_quote(value)
        .map_err(|_| CliError::input("a shell variable cannot hold NUL; use --output json"))
}
