//! The command line of the emulator, for `atlas-emulator` and other commands.

use std::{fmt, fs, io, net::SocketAddr, path::PathBuf, time::Duration};

use clap::Args;
use serde_json::{Value, json};
use tempfile::TempPath;

use crate::{Algorithm, Builder, Emulator, Faults, NonceCounting};

/// The options of a command that runs the emulator, to flatten into the command's own.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// use atlas_emulator::cli::Settings;
/// use clap::Parser;
///
/// #[derive(Parser)]
/// struct Arguments {
///     #[command(flatten)]
///     emulator: Settings,
/// }
///
/// let arguments = Arguments::parse_from(["example", "--rng-seed", "7"]);
/// let running = arguments.emulator.start().await?;
/// assert_eq!(running.facts()["base_url"], running.emulator().base_url());
/// running.stop().await;
/// # Ok(())
/// # }
/// ```
#[derive(Args, Clone, Debug)]
// The command has its own descriptions.
#[command(about = None, long_about = None)]
pub struct Settings {
    /// Address to listen on; port 0 selects a free port
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    listen: SocketAddr,

    /// Allow an address that other machines can reach
    #[arg(long)]
    allow_remote: bool,

    /// File with the initial state, in YAML or JSON; for its schema, run atlas-emulator
    /// --print-seed-schema
    #[arg(long, value_name = "FILE")]
    seed: Option<PathBuf>,

    /// Serve HTTPS with a generated certificate, and HTTP/2 if the client offers it
    #[arg(long)]
    tls: bool,

    /// Write the CA certificate to this file, in PEM, instead of a temporary file
    #[arg(long, value_name = "FILE", requires = "tls")]
    tls_cert_out: Option<PathBuf>,

    /// Faults to inject, such as 429:every=10,retry_after=1;reset:at=after,p=0.01
    ///
    /// Faults are separated by ";". A fault is a name, optionally followed by ":" and settings
    /// separated by ",". At most one fault is injected into a request: the first that is due.
    /// Unless noted otherwise, the update is not applied.
    ///
    ///   429                      rate limit exceeded
    ///   405                      maintenance; updates only
    ///   stale                    digest challenge with stale=true
    ///   500                      error in the services' format
    ///   502 503 504              error of a proxy, with an empty body
    ///   html502 html503 html504  error of a proxy, with an HTML page
    ///   badjson                  half of the response body; the update is applied
    ///   otherkey                 success about another key's id; the update is applied
    ///   olddesc oldroles         success with the description or roles before the update, which is
    ///                            applied
    ///   ignored                  success with the key as it was
    ///   delay                    response delayed by ms=N; the update is applied
    ///   hang                     no response
    ///   reset                    broken connection: at=before the update (default), at=after it,
    ///                            at=during the response, or at=idle after the response; applied
    ///                            except with at=before
    ///
    /// Settings:
    ///
    ///   every=N                  every Nth request
    ///   p=0.01                   with this probability
    ///   skip=N                   not the first N requests
    ///   times=N                  at most N times
    ///   on=calls|tokens|all      authenticated calls (default), token requests, or all requests
    ///   retry_after=SECONDS      Retry-After header; for 429 and the errors of a proxy
    ///   at=after                 after the update is applied; for 500, the errors of a proxy and
    ///                            hang
    #[arg(long, value_name = "SPEC", verbatim_doc_comment)]
    faults: Option<Faults>,

    /// Lifetime of a nonce, such as 60s or 15ms
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = humantime::parse_duration)]
    nonce_ttl: Duration,

    /// Nonce counts to accept: each below 1024 once, as Jetty; each once; rising ones, as Apache;
    /// or any
    #[arg(long, value_enum, value_name = "COUNTING", default_value = "jetty")]
    nonce_counting: NonceCounting,

    /// Same as --nonce-counting rising
    #[arg(long, conflicts_with = "nonce_counting")]
    strict_nc: bool,

    /// Digest algorithms, each with a challenge of its own
    #[arg(
        long,
        value_name = "ALGORITHM",
        default_value = "md5",
        value_delimiter = ','
    )]
    algorithm: Vec<Algorithm>,

    /// Minimum duration of a request, such as 20ms
    #[arg(long, value_name = "TIME", default_value = "0s", value_parser = humantime::parse_duration)]
    latency: Duration,

    /// Addresses and networks from which the printed credentials may be used, such as
    /// 192.0.2.7,10.0.0.0/8
    #[arg(long, value_delimiter = ',', value_name = "LIST")]
    access_list: Vec<String>,

    /// Current day for the versions of Atlas v2, such as 2027-07-01
    #[arg(long, value_name = "DATE")]
    today: Option<String>,

    /// Disable all rate limits
    #[arg(long)]
    no_rate_limits: bool,

    /// Generate the same ids, credentials and random faults at every start
    #[arg(long, value_name = "NUMBER")]
    rng_seed: Option<u64>,

    /// Serve GET state, GET requests, POST reset and PUT faults under /_emulator/ to programs on
    /// loopback, not to web pages
    #[arg(long)]
    admin: bool,
}

impl Settings {
    /// Starts the emulator with these settings, which override those of the seed file.
    ///
    /// With `--tls`, writes the CA certificate to the given file or to a temporary file.
    ///
    /// # Errors
    ///
    /// Returns [`io::ErrorKind::InvalidInput`] if a setting or the seed file is invalid, otherwise
    /// the error of listening or writing.
    pub async fn start(self) -> io::Result<Running> {
        let path = self.tls_cert_out.clone();
        let emulator = self.builder()?.start().await?;
        let mut running = Running {
            emulator,
            ca_certificate: None,
            temporary: None,
        };
        if let Some(pem) = running.emulator.ca_certificate() {
            let path = match path {
                Some(path) => path,
                None => running.temporary.insert(temporary_file()?).to_path_buf(),
            };
            fs::write(&path, pem)?;
            running.ca_certificate = Some(path);
        }
        Ok(running)
    }

    fn builder(self) -> io::Result<Builder> {
        let mut builder = Emulator::builder();
        if let Some(path) = &self.seed {
            let invalid = |error: &dyn fmt::Display| {
                let message = format!("{}: {error}", path.display());
                io::Error::new(io::ErrorKind::InvalidInput, message)
            };
            let text = fs::read_to_string(path).map_err(|error| invalid(&error))?;
            builder = builder.seed_file(&text).map_err(|error| invalid(&error))?;
        }
        builder = builder
            .listen(self.listen)
            .allow_remote(self.allow_remote)
            .tls(self.tls)
            .admin(self.admin)
            .nonce_ttl(self.nonce_ttl)
            .nonce_counting(match self.strict_nc {
                true => NonceCounting::Rising,
                false => self.nonce_counting,
            })
            .latency(self.latency)
            .algorithms(self.algorithm);
        if let Some(faults) = self.faults {
            builder = builder.faults(faults.seed(self.rng_seed.unwrap_or_default()));
        }
        if !self.access_list.is_empty() {
            builder = builder.access_list(self.access_list);
        }
        if let Some(today) = self.today {
            builder = builder.today(today);
        }
        if self.no_rate_limits {
            builder = builder.no_rate_limits();
        }
        if let Some(seed) = self.rng_seed {
            builder = builder.rng_seed(seed);
        }
        Ok(builder)
    }
}

/// An emulator that a command runs. It stops when dropped.
#[derive(Debug)]
pub struct Running {
    emulator: Emulator,
    ca_certificate: Option<PathBuf>,
    /// Deletes the file of the certificate on drop.
    temporary: Option<TempPath>,
}

impl Running {
    /// Returns the emulator.
    pub fn emulator(&self) -> &Emulator {
        &self.emulator
    }

    /// Returns the address, ids and credentials, including secrets: `base_url`, `org_id`,
    /// `project_id`, `api_key_id`, `public_key`, `private_key`, `client_id`, `client_secret`, and
    /// with `--tls` also `ca_certificate`, the path of a PEM file.
    pub fn facts(&self) -> Value {
        let emulator = &self.emulator;
        let mut facts = json!({
            "base_url": emulator.base_url(),
            "org_id": emulator.org_id(),
            "project_id": emulator.project_id(),
            "api_key_id": emulator.api_key_id(),
            "public_key": emulator.public_key(),
            "private_key": emulator.private_key(),
            "client_id": emulator.client_id(),
            "client_secret": emulator.client_secret(),
        });
        if let Some(path) = &self.ca_certificate {
            facts["ca_certificate"] = path.display().to_string().into();
        }
        facts
    }

    /// Stops the emulator, and deletes the certificate's file if it is temporary.
    pub async fn stop(self) {
        self.emulator.stop().await;
    }
}

fn temporary_file() -> io::Result<TempPath> {
    let file = tempfile::Builder::new()
        .prefix("atlas-emulator-")
        .suffix(".pem")
        .tempfile()?;
    Ok(file.into_temp_path())
}
