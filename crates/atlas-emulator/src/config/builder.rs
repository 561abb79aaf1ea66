//! The builder of emulators.

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
    auth::digest::{Algorithm, DigestAuthenticator, DigestPolicy},
    auth::nonces::{NonceCounting, NoncePolicy},
    auth::token_issuer::TokenIssuer,
    config::assumptions::Assumptions,
    config::behavior::Behavior,
    config::seed::{Seed, invalid},
    config::seed_key::SeedKey,
    faults::injector::{FaultInjector, Faults},
    server::app::AppState,
    server::connection::ConnectionLimits,
    server::emulator::Emulator,
    server::request_log::RequestLog,
    spec::catalog::{Catalog, Deviations},
    spec::service::Service,
    spec::versions::{self, ResourceVersion, VersionDates},
    state::rate_limit::RateLimit,
};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Configures and starts an [`Emulator`].
///
/// Every setting has a default. Unless you set them, ids and credentials are generated at each
/// start, or from [`rng_seed`](Self::rng_seed).
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
    limits: ConnectionLimits,
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
                counting: NonceCounting::Jetty,
            },
            token_ttl: Duration::from_secs(3600),
            log_capacity: 1000,
            rng_seed: None,
            tls: false,
            limits: ConnectionLimits {
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
    /// Returns the operating system's error if no port is available.
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

    /// Sets the address to listen on; default: a free port of 127.0.0.1.
    pub fn listen(mut self, address: SocketAddr) -> Self {
        self.listen = address;
        self
    }

    /// Sets whether the emulator may listen on an address that other machines can reach; default:
    /// `false`, because the emulator speaks plain HTTP.
    pub fn allow_remote(mut self, allow: bool) -> Self {
        self.allow_remote = allow;
        self
    }

    /// Sets one digest algorithm; default: MD5, as in the services.
    pub fn algorithm(self, algorithm: Algorithm) -> Self {
        self.algorithms([algorithm])
    }

    /// Sets the digest algorithms; each gets a challenge of its own, in this order. Default: MD5
    /// only, as in the services.
    pub fn algorithms(mut self, algorithms: impl IntoIterator<Item = Algorithm>) -> Self {
        self.digest.algorithms = algorithms.into_iter().collect();
        self
    }

    /// Sets whether challenges offer `qop="auth,auth-int"`, so that an authorization may cover the
    /// body too; default: `false`, which offers `qop="auth"`.
    pub fn auth_int(mut self, auth_int: bool) -> Self {
        self.digest.auth_int = auth_int;
        self
    }

    /// Sets the `opaque` parameter of challenges, which authorizations must return: visible ASCII
    /// without quotes and backslashes. Default: no `opaque`.
    pub fn opaque(mut self, opaque: impl Into<String>) -> Self {
        self.digest.opaque = Some(opaque.into());
        self
    }

    /// Sets whether authorizations must send a hash of the user name (`userhash=true`); default:
    /// `false`.
    pub fn userhash(mut self, userhash: bool) -> Self {
        self.digest.userhash = userhash;
        self
    }

    /// Sets whether each authenticated response carries the nonce for the next request, in
    /// `Authentication-Info`; default: `false`.
    pub fn next_nonce(mut self, next_nonce: bool) -> Self {
        self.digest.next_nonce = next_nonce;
        self
    }

    /// Sets whether each authenticated response proves that the server knows the password, with
    /// `rspauth` in `Authentication-Info`; default: `false`.
    pub fn response_auth(mut self, response_auth: bool) -> Self {
        self.digest.response_auth = response_auth;
        self
    }

    /// Sets the lifetime of a nonce; default: 60 seconds, as in Ops Manager. After that, a correct
    /// authorization gets a challenge with `stale=true`.
    pub fn nonce_ttl(mut self, ttl: Duration) -> Self {
        self.nonces.ttl = ttl;
        self
    }

    /// Sets the number of requests that may use a nonce; default: unlimited. After that, a correct
    /// authorization gets a challenge with `stale=true`.
    pub fn nonce_uses(mut self, uses: u32) -> Self {
        self.nonces.uses = Some(uses);
        self
    }

    /// Sets which nonce counts are accepted; default: [`NonceCounting::Jetty`].
    pub fn nonce_counting(mut self, counting: NonceCounting) -> Self {
        self.nonces.counting = counting;
        self
    }

    /// Sets whether the nonce count must increase with every request, as with
    /// [`NonceCounting::Rising`]; default: `false`, which is [`NonceCounting::Jetty`].
    pub fn strict_nc(self, strict: bool) -> Self {
        self.nonce_counting(match strict {
            true => NonceCounting::Rising,
            false => NonceCounting::default(),
        })
    }

    /// Sets the minimum duration of every request; default: zero.
    pub fn latency(mut self, latency: Duration) -> Self {
        self.behavior.latency = latency;
        self
    }

    /// Sets the lifetime of access tokens, in whole seconds; default: 3600 seconds, as in the
    /// service.
    pub fn token_ttl(mut self, ttl: Duration) -> Self {
        self.token_ttl = ttl;
        self
    }

    /// Sets the rate limit of each organization; default: [`RateLimit::ORGANIZATION`]. `None`
    /// disables the limit and its `RateLimit-*` headers.
    pub fn org_rate_limit(mut self, limit: impl Into<Option<RateLimit>>) -> Self {
        self.behavior.org_rate_limit = limit.into();
        self
    }

    /// Sets the rate limit of each project; default: [`RateLimit::PROJECT`]. `None` disables the
    /// limit and its `RateLimit-*` headers.
    pub fn project_rate_limit(mut self, limit: impl Into<Option<RateLimit>>) -> Self {
        self.behavior.project_rate_limit = limit.into();
        self
    }

    /// Sets each service account's rate limit for token requests; default: no limit, because its
    /// size is not documented. The 429 has the services' error format.
    pub fn token_rate_limit(mut self, limit: impl Into<Option<RateLimit>>) -> Self {
        self.behavior.token_rate_limit = limit.into();
        self
    }

    /// Disables all rate limits, for load tests.
    pub fn no_rate_limits(self) -> Self {
        self.org_rate_limit(None)
            .project_rate_limit(None)
            .token_rate_limit(None)
    }

    /// Sets the emulator's [`Assumptions`]; default: [`Assumptions::default`].
    pub fn assumptions(mut self, assumptions: Assumptions) -> Self {
        self.behavior.assumptions = assumptions;
        self
    }

    /// Sets [`Assumptions::version_dates`] only.
    pub fn version_dates(mut self, dates: VersionDates) -> Self {
        self.behavior.assumptions.version_dates = dates;
        self
    }

    /// Sets [`Assumptions::validation_errors`] only.
    pub fn validation_errors(mut self, validation_errors: bool) -> Self {
        self.behavior.assumptions.validation_errors = validation_errors;
        self
    }

    /// Adds a version of the Atlas v2 operations, or replaces the one with the same date. The
    /// Accept header may then name its date.
    pub fn version(mut self, version: ResourceVersion) -> Self {
        self.deviations.versions.push(version);
        self
    }

    /// Sets the current day for the versions of Atlas v2, such as `2027-07-01`; default: today in
    /// UTC.
    pub fn today(mut self, day: impl Into<String>) -> Self {
        self.today = Some(day.into());
        self
    }

    /// Sets the roles that a service knows, instead of those in its OpenAPI document: `ORG_…` for
    /// organizations, all others for projects.
    pub fn roles<I>(mut self, service: Service, names: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        let names = names.into_iter().map(Into::into).collect();
        self.deviations.roles.insert(service, names);
        self
    }

    /// Sets the faults to inject; default: no faults.
    pub fn faults(mut self, faults: Faults) -> Self {
        self.faults = faults;
        self
    }

    /// Sets whether to serve HTTPS, with HTTP/2 for clients that offer it; default: `false`.
    ///
    /// The certificate is generated at startup, for loopback and the address listened on. Clients
    /// must trust [`Emulator::ca_certificate`].
    #[cfg(feature = "tls")]
    pub fn tls(mut self, tls: bool) -> Self {
        self.tls = tls;
        self
    }

    /// Sets the maximum number of concurrent connections; default: 4096. Further connections wait.
    /// 0 counts as 1.
    pub fn max_connections(mut self, connections: usize) -> Self {
        self.limits.connections = connections.clamp(1, tokio::sync::Semaphore::MAX_PERMITS);
        self
    }

    /// Sets how long the head of a request may take, measured from the end of the previous request;
    /// default: 60 seconds, at most one day. After that, the connection is closed.
    pub fn head_timeout(mut self, time: Duration) -> Self {
        self.limits.head_timeout = time.min(DAY);
        self
    }

    /// Sets whether requests from loopback can inspect and control the emulator under
    /// `/_emulator/`; default: `false`. The responses contain no secrets.
    ///
    /// Web pages have no access: a request with an `Origin`, or with a `Host` other than loopback
    /// and the address listened on, gets 403.
    ///
    /// | request | response |
    /// | --- | --- |
    /// | `GET /_emulator/state` | organizations, projects, keys and counters; `?org=ID` selects an organization |
    /// | `GET /_emulator/requests` | the latest requests, as from [`Emulator::request_log`] |
    /// | `POST /_emulator/reset` | 204; see [`Emulator::reset`] |
    /// | `PUT /_emulator/faults` | 204; replaces the faults with those in the body, in the text format of [`Faults`] |
    pub fn admin(mut self, admin: bool) -> Self {
        self.behavior.admin = admin;
        self
    }

    /// Sets how many requests [`Emulator::request_log`] keeps; default: 1000. With 0, nothing is
    /// logged.
    pub fn log_capacity(mut self, requests: usize) -> Self {
        self.log_capacity = requests;
        self
    }

    /// Sets the seed of generated ids and credentials, so that every start generates the same ones;
    /// default: a random seed. Nonces and tokens are always random.
    pub fn rng_seed(mut self, seed: u64) -> Self {
        self.rng_seed = Some(seed);
        self
    }

    /// Sets the id of the organization, 24 lower-case hexadecimal digits; default: generated.
    pub fn org_id(mut self, id: impl Into<String>) -> Self {
        self.seed.org_id = Some(id.into());
        self
    }

    /// Sets the id of the project, 24 lower-case hexadecimal digits; default: generated.
    pub fn project_id(mut self, id: impl Into<String>) -> Self {
        self.seed.project_id = Some(id.into());
        self
    }

    /// Sets the id of the key to update, 24 lower-case hexadecimal digits; default: generated.
    pub fn api_key_id(mut self, id: impl Into<String>) -> Self {
        self.seed.api_key_id = Some(id.into());
        self
    }

    /// Sets the public key of the calling key, an owner of the organization; default: generated.
    pub fn public_key(mut self, key: impl Into<String>) -> Self {
        self.seed.public_key = Some(key.into());
        self
    }

    /// Sets the private key of the calling key; default: generated.
    pub fn private_key(mut self, key: impl Into<String>) -> Self {
        self.seed.private_key = Some(SecretString::from(key.into()));
        self
    }

    /// Sets the client id of the service account, an owner of the organization; default: generated.
    pub fn client_id(mut self, id: impl Into<String>) -> Self {
        self.seed.client_id = Some(id.into());
        self
    }

    /// Sets the client secret of the service account; default: generated.
    pub fn client_secret(mut self, secret: impl Into<String>) -> Self {
        self.seed.client_secret = Some(SecretString::from(secret.into()));
        self
    }

    /// Sets the addresses and networks from which the calling key and the service account may be
    /// used, such as `192.0.2.7` and `10.0.0.0/8`; default: all.
    ///
    /// Requests from other addresses get 403 `IP_ADDRESS_NOT_ON_ACCESS_LIST`. For a service
    /// account, the emulator checks the list when a token is used, not when it is issued.
    pub fn access_list<I>(mut self, entries: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        self.seed.access_list = entries.into_iter().map(Into::into).collect();
        self
    }

    /// Sets the number of synthetic organizations, in addition to the first and those added with
    /// [`org`](Self::org); default: 0.
    pub fn orgs(mut self, orgs: u32) -> Self {
        self.seed.synthetic_orgs = orgs;
        self
    }

    /// Sets the number of synthetic keys in the first organization and in each of
    /// [`orgs`](Self::orgs); default: 0. [`Emulator::synthetic_keys`] lists them.
    ///
    /// The first key of each organization is an owner, all others are members. A million keys take
    /// about 600 MB; ten million is the maximum.
    pub fn keys_per_org(mut self, keys: u32) -> Self {
        self.seed.keys_per_org = keys;
        self
    }

    /// Adds an organization with this id, 24 lower-case hexadecimal digits.
    pub fn org(mut self, id: impl Into<String>) -> Self {
        self.seed.orgs.push(id.into());
        self
    }

    /// Adds a project to an organization that was added before.
    pub fn project(mut self, id: impl Into<String>, org_id: impl Into<String>) -> Self {
        self.seed.projects.push((id.into(), org_id.into()));
        self
    }

    /// Adds an API key, which can authenticate and be updated.
    pub fn key(mut self, key: SeedKey) -> Self {
        self.seed.keys.push(key);
        self
    }

    /// Adds a person who authenticates with a user name and a personal API key, as Atlas v1.0 and
    /// Ops Manager allow. The person is an owner of the organization.
    pub fn user(mut self, name: impl Into<String>, api_key: impl Into<String>) -> Self {
        self.seed
            .users
            .push((name.into(), SecretString::from(api_key.into())));
        self
    }

    /// Starts the emulator on the current tokio runtime.
    ///
    /// # Errors
    ///
    /// Returns [`io::ErrorKind::InvalidInput`] if a setting is invalid: a malformed or duplicate
    /// id, a duplicate user name, an unknown organization or project, no digest algorithm, an
    /// invalid `opaque`, date, access list or assumption, or an address beyond loopback without
    /// [`allow_remote`](Self::allow_remote). Otherwise returns the operating system's error.
    pub async fn start(mut self) -> io::Result<Emulator> {
        if !self.allow_remote && !self.listen.ip().is_loopback() {
            return Err(invalid(format!(
                "other machines can reach {}; listen on loopback or allow remote connections",
                self.listen
            )));
        }
        let is_safe = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\');
        let opaque = self.digest.opaque.as_deref().unwrap_or_default();
        if !opaque.bytes().all(is_safe) {
            return Err(invalid(
                "the opaque contains characters other than visible ASCII without quotes",
            ));
        }
        if self.digest.algorithms.is_empty() {
            return Err(invalid("at least one digest algorithm is required"));
        }
        self.behavior.assumptions.validate().map_err(invalid)?;
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
        if self.behavior.assumptions.repeated_nonce_counts
            && self.nonces.counting != NonceCounting::Rising
        {
            self.nonces.counting = NonceCounting::Any;
        }
        let digest = DigestAuthenticator::new(self.digest, self.nonces);
        let (state, access, synthetic) = self.seed.build(rng_seed, &digest)?;
        let mut tokens = TokenIssuer::new(self.token_ttl);
        tokens.add_account(
            &access.client_id,
            access.client_secret.clone(),
            access.service_account,
        );
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
            address,
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
        Emulator::new(listener, app, access, tls, self.limits)
    }
}
