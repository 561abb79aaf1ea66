//! What an emulator is made of: its seed data and its behavior.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use parking_lot::Mutex;
use secrecy::{ExposeSecret, SecretString};
use tokio::net::TcpListener;

use crate::{
    auth::digest::Algorithm,
    auth::digest::{DigestAuthenticator, DigestPolicy},
    auth::nonces::NoncePolicy,
    auth::token_issuer::TokenIssuer,
    config::assumptions::Assumptions,
    config::behavior::Behavior,
    config::seed::{Account, AccountKind, Seed, invalid},
    config::seed_key::SeedKey,
    faults::injector::FaultInjector,
    faults::injector::Faults,
    server::connection::ConnectionLimits,
    server::emulator::Emulator,
    server::handler::AppState,
    server::request_log::RequestLog,
    spec::catalog::{Catalog, Deviations},
    spec::service::Service,
    spec::versions,
    spec::versions::{ResourceVersion, VersionDates},
    state::rate_limit::RateLimit,
};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Settings of an [`Emulator`] that has not started yet.
///
/// Every setting has a default. Ids and credentials that are not given are
/// generated at each start, or from [`rng_seed`](Self::rng_seed).
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
    tls: bool,
    protocol: ConnectionLimits,
    today: Option<String>,
    deviations: Deviations,
    faults: Faults,
    behavior: Behavior,
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
            tls: false,
            protocol: ConnectionLimits {
                connections: 4096,
                head_timeout: Duration::from_secs(60),
            },
            today: None,
            deviations: Deviations::default(),
            faults: Faults::new(),
            behavior: Behavior {
                latency: Duration::ZERO,
                org_rate_limit: Some(RateLimit::ORGANIZATION),
                project_rate_limit: Some(RateLimit::PROJECT),
                token_rate_limit: None,
                assumptions: Assumptions::default(),
                admin: false,
                today: None,
            },
            seed: Seed::default(),
        }
    }
}

impl Emulator {
    /// Starts an emulator with the default settings on a free port of 127.0.0.1.
    ///
    /// # Errors
    ///
    /// The operating system's error if no port is available.
    pub async fn start() -> io::Result<Self> {
        Self::builder().start().await
    }

    /// Returns a builder with the default settings.
    pub fn builder() -> Builder {
        Builder::default()
    }
}

impl Builder {
    #[cfg(feature = "seed-file")]
    pub(crate) fn seed_mut(&mut self) -> &mut Seed {
        &mut self.seed
    }

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

    /// Whether challenges offer `qop="auth,auth-int"`, so that a response may
    /// cover the body too. Default: no, `qop="auth"`.
    pub fn auth_int(mut self, offered: bool) -> Self {
        self.digest.auth_int = offered;
        self
    }

    /// The `opaque` of challenges, which responses must give back: visible ASCII
    /// without quotes and backslashes. Default: none.
    pub fn opaque(mut self, opaque: impl Into<String>) -> Self {
        self.digest.opaque = Some(opaque.into());
        self
    }

    /// Whether responses must name the user by a hash (`userhash=true`). Default:
    /// no.
    pub fn userhash(mut self, wanted: bool) -> Self {
        self.digest.userhash = wanted;
        self
    }

    /// Whether each successful authentication is given the nonce for the next request, in
    /// `Authentication-Info`. Default: no.
    pub fn next_nonce(mut self, given: bool) -> Self {
        self.digest.next_nonce = given;
        self
    }

    /// Whether each successful authentication is given a proof that the password is known here
    /// too: `rspauth` in `Authentication-Info`. Default: no.
    pub fn response_auth(mut self, given: bool) -> Self {
        self.digest.response_auth = given;
        self
    }

    /// How long a nonce is good for; after that a right response to it is met
    /// with `stale=true`. Default: 60 seconds, as in Ops Manager.
    pub fn nonce_ttl(mut self, ttl: Duration) -> Self {
        self.nonces.ttl = ttl;
        self
    }

    /// How many requests one nonce is good for; after that a right response to
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

    /// How long every response takes at least. Default: no time.
    pub fn latency(mut self, latency: Duration) -> Self {
        self.behavior.latency = latency;
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
        self.behavior.org_rate_limit = limit.into();
        self
    }

    /// The limit of requests to each project. Default:
    /// [`RateLimit::PROJECT`]. With `None` there is no limit and no
    /// `RateLimit-*` header.
    pub fn project_rate_limit(mut self, limit: impl Into<Option<RateLimit>>) -> Self {
        self.behavior.project_rate_limit = limit.into();
        self
    }

    /// The limit of requests for a token, for each service account. Default:
    /// none, as its size is not documented. The 429 is in the services' shape.
    pub fn token_rate_limit(mut self, limit: impl Into<Option<RateLimit>>) -> Self {
        self.behavior.token_rate_limit = limit.into();
        self
    }

    /// Switches all rate limits off, for load tests.
    pub fn no_rate_limits(self) -> Self {
        self.org_rate_limit(None)
            .project_rate_limit(None)
            .token_rate_limit(None)
    }

    /// How the emulator decides what is assumed, not documented. Default:
    /// [`Assumptions::default`].
    pub fn assumptions(mut self, assumptions: Assumptions) -> Self {
        self.behavior.assumptions = assumptions;
        self
    }

    /// Sets [`Assumptions::version_dates`] alone.
    pub fn version_dates(mut self, dates: VersionDates) -> Self {
        self.behavior.assumptions.version_dates = dates;
        self
    }

    /// Sets [`Assumptions::validation_errors`] alone.
    pub fn validation_errors(mut self, validation_errors: bool) -> Self {
        self.behavior.assumptions.validation_errors = validation_errors;
        self
    }

    /// Adds a version of both operations of Atlas v2, or says what becomes of
    /// one. Its date becomes one that the Accept header may name.
    pub fn version(mut self, version: ResourceVersion) -> Self {
        self.deviations.versions.push(version);
        self
    }

    /// The day that it is for the versions of Atlas v2, as `2027-07-01`.
    /// Default: today, by the clock of this machine in UTC.
    pub fn today(mut self, day: impl Into<String>) -> Self {
        self.today = Some(day.into());
        self
    }

    /// The roles that a service knows, in place of its document's: `ORG_…` for
    /// organizations, the others for projects.
    pub fn roles<I>(mut self, service: Service, names: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        let names = names.into_iter().map(Into::into).collect();
        self.deviations.roles.insert(service, names);
        self
    }

    /// The faults to inject. Default: nothing.
    pub fn faults(mut self, faults: Faults) -> Self {
        self.faults = faults;
        self
    }

    /// Whether to speak HTTPS, and HTTP/2 where a client offers it, with a
    /// certificate made at the start for loopback and the address listened on.
    /// [`Emulator::ca_certificate`] is what a client has to trust. Default: no.
    #[cfg(feature = "tls")]
    pub fn tls(mut self, tls: bool) -> Self {
        self.tls = tls;
        self
    }

    /// How many connections are served at once; further ones wait. Default:
    /// 4096. 0 counts as 1.
    pub fn max_connections(mut self, connections: usize) -> Self {
        self.protocol.connections = connections.clamp(1, tokio::sync::Semaphore::MAX_PERMITS);
        self
    }

    /// How long the head of a request may take, counted from the end of the
    /// one before it; then the connection is closed. Default: 60 seconds; a day
    /// at most.
    pub fn head_timeout(mut self, time: Duration) -> Self {
        self.protocol.head_timeout = time.min(DAY);
        self
    }

    /// Whether requests from loopback may ask the emulator itself, under a
    /// path that no service has. Default: no. There is no secret in what it
    /// shows.
    ///
    /// | request | response |
    /// | --- | --- |
    /// | `GET /_emulator/state` | organizations, projects, keys and counters; with `?org=ID` of one organization |
    /// | `GET /_emulator/requests` | the newest requests, as [`Emulator::request_log`] |
    /// | `POST /_emulator/reset` | 204; see [`Emulator::reset`] |
    /// | `PUT /_emulator/faults` | 204; the body replaces the faults, as text that [`Faults`] describes |
    pub fn admin(mut self, admin: bool) -> Self {
        self.behavior.admin = admin;
        self
    }

    /// How many of the newest requests [`Emulator::request_log`] keeps.
    /// Default: 1000. With 0 nothing is logged.
    pub fn log_capacity(mut self, requests: usize) -> Self {
        self.log_capacity = requests;
        self
    }

    /// Generates the same ids and credentials at every start. Default: others
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

    /// The addresses and networks that the calling key and the service account
    /// may be used from, as `192.0.2.7` and `10.0.0.0/8`; from elsewhere the
    /// response is 403 `IP_ADDRESS_NOT_ON_ACCESS_LIST`. A token's is checked when
    /// it is used, not when it is made. Default: all.
    pub fn access_list<I>(mut self, entries: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        self.seed.access_list = entries.into_iter().map(Into::into).collect();
        self
    }

    /// Adds this many organizations, generated, beside the first and those that
    /// are named. Default: 0.
    pub fn orgs(mut self, orgs: u32) -> Self {
        self.seed.more_orgs = orgs;
        self
    }

    /// Adds this many keys, generated, to the first organization and to each of
    /// [`orgs`](Self::orgs). The first of each is an owner, the others are
    /// members. [`Emulator::synthetic_keys`] lists them. Default: 0.
    ///
    /// A million keys take some 600 MB; there are at most ten million.
    pub fn keys_per_org(mut self, keys: u32) -> Self {
        self.seed.keys_per_org = keys;
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
    /// header can hold, for an organization or project that is not there, for
    /// a date or an access list that is none, for a code that no header can
    /// hold, and for an address beyond loopback without
    /// [`allow_remote`](Self::allow_remote); otherwise what the operating
    /// system says of the address.
    pub async fn start(mut self) -> io::Result<Emulator> {
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
        if let Some(fault) = self.behavior.assumptions.fault() {
            return Err(invalid(fault));
        }
        self.behavior.today = self
            .today
            .as_deref()
            .map(versions::day)
            .transpose()
            .map_err(invalid)?;
        let catalog =
            Catalog::load(&self.deviations).map_err(|error| invalid(error.to_string()))?;
        self.seed.accounts_count_as_owners = self.behavior.assumptions.accounts_count_as_owners;
        let rng_seed = self.rng_seed.unwrap_or_else(rand::random);
        let mut digest = DigestAuthenticator::new(self.digest, self.nonces);
        let mut tokens = TokenIssuer::new(self.token_ttl);
        let mut register = |account: Account<'_>| {
            let Account {
                kind,
                name,
                secret,
                caller,
            } = account;
            match kind {
                AccountKind::Digest => digest.add_user(name, secret.expose_secret(), caller),
                AccountKind::Service => tokens.add_account(name, secret.clone(), caller),
            }
        };
        let (state, access, synthetic) = self.seed.plant(rng_seed, &mut register)?;
        let listener = TcpListener::bind(self.listen).await?;
        let address = listener.local_addr()?;
        let tls = match self.tls {
            #[cfg(feature = "tls")]
            true => {
                let identity = crate::server::tls::Identity::new(address.ip())?;
                Some((identity.tls, identity.ca_pem))
            }
            _ => None,
        };
        let scheme = if tls.is_some() { "https" } else { "http" };
        let app = Arc::new(AppState {
            base_url: format!("{scheme}://{address}"),
            behavior: self.behavior,
            catalog,
            digest,
            tokens,
            faults: FaultInjector::new(self.faults),
            state: Mutex::new(state),
            traffic: RequestLog::new(self.log_capacity),
            seed: self.seed,
            rng_seed,
            synthetic,
        });
        Ok(Emulator::new(listener, app, access, tls, self.protocol))
    }
}
