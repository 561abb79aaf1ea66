//! The emulator as a command: prints where it listens and what signs in as
//! one line of JSON, then serves until it is interrupted.

use std::{
    fs,
    io::{self, IsTerminal, Write},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use atlas_emulator::{Algorithm, Builder, Emulator, Faults};
use clap::{Parser, ValueEnum};
use tempfile::NamedTempFile;
use tracing_subscriber::EnvFilter;

/// A local server for the API-key operations of Atlas v2, Atlas v1.0 and Ops
/// Manager.
///
/// Once it listens it prints one line of JSON: base_url, org_id, project_id,
/// api_key_id, public_key, private_key, client_id, client_secret, and with
/// --tls also ca_certificate. Each request is logged on standard error.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Address and port; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,

    /// Listen on an address that other machines can reach
    #[arg(long)]
    allow_remote: bool,

    /// What to start with, in YAML or JSON; see --print-seed-schema
    #[arg(long, value_name = "FILE")]
    seed: Option<PathBuf>,

    /// Print the JSON Schema of a seed file, and stop
    #[arg(long)]
    print_seed_schema: bool,

    /// Speak HTTPS, and HTTP/2 where a client offers it, with a certificate
    /// made at the start
    #[arg(long)]
    tls: bool,

    /// Where to write the certificate, in PEM, that clients have to trust;
    /// otherwise it is a temporary file
    #[arg(long, value_name = "FILE", requires = "tls")]
    tls_cert_out: Option<PathBuf>,

    /// What goes wrong on purpose
    ///
    /// Faults parted by ";", each a name and after ":" its settings, parted by
    /// ",". At most one strikes a request: the first whose turn it is. Unless
    /// noted, the update is not carried out.
    ///
    ///   429        rate limited
    ///   405        maintenance, for updates alone
    ///   stale      a digest challenge with stale=true
    ///   500        the services' own error
    ///   502 503 504              a proxy's answer, no body
    ///   html502 html503 html504  the same with a page
    ///   badjson    half a body; the update is carried out
    ///   delay      late by ms=N; the update is carried out
    ///   hang       no answer
    ///   reset      at=before (default), at=after the update, at=during the
    ///              answer, or at=idle after it; all but before carry it out
    ///
    /// Settings: every=N, p=0.01, skip=N, times=N, retry_after=SECONDS (429 and
    /// proxies), on=calls|tokens|all, and at=after for 500 to 504, html and
    /// hang: once the update was carried out.
    ///
    /// Example: 429:every=10,retry_after=1;reset:at=after,p=0.01
    #[arg(long, value_name = "SPEC", verbatim_doc_comment)]
    faults: Option<Faults>,

    /// How long a nonce is good for, as 60s or 15ms
    #[arg(long, default_value = "60s", value_parser = humantime::parse_duration)]
    nonce_ttl: Duration,

    /// Refuse a nonce count that does not rise
    #[arg(long)]
    strict_nc: bool,

    /// The hash of the digest challenge; several make a challenge each
    #[arg(long, default_value = "md5", value_delimiter = ',')]
    algorithm: Vec<Hash>,

    /// How long every answer takes at least, as 20ms
    #[arg(long, default_value = "0s", value_parser = humantime::parse_duration)]
    latency: Duration,

    /// Addresses and networks that the printed credentials may be used from,
    /// as 192.0.2.7,10.0.0.0/8
    #[arg(long, value_delimiter = ',', value_name = "LIST")]
    access_list: Vec<String>,

    /// The day that it is for the versions of Atlas v2, as 2027-07-01
    #[arg(long, value_name = "DATE")]
    today: Option<String>,

    /// Do not limit the rate of requests
    #[arg(long)]
    no_rate_limits: bool,

    /// Make up the same ids and credentials, and draw the same chances of
    /// faults, at every start
    #[arg(long, value_name = "NUMBER")]
    rng_seed: Option<u64>,

    /// Answer under /_emulator/ to loopback: GET state, GET requests,
    /// POST reset, PUT faults
    #[arg(long)]
    admin: bool,

    /// How requests are logged on standard error
    #[arg(long, default_value = "text")]
    log: Log,
}

#[derive(Clone, Copy, ValueEnum)]
enum Hash {
    Md5,
    Md5Sess,
    #[value(name = "sha-256")]
    Sha256,
    #[value(name = "sha-256-sess")]
    Sha256Sess,
    #[value(name = "sha-512-256")]
    Sha512_256,
    #[value(name = "sha-512-256-sess")]
    Sha512_256Sess,
}

impl From<Hash> for Algorithm {
    fn from(hash: Hash) -> Self {
        match hash {
            Hash::Md5 => Self::Md5,
            Hash::Md5Sess => Self::Md5Sess,
            Hash::Sha256 => Self::Sha256,
            Hash::Sha256Sess => Self::Sha256Sess,
            Hash::Sha512_256 => Self::Sha512_256,
            Hash::Sha512_256Sess => Self::Sha512_256Sess,
        }
    }
}

#[derive(Clone, Copy, ValueEnum)]
enum Log {
    /// A line a request
    Text,
    /// A line of JSON a request
    Json,
    /// Only why it could not start
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
    match run(arguments).await {
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
            .with_writer(io::stderr);
        match self {
            Self::Json => log.json().flatten_event(true).init(),
            _ => log.with_target(false).init(),
        }
    }
}

async fn run(arguments: Arguments) -> io::Result<()> {
    let certificate = arguments.tls_cert_out.clone();
    // Before the line is printed, so that whoever reads it can already signal.
    let interrupted = interrupted()?;
    let emulator = builder(arguments)?.start().await?;
    let certificate = Certificate::write(&emulator, certificate)?;
    announce(&emulator, certificate.as_ref().map(Certificate::path))?;
    tracing::info!(base_url = emulator.base_url(), "listening");
    interrupted.await;
    tracing::info!(requests = emulator.requests(), "stopping");
    emulator.stop().await;
    Ok(())
}

/// The seed file's settings, and the arguments' on top.
fn builder(arguments: Arguments) -> io::Result<Builder> {
    let mut builder = Emulator::builder();
    if let Some(path) = &arguments.seed {
        let at = |error: &dyn std::fmt::Display| {
            io::Error::new(
                io::ErrorKind::InvalidInput,
                format!("{}: {error}", path.display()),
            )
        };
        let text = fs::read_to_string(path).map_err(|error| at(&error))?;
        builder = builder.seed_file(&text).map_err(|error| at(&error))?;
    }
    builder = builder
        .listen(arguments.listen)
        .allow_remote(arguments.allow_remote)
        .tls(arguments.tls)
        .admin(arguments.admin)
        .nonce_ttl(arguments.nonce_ttl)
        .strict_nc(arguments.strict_nc)
        .latency(arguments.latency)
        .algorithms(arguments.algorithm.into_iter().map(Algorithm::from));
    if let Some(faults) = arguments.faults {
        builder = builder.faults(faults.seed(arguments.rng_seed.unwrap_or_default()));
    }
    if !arguments.access_list.is_empty() {
        builder = builder.access_list(arguments.access_list);
    }
    if let Some(today) = arguments.today {
        builder = builder.today(today);
    }
    if arguments.no_rate_limits {
        builder = builder.no_rate_limits();
    }
    if let Some(seed) = arguments.rng_seed {
        builder = builder.rng_seed(seed);
    }
    Ok(builder)
}

/// Where the certificate is that clients have to trust.
enum Certificate {
    Kept(PathBuf),
    /// Gone when the command ends.
    Temporary(NamedTempFile),
}

impl Certificate {
    fn write(emulator: &Emulator, path: Option<PathBuf>) -> io::Result<Option<Self>> {
        let Some(pem) = emulator.ca_certificate() else {
            return Ok(None);
        };
        Ok(Some(match path {
            Some(path) => {
                fs::write(&path, pem)?;
                Self::Kept(path)
            }
            None => {
                let mut file = tempfile::Builder::new()
                    .prefix("atlas-emulator-")
                    .suffix(".pem")
                    .tempfile()?;
                file.write_all(pem.as_bytes())?;
                Self::Temporary(file)
            }
        }))
    }

    fn path(&self) -> &Path {
        match self {
            Self::Kept(path) => path,
            Self::Temporary(file) => file.path(),
        }
    }
}

fn announce(emulator: &Emulator, certificate: Option<&Path>) -> io::Result<()> {
    let mut line = serde_json::json!({
        "base_url": emulator.base_url(),
        "org_id": emulator.org_id(),
        "project_id": emulator.project_id(),
        "api_key_id": emulator.api_key_id(),
        "public_key": emulator.public_key(),
        "private_key": emulator.private_key(),
        "client_id": emulator.client_id(),
        "client_secret": emulator.client_secret(),
    });
    if let Some(path) = certificate {
        line["ca_certificate"] = path.display().to_string().into();
    }
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
