//! The command `atlas-emulator`, which runs the emulator until it is interrupted.

use std::{
    io::{self, IsTerminal, Write},
    process::ExitCode,
};

use atlas_emulator::{Builder, cli::Settings};
use clap::{Parser, ValueEnum};
use tracing_subscriber::EnvFilter;

/// Run a local server that emulates the API-key operations of Atlas v2, Atlas v1.0 and Ops Manager
///
/// Once it listens, prints one line of JSON with base_url, org_id, project_id, api_key_id,
/// public_key, private_key, client_id, client_secret, and with --tls also ca_certificate. Logs each
/// request to standard error.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(flatten)]
    settings: Settings,

    /// Print the JSON Schema of seed files and exit
    #[arg(long)]
    print_seed_schema: bool,

    /// Format of the request log on standard error
    #[arg(long, default_value = "text")]
    log: Log,
}

#[derive(Clone, Copy, ValueEnum)]
enum Log {
    /// One line of text per request
    Text,
    /// One line of JSON per request
    Json,
    /// Errors at startup only
    Off,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if arguments.print_seed_schema {
        return match io::stdout().write_all(Builder::seed_schema().as_bytes()) {
            Ok(()) => ExitCode::SUCCESS,
            Err(_) => ExitCode::FAILURE,
        };
    }
    arguments.log.start();
    match run(arguments.settings).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error}");
            ExitCode::FAILURE
        }
    }
}

impl Log {
    fn start(self) {
        let filter = match self {
            Self::Off => EnvFilter::new("error"),
            _ => EnvFilter::try_from_default_env()
                .unwrap_or_else(|_| EnvFilter::new("info,atlas_emulator::requests=debug")),
        };
        let log = tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_ansi(io::stderr().is_terminal())
            .with_writer(io::stderr)
            // Printing them would panic if standard error is closed.
            .log_internal_errors(false);
        match self {
            Self::Json => log.json().flatten_event(true).init(),
            _ => log.with_target(false).init(),
        }
    }
}

async fn run(settings: Settings) -> io::Result<()> {
    let running = settings.start().await?;
    // After the start, because until then a signal should end the process at once; before the line
    // is printed, because its reader may signal at once.
    let interrupted = interrupted()?;
    let mut out = io::stdout().lock();
    writeln!(out, "{}", running.facts())?;
    out.flush()?;
    drop(out);
    let emulator = running.emulator();
    tracing::info!(base_url = emulator.base_url(), "listening");
    interrupted.await;
    tracing::info!(requests = emulator.requests(), "stopping");
    running.stop().await;
    Ok(())
}

/// Listens for SIGINT and SIGTERM, starting now.
#[cfg(unix)]
fn interrupted() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// Listens for Ctrl-C.
#[cfg(not(unix))]
fn interrupted() -> io::Result<impl Future<Output = ()>> {
    Ok(async {
        if let Err(error) = tokio::signal::ctrl_c().await {
            tracing::error!(%error, "cannot wait for Ctrl-C");
        }
    })
}
