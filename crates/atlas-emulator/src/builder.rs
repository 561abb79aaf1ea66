//! What an emulator is made of: its seed data and its behaviour.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use parking_lot::Mutex;
use secrecy::SecretString;
use tokio::net::TcpListener;

use crate::{
    Algorithm, Emulator, RateLimit, SeedKey, VersionDates,
    catalog::Catalog,
    digest::{DigestGate, DigestPolicy},
    exchange::Emulation,
    identity::Identities,
    nonces::NoncePolicy,
    seed::{Seed, invalid},
    token::TokenDesk,
    traffic::Traffic,
};

/// Settings that a request can meet.
#[derive(Clone, Debug)]
pub(crate) struct Behaviour {
    pub(crate) latency: Duration,
    pub(crate) org_rate_limit: Option<RateLimit>,
    pub(crate) project_rate_limit: Option<RateLimit>,
    pub(crate) version_dates: VersionDates,
    pub(crate) validation_errors: bool,
}

/// Settings of an [`Emulator`] that has not started yet.
///
/// Every setting has a default. Ids and credentials that are not given are
/// made up at each start, or from [`rng_seed`](Self::rng_seed).
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// use std::time::Duration;
/// use atlas_emulator::Emulator;
///
/// let emulator = Emulator::builder()
///     .org_id("5980cfc70b6d97029d82e3f6")
///     .strict_nc(true)
///     .nonce_ttl(Duration::from_secs(1))
///     .start()
///     .await?;
/// assert_eq!(emulator.org_id(), "5980cfc70b6d97029d82e3f6");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until `start` is called"]
pub struct Builder {
    listen: SocketAddr,
    allow_remote: bool,
    digest: DigestPolicy,
    nonces: NoncePolicy,
    token_ttl: Duration,
    log_capacity: usize,
    rng_seed: Option<u64>,
    behaviour: Behaviour,
    seed: Seed,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            allow_remote: false,
            digest: DigestPolicy {
                algorithms: vec![Algorithm::default()],
                auth_int: false,
                opaque: None,
                userhash: false,
                next_nonce: false,
                response_auth: false,
            },
            nonces: NoncePolicy {
                ttl: Duration::from_secs(60),
                uses: None,
                strict_nc: false,
            },
            token_ttl: Duration::from_secs(3600),
            log_capacity: 1000,
            rng_seed: None,
            behaviour: Behaviour {
                latency: Duration::ZERO,
                org_rate_limit: Some(RateLimit::ORGANIZATION),
                project_rate_limit: Some(RateLimit::PROJECT),
                version_dates: VersionDates::default(),
                validation_errors: false,
            },
            seed: Seed::default(),
        }
    }
}

impl Builder {
    /// The address to listen on. Default: a free port of 127.0.0.1.
    pub fn listen(mut self, address: SocketAddr) -> Self {
        self.listen = address;
        self
    }

    /// Whether an address that other machines can reach may be listened on.
    /// Default: no, as the emulator speaks plain HTTP.
    pub fn allow_remote(mut self, allow: bool) -> Self {
        self.allow_remote = allow;
        self
    }

    /// The hash of the digest challenge. Default: MD5, as the services offer.
    pub fn algorithm(self, algorithm: Algorithm) -> Self {
        self.algorithms([algorithm])
    }

    /// Several hashes, each in a challenge of its own, in this order. Default:
    /// MD5 alone.
    pub fn algorithms(mut self, algorithms: impl IntoIterator<Item = Algorithm>) -> Self {
        self.digest.algorithms = algorithms.into_iter().collect();
        self
    }

    /// Whether challenges offer `qop="auth,auth-int"`, so that an answer may
    /// cover the body too. Default: no, `qop="auth"`.
    pub fn auth_int(mut self, offered: bool) -> Self {
        self.digest.auth_int = offered;
        self
    }

    /// The `opaque` of challenges, which answers must give back: visible ASCII
    /// without quotes and backslashes. Default: none.
    pub fn opaque(mut self, opaque: impl Into<String>) -> Self {
        self.digest.opaque = Some(opaque.into());
        self
    }

    /// Whether answers must name the user by a hash (`userhash=true`). Default:
    /// no.
    pub fn userhash(mut self, wanted: bool) -> Self {
        self.digest.userhash = wanted;
        self
    }

    /// Whether each good answer is given the nonce for the next request, in
    /// `Authentication-Info`. Default: no.
    pub fn next_nonce(mut self, given: bool) -> Self {
        self.digest.next_nonce = given;
        self
    }

    /// Whether each good answer is given a proof that the password is known here
    /// too: `rspauth` in `Authentication-Info`. Default: no.
    pub fn response_auth(mut self, given: bool) -> Self {
        self.digest.response_auth = given;
        self
    }

    /// How long a nonce is good for; after that a right answer to it is met
    /// with `stale=true`. Default: 60 seconds, as in Ops Manager.
    pub fn nonce_ttl(mut self, ttl: Duration) -> Self {
        self.nonces.ttl = ttl;
        self
    }

    /// How many requests one nonce is good for; after that a right answer to
    /// it is met with `stale=true`. Default: any number.
    pub fn nonce_uses(mut self, uses: u32) -> Self {
        self.nonces.uses = Some(uses);
        self
    }

    /// Whether the nonce count must rise with every request on a nonce. A
    /// count that does not is refused with `stale=false`, as Apache's
    /// `AuthDigestNcCheck` does. Default: any count is taken; what the
    /// services do is not known.
    pub fn strict_nc(mut self, strict: bool) -> Self {
        self.nonces.strict_nc = strict;
        self
    }

    /// How long every answer takes at least. Default: no time.
    pub fn latency(mut self, latency: Duration) -> Self {
        self.behaviour.latency = latency;
        self
    }

    /// How long a service account's token lives, in whole seconds. Default:
    /// 3600 seconds, as in the service.
    pub fn token_ttl(mut self, ttl: Duration) -> Self {
        self.token_ttl = ttl;
        self
    }

    /// The limit of requests to each organization. Default:
    /// [`RateLimit::ORGANIZATION`]. With `None` there is no limit and no
    /// `RateLimit-*` header.
    pub fn org_rate_limit(mut self, limit: impl Into<Option<RateLimit>>) -> Self {
        self.behaviour.org_rate_limit = limit.into();
        self
    }

    /// The limit of requests to each project. Default:
    /// [`RateLimit::PROJECT`]. With `None` there is no limit and no
    /// `RateLimit-*` header.
    pub fn project_rate_limit(mut self, limit: impl Into<Option<RateLimit>>) -> Self {
        self.behaviour.project_rate_limit = limit.into();
        self
    }

    /// Switches both rate limits off, for load tests.
    pub fn no_rate_limits(self) -> Self {
        self.org_rate_limit(None).project_rate_limit(None)
    }

    /// Which dates the Accept header of Atlas v2 may name. Default:
    /// [`VersionDates::Released`].
    pub fn version_dates(mut self, dates: VersionDates) -> Self {
        self.behaviour.version_dates = dates;
        self
    }

    /// Whether Atlas v2 answers a description of a wrong length with
    /// `VALIDATION_ERROR` in place of `INVALID_API_KEY_DESC`; both are seen.
    /// Default: no.
    pub fn validation_errors(mut self, validation_errors: bool) -> Self {
        self.behaviour.validation_errors = validation_errors;
        self
    }

    /// How many of the newest requests [`Emulator::request_log`] keeps.
    /// Default: 1000. With 0 nothing is logged.
    pub fn log_capacity(mut self, requests: usize) -> Self {
        self.log_capacity = requests;
        self
    }

    /// Makes up the same ids and credentials at every start. Default: others
    /// each time. Nonces and tokens are random in either case.
    pub fn rng_seed(mut self, seed: u64) -> Self {
        self.rng_seed = Some(seed);
        self
    }

    /// The id of the organization, 24 lower-case hexadecimal digits.
    pub fn org_id(mut self, id: impl Into<String>) -> Self {
        self.seed.org_id = Some(id.into());
        self
    }

    /// The id of the project, 24 lower-case hexadecimal digits.
    pub fn project_id(mut self, id: impl Into<String>) -> Self {
        self.seed.project_id = Some(id.into());
        self
    }

    /// The id of the key to be updated, 24 lower-case hexadecimal digits.
    pub fn api_key_id(mut self, id: impl Into<String>) -> Self {
        self.seed.api_key_id = Some(id.into());
        self
    }

    /// The public key of the calling key, the owner of the organization.
    pub fn public_key(mut self, key: impl Into<String>) -> Self {
        self.seed.public_key = Some(key.into());
        self
    }

    /// The private key of the calling key.
    pub fn private_key(mut self, key: impl Into<String>) -> Self {
        self.seed.private_key = Some(SecretString::from(key.into()));
        self
    }

    /// The client id of the service account, an owner of the organization.
    pub fn client_id(mut self, id: impl Into<String>) -> Self {
        self.seed.client_id = Some(id.into());
        self
    }

    /// The client secret of the service account.
    pub fn client_secret(mut self, secret: impl Into<String>) -> Self {
        self.seed.client_secret = Some(SecretString::from(secret.into()));
        self
    }

    /// Adds another organization, 24 lower-case hexadecimal digits.
    pub fn org(mut self, id: impl Into<String>) -> Self {
        self.seed.orgs.push(id.into());
        self
    }

    /// Adds another project to an organization that was named before.
    pub fn project(mut self, id: impl Into<String>, org_id: impl Into<String>) -> Self {
        self.seed.projects.push((id.into(), org_id.into()));
        self
    }

    /// Adds another API key. It can sign in, and be updated.
    pub fn key(mut self, key: SeedKey) -> Self {
        self.seed.keys.push(key);
        self
    }

    /// Adds a person who signs in with a user name and a personal API key, as
    /// Atlas v1.0 and Ops Manager allow: an owner of the organization.
    pub fn user(mut self, name: impl Into<String>, api_key: impl Into<String>) -> Self {
        self.seed
            .users
            .push((name.into(), SecretString::from(api_key.into())));
        self
    }

    /// Starts the emulator on the running tokio runtime.
    ///
    /// # Errors
    ///
    /// `InvalidInput` for an id that is not 24 lower-case hexadecimal digits,
    /// for an id or a name given twice, for no algorithm or an `opaque` that no
    /// header can hold, for an organization or project that is
    /// not there, and for an address beyond loopback without
    /// [`allow_remote`](Self::allow_remote); otherwise what the operating
    /// system says of the address.
    pub async fn start(self) -> io::Result<Emulator> {
        if !self.allow_remote && !self.listen.ip().is_loopback() {
            return Err(invalid(format!(
                "{} can be reached from other machines; allow that explicitly or listen on loopback",
                self.listen
            )));
        }
        let is_safe = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\');
        if !self
            .digest
            .opaque
            .iter()
            .all(|text| text.bytes().all(is_safe))
        {
            return Err(invalid("opaque is not visible ASCII without quotes"));
        }
        if self.digest.algorithms.is_empty() {
            return Err(invalid("no algorithm is offered"));
        }
        let catalog =
            Catalog::load().map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        let mut digest = DigestGate::new(self.digest, self.nonces);
        let mut tokens = TokenDesk::new(self.token_ttl);
        let (state, access) =
            self.seed
                .plant(Identities::new(self.rng_seed), &mut digest, &mut tokens)?;
        let listener = TcpListener::bind(self.listen).await?;
        let emulation = Arc::new(Emulation {
            base_url: format!("http://{}", listener.local_addr()?),
            behaviour: self.behaviour,
            catalog,
            digest,
            tokens,
            state: Mutex::new(state),
            traffic: Traffic::new(self.log_capacity),
        });
        Ok(Emulator::new(listener, emulation, access))
    }
}
