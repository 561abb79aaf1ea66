//! What commands that run the emulator have in common: their options, and what
//! they tell once it listens.

use std::{
    fmt, fs,
    io::{self, Write},
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use clap::{Args, ValueEnum};
use serde_json::{Value, json};
use tempfile::NamedTempFile;

use crate::{Algorithm, Builder, Emulator, Faults};

/// The options of a command that runs the emulator, to flatten into its own.
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
// The command that they stand in has its own.
#[command(about = None, long_about = None)]
pub struct Settings {
    /// Address and port; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    listen: SocketAddr,

    /// Listen on an address that other machines can reach
    #[arg(long)]
    allow_remote: bool,

    /// What to start with, in YAML or JSON; atlas-emulator --print-seed-schema
    /// describes it
    #[arg(long, value_name = "FILE")]
    seed: Option<PathBuf>,

    /// Speak HTTPS, and HTTP/2 where a client offers it, with a certificate
    /// made at the start
    #[arg(long)]
    tls: bool,

    /// Where to write the certificate, in PEM, that clients have to trust;
    /// otherwise it is a temporary file
    #[arg(long, value_name = "FILE", requires = "tls")]
    tls_cert_out: Option<PathBuf>,

    /// The faults to inject
    ///
    /// Faults parted by ";", each a name and after ":" its settings, parted by
    /// ",". At most one applies to a request: the first whose turn it is. Unless
    /// noted, the update is not carried out.
    ///
    ///   429        rate limited
    ///   405        maintenance, for updates alone
    ///   stale      a digest challenge with stale=true
    ///   500        the services' own error
    ///   502 503 504              a proxy's response, no body
    ///   html502 html503 html504  the same with a page
    ///   badjson    half a body; the update is carried out
    ///   delay      late by ms=N; the update is carried out
    ///   hang       no response
    ///   reset      at=before (default), at=after the update, at=during the
    ///              response, or at=idle after it; all but before carry it out
    ///
    /// Settings: every=N, p=0.01, skip=N, times=N, retry_after=SECONDS (429 and
    /// proxies), on=calls|tokens|all, and at=after for 500 to 504, html and
    /// hang: once the update was carried out.
    ///
    /// Example: 429:every=10,retry_after=1;reset:at=after,p=0.01
    #[arg(long, value_name = "SPEC", verbatim_doc_comment)]
    faults: Option<Faults>,

    /// How long a nonce is good for, as 60s or 15ms
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = humantime::parse_duration)]
    nonce_ttl: Duration,

    /// Refuse a nonce count that does not rise
    #[arg(long)]
    strict_nc: bool,

    /// The hash of the digest challenge; several make a challenge each
    #[arg(
        long,
        value_name = "HASH",
        default_value = "md5",
        value_delimiter = ','
    )]
    algorithm: Vec<Hash>,

    /// How long every response takes at least, as 20ms
    #[arg(long, value_name = "TIME", default_value = "0s", value_parser = humantime::parse_duration)]
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

    /// ResponseBuilder under /_emulator/ to loopback: GET state, GET requests,
    /// POST reset, PUT faults
    #[arg(long)]
    admin: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
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

impl Settings {
    /// Starts the emulator: the seed file's settings, and these on top.
    ///
    /// With `--tls` the certificate is written to the file that was named, or to
    /// a temporary one.
    ///
    /// # Errors
    ///
    /// Of the kind [`io::ErrorKind::InvalidInput`] where a setting or the seed
    /// file is to blame, and others where it cannot listen or write.
    pub async fn start(self) -> io::Result<Running> {
        let path = self.tls_cert_out.clone();
        let emulator = self.builder()?.start().await?;
        let certificate = match emulator.ca_certificate() {
            Some(pem) => Some(Certificate::write(pem, path)?),
            None => None,
        };
        Ok(Running {
            emulator,
            certificate,
        })
    }

    fn builder(self) -> io::Result<Builder> {
        let mut builder = Emulator::builder();
        if let Some(path) = &self.seed {
            let at = |error: &dyn fmt::Display| {
                io::Error::new(
                    io::ErrorKind::InvalidInput,
                    format!("{}: {error}", path.display()),
                )
            };
            let text = fs::read_to_string(path).map_err(|error| at(&error))?;
            builder = builder.seed_file(&text).map_err(|error| at(&error))?;
        }
        builder = builder
            .listen(self.listen)
            .allow_remote(self.allow_remote)
            .tls(self.tls)
            .admin(self.admin)
            .nonce_ttl(self.nonce_ttl)
            .strict_nc(self.strict_nc)
            .latency(self.latency)
            .algorithms(self.algorithm.into_iter().map(Algorithm::from));
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

/// An emulator that a command runs. It stops when this is dropped.
#[derive(Debug)]
pub struct Running {
    emulator: Emulator,
    certificate: Option<Certificate>,
}

impl Running {
    /// The emulator.
    pub fn emulator(&self) -> &Emulator {
        &self.emulator
    }

    /// Where it listens and what signs in, secrets included: `base_url`, `org_id`,
    /// `project_id`, `api_key_id`, `public_key`, `private_key`, `client_id`,
    /// `client_secret`, and with `--tls` also `ca_certificate`, the path of a file
    /// in PEM.
    pub fn facts(&self) -> Value {
        let Self {
            emulator,
            certificate,
        } = self;
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
        if let Some(certificate) = certificate {
            facts["ca_certificate"] = certificate.path().display().to_string().into();
        }
        facts
    }

    /// Stops it, and removes the certificate if its file is temporary.
    pub async fn stop(self) {
        self.emulator.stop().await;
    }
}

/// Where the certificate is that clients have to trust.
#[derive(Debug)]
enum Certificate {
    Kept(PathBuf),
    /// Gone when the command ends.
    Temporary(NamedTempFile),
}

impl Certificate {
    fn write(pem: &str, path: Option<PathBuf>) -> io::Result<Self> {
        Ok(match path {
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
        })
    }

    fn path(&self) -> &Path {
        match self {
            Self::Kept(path) => path,
            Self::Temporary(file) => file.path(),
        }
    }
}
