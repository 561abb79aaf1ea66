//! The emulator as a command: prints where it listens and what signs in as
//! one line of JSON, then serves until it is interrupted.

use std::{
    io::{self, IsTerminal, Write},
    net::SocketAddr,
    process::ExitCode,
    time::Duration,
};

use atlas_emulator::{Algorithm, Emulator};
use clap::{Parser, ValueEnum};
use tracing_subscriber::EnvFilter;

/// A local server for the API-key operations of Atlas v2, Atlas v1.0 and Ops
/// Manager.
///
/// Once it listens it prints one line of JSON: base_url, org_id, project_id,
/// api_key_id, public_key, private_key, client_id, client_secret. Logs go to
/// standard error; RUST_LOG=atlas_emulator=debug shows each request.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Address and port; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,

    /// Listen on an address that other machines can reach
    #[arg(long)]
    allow_remote: bool,

    /// How long a nonce is good for, as 60s or 15ms
    #[arg(long, default_value = "60s", value_parser = humantime::parse_duration)]
    nonce_ttl: Duration,

    /// Refuse a nonce count that does not rise
    #[arg(long)]
    strict_nc: bool,

    /// The hash of the digest challenge
    #[arg(long, default_value = "md5")]
    algorithm: Hash,

    /// How long every answer takes at least, as 20ms
    #[arg(long, default_value = "0s", value_parser = humantime::parse_duration)]
    latency: Duration,

    /// Do not limit the rate of requests
    #[arg(long)]
    no_rate_limits: bool,

    /// Make up the same ids and credentials at every start
    #[arg(long, value_name = "NUMBER")]
    rng_seed: Option<u64>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Hash {
    Md5,
    #[value(name = "sha-256")]
    Sha256,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(io::stderr().is_terminal())
        .with_writer(io::stderr)
        .init();
    match run(arguments).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> io::Result<()> {
    let mut builder = Emulator::builder()
        .listen(arguments.listen)
        .allow_remote(arguments.allow_remote)
        .nonce_ttl(arguments.nonce_ttl)
        .strict_nc(arguments.strict_nc)
        .latency(arguments.latency)
        .algorithm(match arguments.algorithm {
            Hash::Md5 => Algorithm::Md5,
            Hash::Sha256 => Algorithm::Sha256,
        });
    if arguments.no_rate_limits {
        builder = builder.no_rate_limits();
    }
    if let Some(seed) = arguments.rng_seed {
        builder = builder.rng_seed(seed);
    }
    // Before the line is printed, so that whoever reads it can already signal.
    let interrupted = interrupted()?;
    let emulator = builder.start().await?;
    announce(&emulator)?;
    tracing::info!(base_url = emulator.base_url(), "listening");
    interrupted.await;
    tracing::info!(requests = emulator.requests(), "stopping");
    emulator.stop().await;
    Ok(())
}

fn announce(emulator: &Emulator) -> io::Result<()> {
    let line = serde_json::json!({
        "base_url": emulator.base_url(),
        "org_id": emulator.org_id(),
        "project_id": emulator.project_id(),
        "api_key_id": emulator.api_key_id(),
        "public_key": emulator.public_key(),
        "private_key": emulator.private_key(),
        "client_id": emulator.client_id(),
        "client_secret": emulator.client_secret(),
    });
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}

/// Listens for SIGINT and SIGTERM from now on.
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
