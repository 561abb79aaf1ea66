//! The client and how it is made.

use std::{fmt, sync::Arc, time::Duration};

use atlas_admin_raw::Transport;
use http::HeaderValue;
use reqwest::{Certificate, Identity};

use crate::{
    ApiVersion,
    auth::{Auth, Surroundings},
    model::base_url::BaseUrl,
    credentials::{Credentials, Kind, variable},
    error::Error,
    org::Org,
    rate_limiter::RateLimiter,
    project::Project,
    retry::RetryPolicy,
    service::{ATLAS, Service},
    sunset::Sunsets,
    token_store::{MemoryStore, TokenStore},
    wire::{Fresh, Http, HttpSettings},
};

const TIMEOUT: Duration = Duration::from_secs(60);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(30);
const BODY_LIMIT: usize = 8 << 20;
const KEPT_CONNECTIONS: usize = 256;
const USER_AGENT: &str = concat!("atlas-admin/", env!("CARGO_PKG_VERSION"));

/// A client of one service, with one set of credentials.
///
/// Clones share connections and what authentication has learnt, and cost next to
/// nothing: make one client and clone it for every task. Calls need a Tokio
/// runtime.
///
/// ```no_run
/// use atlas_admin::{Client, Credentials, OrgRole};
///
/// # async fn run() -> Result<(), atlas_admin::Error> {
/// let atlas = Client::builder()
///     .credentials(Credentials::digest("gswvkocq", "private key"))
///     .build()?;
/// let key = atlas
///     .org("32b6e34b3d91647abb20e7b8")
///     .api_key("6a793f752c88faeba59bba49")
///     .update()
///     .desc("ci deploys")
///     .roles([OrgRole::ReadOnly])
///     .send()
///     .await?;
/// println!("{:?}", key.roles);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Client {
    pub(crate) shared: Arc<ClientInner>,
}

/// What all clones of a client use.
pub(crate) struct ClientInner {
    pub(crate) service: Service,
    /// The service's address with its base path, and no slash at its end.
    pub(crate) url: String,
    pub(crate) version: ApiVersion,
    /// The type of bodies in that version.
    pub(crate) media_type: HeaderValue,
    pub(crate) user_agent: HeaderValue,
    pub(crate) timeout: Duration,
    pub(crate) attempt_timeout: Duration,
    pub(crate) body_limit: usize,
    pub(crate) retry: RetryPolicy,
    pub(crate) rate_limiter: Option<RateLimiter>,
    pub(crate) sunsets: Sunsets,
    pub(crate) auth: Auth,
    pub(crate) wire: Arc<dyn Transport>,
    /// What a request goes over when a kept connection has failed it. Not for HTTP
    /// clients that were given to us: how theirs are made we do not know.
    pub(crate) fresh: Option<Fresh>,
    /// Builds requests; [`Self::wire`] sends them.
    pub(crate) http: reqwest::Client,
}

impl Client {
    /// A client with everything at its default but the credentials, which must be
    /// given: Atlas v2 at `cloud.mongodb.com`, in the newest version known.
    pub fn builder() -> ClientBuilder {
        ClientBuilder::default()
    }

    /// A client made from the environment alone; see [`ClientBuilder::from_env`].
    ///
    /// # Errors
    ///
    /// Those of [`ClientBuilder::from_env`] and [`ClientBuilder::build`].
    pub fn from_env() -> Result<Self, Error> {
        ClientBuilder::from_env()?.build()
    }

    /// An organization, by its id: an [`OrgId`](crate::OrgId) or text, which is
    /// checked when a call is sent.
    pub fn org(&self, org_id: impl AsRef<str>) -> Org {
        Org::new(self.clone(), org_id.as_ref())
    }

    /// A project, by its id: a [`ProjectId`](crate::ProjectId) or text, which is
    /// checked when a call is sent.
    pub fn project(&self, project_id: impl AsRef<str>) -> Project {
        Project::new(self.clone(), project_id.as_ref())
    }

    /// Revokes the service account's token: the one in hand and the one in the
    /// [`TokenStore`]. `POST /api/oauth/revoke` (RFC 7009). With other credentials,
    /// or without a token, there is nothing to do.
    ///
    /// A program that ends, and keeps its token nowhere, gives it back so, as an
    /// account may have 100 live tokens only. Calls made later fetch a new token;
    /// so do calls under way, if the service refuses theirs.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Credentials`](crate::ErrorKind::Credentials) if the service
    /// does not know the account or the store fails, and any other
    /// [`ErrorKind`](crate::ErrorKind) for a service that does not answer. The
    /// token may still be good then.
    pub async fn revoke_token(&self) -> Result<(), Error> {
        self.inner.auth.revoke().await
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("service", &self.inner.service)
            .field("url", &self.inner.url)
            .field("version", &self.inner.version)
            .field("auth", &self.inner.auth)
            .finish_non_exhaustive()
    }
}

/// Makes a [`Client`]; see [`Client::builder`].
///
/// Proxies are those of the environment (`HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`,
/// `NO_PROXY`), or else of the system's settings; for an address of this machine
/// there is none.
#[derive(Clone, Default)]
#[must_use]
pub struct ClientBuilder {
    credentials: Option<Credentials>,
    service: Option<Service>,
    ops_manager_url: Option<BaseUrl>,
    base_url: Option<BaseUrl>,
    version: Option<ApiVersion>,
    timeout: Option<Duration>,
    attempt_timeout: Option<Duration>,
    connect_timeout: Option<Duration>,
    body_limit: Option<usize>,
    retry: RetryPolicy,
    pace: bool,
    root_certificates: Vec<Certificate>,
    identity: Option<Identity>,
    http: Option<reqwest::Client>,
    wire: Option<Arc<dyn Transport>>,
    token_store: Option<Arc<dyn TokenStore>>,
    allow_insecure_http: bool,
    user_agent_suffix: Option<String>,
}

impl ClientBuilder {
    /// A builder with what the environment says: [`Credentials::from_env`], and
    /// where the service is.
    ///
    /// | variable | same as |
    /// | --- | --- |
    /// | `MONGODB_ATLAS_BASE_URL` | [`base_url`](Self::base_url) |
    /// | `MONGODB_ATLAS_OPS_MANAGER_URL` | [`ops_manager`](Self::ops_manager) |
    ///
    /// # Errors
    ///
    /// Those of [`Credentials::from_env`], and
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for an address that is not
    /// acceptable.
    pub fn from_env() -> Result<Self, Error> {
        Self::from_variables(variable)
    }

    pub(crate) fn from_variables(
        read: impl Fn(&str) -> Result<Option<String>, Error>,
    ) -> Result<Self, Error> {
        let mut builder = Self::default().credentials(Credentials::from_variables(&read)?);
        if let Some(url) = read("MONGODB_ATLAS_BASE_URL")? {
            builder = builder.base_url(url)?;
        }
        if let Some(url) = read("MONGODB_ATLAS_OPS_MANAGER_URL")? {
            builder = builder.ops_manager(url)?;
        }
        Ok(builder)
    }

    /// Who is asking. There is no default.
    pub fn credentials(mut self, credentials: Credentials) -> Self {
        self.credentials = Some(credentials);
        self
    }

    /// The version to ask Atlas v2 for; [`ApiVersion::LATEST`] unless set. The
    /// other services have no versions and are not sent one.
    pub fn api_version(mut self, version: ApiVersion) -> Self {
        self.version = Some(version);
        self
    }

    /// Uses Atlas v1.0 in place of v2.
    pub fn atlas_v1(mut self) -> Self {
        self.service = Some(Service::AtlasV1);
        self
    }

    /// Uses Ops Manager at this address, such as `https://om.example.com:8443`,
    /// or Cloud Manager at `https://cloud.mongodb.com`.
    ///
    /// # Errors
    ///
    /// As for [`base_url`](Self::base_url).
    pub fn ops_manager(mut self, url: impl AsRef<str>) -> Result<Self, Error> {
        self.ops_manager_url = Some(url.as_ref().parse()?);
        self.service = Some(Service::OpsManager);
        Ok(self)
    }

    /// Where Atlas is, in place of `https://cloud.mongodb.com`: Atlas for
    /// Government, a local server, a proxy. The service's own path is added to it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) if it is no address with
    /// `https` or `http`, or has credentials, a query, a fragment or a service's
    /// path in it. Plain HTTP is checked by [`build`](Self::build).
    pub fn base_url(mut self, url: impl AsRef<str>) -> Result<Self, Error> {
        self.base_url = Some(url.as_ref().parse()?);
        Ok(self)
    }

    /// The longest time for a whole call, with everything that is sent for it; 60
    /// seconds unless set.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// The longest time for one attempt at a call, from the request to the end of
    /// its answer; 30 seconds unless set.
    pub fn attempt_timeout(mut self, timeout: Duration) -> Self {
        self.attempt_timeout = Some(timeout);
        self
    }

    /// The most of an answer's body that is read, in bytes after decompression; 8 MiB
    /// unless set. A success that is longer is
    /// [`ErrorKind::Decode`](crate::ErrorKind::Decode), with what was read of it in
    /// [`Error::body`]; an error answer is cut off there, and its body then may be
    /// too short to be understood.
    ///
    /// The head of an answer has bounds of its own, which cannot be set: 100 headers
    /// in some 400 KiB with HTTP/1, and 16 KiB with HTTP/2.
    pub fn max_body_size(mut self, bytes: usize) -> Self {
        self.body_limit = Some(bytes);
        self
    }

    /// What is tried again, and how often; [`RetryPolicy::standard`] unless set.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = policy;
        self
    }

    /// Whether calls wait for the rate limit instead of running into it; they do
    /// not unless set.
    ///
    /// The services count requests for each organization and each project, and say
    /// after each how many are left. With this, the clones of a client share what
    /// they were told, and let a call go when it should be accepted: a program can
    /// start thousands of updates at once. The time that a call waits so is not
    /// counted against its [`timeout`](Self::timeout).
    pub fn limit_rate(mut self, pace: bool) -> Self {
        self.pace = pace;
        self
    }

    /// Trusts this certificate authority too, given in PEM: for Ops Manager behind
    /// a private one. Has no effect on an [`http_client`](Self::http_client).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) if it is no certificate.
    pub fn add_root_certificate(mut self, pem: impl AsRef<[u8]>) -> Result<Self, Error> {
        let certificates = Certificate::from_pem_bundle(pem.as_ref())
            .ok()
            .filter(|certificates| !certificates.is_empty())
            .ok_or_else(|| Error::input("the root certificate is not one in PEM"))?;
        self.root_certificates.extend(certificates);
        Ok(self)
    }

    /// Shows this certificate to a service that asks for one, given in PEM with
    /// its private key. Has no effect on an [`http_client`](Self::http_client).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) if it is not a certificate
    /// with its key. The error does not quote it.
    pub fn client_identity(mut self, pem: impl AsRef<[u8]>) -> Result<Self, Error> {
        let identity = Identity::from_pem(pem.as_ref())
            .map_err(|_| Error::input("the identity is not a certificate with its key in PEM"))?;
        self.identity = Some(identity);
        Ok(self)
    }

    /// The longest time for a connection to be made; 10 seconds unless set. A
    /// client given by [`http_client`](Self::http_client) has its own.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = Some(timeout);
        self
    }

    /// Sends requests with this HTTP client, for one with other certificates or
    /// proxies. It must not follow redirects
    /// (`reqwest::redirect::Policy::none()`), or what is sent may reach another
    /// host. Its connections are its own matter: a request whose kept connection
    /// closes is not repeated, and retries that it makes itself are not counted.
    pub fn http_client(mut self, client: reqwest::Client) -> Self {
        self.http = Some(client);
        self
    }

    /// Allows plain HTTP to other machines, where everybody on the way can read
    /// and change what is sent. To this machine it is always allowed.
    pub fn allow_insecure_http(mut self) -> Self {
        self.allow_insecure_http = true;
        self
    }

    /// Adds to the user agent what this program is, such as `deploy-bot/1.2`.
    pub fn user_agent_suffix(mut self, suffix: &str) -> Self {
        self.user_agent_suffix = Some(suffix.to_owned());
        self
    }

    /// Where a service account's tokens are kept; in the client's own memory
    /// ([`MemoryStore`]) unless set. A command that runs often wants a
    /// [`FileStore`](crate::FileStore). Other credentials need no store.
    pub fn token_store(mut self, store: impl TokenStore) -> Self {
        self.token_store = Some(Arc::new(store));
        self
    }

    /// Puts another transport in the place of HTTP.
    #[cfg(any(test, feature = "test-util"))]
    pub(crate) fn wire(mut self, wire: Arc<dyn Transport>) -> Self {
        self.wire = Some(wire);
        self
    }

    /// Makes the client. Nothing is sent yet.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::Credentials`](crate::ErrorKind::Credentials) if the
    ///   credentials are missing, unusable, or of a kind that the service does not
    ///   take: Ops Manager has API keys only.
    /// - [`ErrorKind::Input`](crate::ErrorKind::Input) if the address is plain HTTP
    ///   to another machine, if there are two addresses, or if the user agent is
    ///   not plain text.
    /// - [`ErrorKind::Transport`](crate::ErrorKind::Transport) if TLS cannot be set
    ///   up on this machine.
    pub fn build(self) -> Result<Client, Error> {
        let service = self.service.unwrap_or(Service::AtlasV2);
        let base_url = self.address(service)?;
        let credentials = self.credentials.ok_or_else(|| {
            Error::credentials("the client has no credentials")
                .with_advice("call ClientBuilder::credentials")
        })?;
        credentials.check()?;
        if service == Service::OpsManager && !matches!(credentials.0, Kind::Digest { .. }) {
            return Err(Error::credentials(
                "Ops Manager takes neither service accounts nor tokens",
            )
            .with_advice("use Credentials::digest with an API key"));
        }
        let user_agent = user_agent(self.user_agent_suffix.as_deref())?;
        let (http, fresh) = match self.http {
            Some(client) => (Http::new(client), None),
            None => {
                let settings = HttpSettings {
                    connect_timeout: self.connect_timeout.unwrap_or(CONNECT_TIMEOUT),
                    user_agent: user_agent.clone(),
                    root_certificates: self.root_certificates,
                    identity: self.identity,
                    direct: base_url.is_loopback(),
                };
                (settings.http(KEPT_CONNECTIONS)?, Some(Fresh::new(settings)))
            }
        };
        let client = http.client().clone();
        let (wire, fresh) = match self.wire {
            Some(wire) => (wire, None),
            None => (Arc::new(http) as _, fresh),
        };
        let attempt_timeout = self.attempt_timeout.unwrap_or(ATTEMPT_TIMEOUT);
        let body_limit = self.body_limit.unwrap_or(BODY_LIMIT);
        let url = base_url.join(service.base_path());
        let version = self.version.unwrap_or(ApiVersion::LATEST);
        let auth = Auth::new(
            credentials,
            Surroundings {
                base_url,
                http: client.clone(),
                user_agent: user_agent.clone(),
                wire: wire.clone(),
                timeout: attempt_timeout,
                body_limit,
                store: self
                    .token_store
                    .unwrap_or_else(|| Arc::new(MemoryStore::new())),
            },
        )?;
        Ok(Client {
            shared: Arc::new(ClientInner {
                service,
                url,
                version,
                media_type: service.media_type(version)?,
                user_agent,
                timeout: self.timeout.unwrap_or(TIMEOUT),
                attempt_timeout,
                body_limit,
                retry: self.retry,
                rate_limiter: self.pace.then(RateLimiter::default),
                sunsets: Sunsets::default(),
                auth,
                wire,
                fresh,
                http: client,
            }),
        })
    }

    fn address(&self, service: Service) -> Result<BaseUrl, Error> {
        let url = match (service, &self.ops_manager_url, &self.base_url) {
            (Service::OpsManager, Some(url), None) => url.clone(),
            (Service::OpsManager, ..) | (_, Some(_), _) => {
                return Err(Error::input("both Ops Manager and Atlas are asked for")
                    .with_advice("use ops_manager alone, or base_url and atlas_v1"));
            }
            (_, None, Some(url)) => url.clone(),
            (_, None, None) => ATLAS.parse()?,
        };
        if url.is_exposed() && !self.allow_insecure_http {
            return Err(
                Error::input(format!("{url} is plain HTTP to another machine"))
                    .with_advice("use https, or ClientBuilder::allow_insecure_http"),
            );
        }
        Ok(url)
    }
}

impl fmt::Debug for ClientBuilder {
    /// Leaves the HTTP client out: its default headers may hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("credentials", &self.credentials)
            .field("service", &self.service)
            .field("ops_manager_url", &self.ops_manager_url)
            .field("base_url", &self.base_url)
            .field("version", &self.version)
            .field("timeout", &self.timeout)
            .field("attempt_timeout", &self.attempt_timeout)
            .field("max_body_size", &self.body_limit)
            .field("retry", &self.retry)
            .field("limit_rate", &self.pace)
            .field("allow_insecure_http", &self.allow_insecure_http)
            .finish_non_exhaustive()
    }
}

fn user_agent(suffix: Option<&str>) -> Result<HeaderValue, Error> {
    let text = match suffix {
        Some(suffix) => format!("{USER_AGENT} {suffix}"),
        None => USER_AGENT.to_owned(),
    };
    HeaderValue::try_from(text)
        .map_err(|error| Error::input("the user agent is not plain text").with_source(error))
}
