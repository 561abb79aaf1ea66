//! The builder of clients.

use std::{fmt, sync::Arc, time::Duration};

use http::{HeaderMap, HeaderValue, header};

use super::{Client, ClientInner, sunset::SunsetWarnings};
use crate::{
    auth::{Auth, AuthContext},
    credentials::{Credentials, Kind, Variables, variable},
    error::Error,
    model::{
        api_version::ApiVersion, base_url::BaseUrl, sanitize::quoted_excerpt, service::Service,
    },
    rate_limiter::RateLimiter,
    retry::RetryPolicy,
    token_store::{MemoryStore, TokenStore},
    transport::{
        Transport,
        http::{CustomTransport, HttpSettings, HttpTransport},
        proxy::Route,
        tls::Certificates,
    },
};

const TIMEOUT: Duration = Duration::from_secs(60);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(30);
const MAX_BODY_SIZE: usize = 8 << 20;
const MAX_IDLE_CONNECTIONS: usize = 256;
/// Room in the header map of a request for the credentials, a cookie, and what the transport adds.
const HEADER_CAPACITY: usize = 8;
const USER_AGENT: &str = concat!("atlas-admin/", env!("CARGO_PKG_VERSION"));

/// Builds a [`Client`]; see [`Client::builder`].
///
/// The client uses the proxies of the environment (`HTTPS_PROXY`, `HTTP_PROXY`,
/// `ALL_PROXY`, `NO_PROXY`) or of the system's settings, except for addresses of this
/// machine. A password in them need not be percent-encoded. A variable that cannot be used is
/// an error.
///
/// ```
/// use std::time::Duration;
///
/// use atlas_admin::{Client, Credentials};
///
/// let client = Client::builder()
///     .credentials(Credentials::digest("abcdefgh", "12345678-9abc-4def-8123-456789abcdef"))
///     .timeout(Duration::from_secs(30))
///     .build()?;
/// # Ok::<(), atlas_admin::Error>(())
/// ```
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
    max_body_size: Option<usize>,
    retry: RetryPolicy,
    limit_rate: bool,
    certificates: Certificates,
    http: Option<reqwest::Client>,
    transport: Option<Arc<dyn Transport>>,
    token_store: Option<Arc<dyn TokenStore>>,
    allow_insecure_http: bool,
    user_agent_suffix: Option<String>,
    /// What is wrong with the first invalid setting; `build` returns it.
    invalid: Option<Error>,
}

impl ClientBuilder {
    /// Returns a builder with the credentials ([`Credentials::from_env`]) and the address
    /// that environment variables contain.
    ///
    /// | variable | same as |
    /// | --- | --- |
    /// | `MONGODB_ATLAS_BASE_URL` | [`base_url`](Self::base_url) |
    /// | `MONGODB_ATLAS_OPS_MANAGER_URL` | [`ops_manager`](Self::ops_manager) |
    /// | `MONGODB_ATLAS_SERVICE` | `cloud` (Atlas), `cloudgov` (Atlas for Government), `ops-manager` or `cloud-manager`: either of the above is an address of that service |
    ///
    /// # Errors
    ///
    /// Those of [`Credentials::from_env`], and
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for an address or a service that is not
    /// valid.
    pub fn from_env() -> Result<Self, Error> {
        Self::from_variables(&variable)
    }

    pub(crate) fn from_variables(read: &Variables<'_>) -> Result<Self, Error> {
        let mut builder = Self::default().credentials(Credentials::from_variables(read)?);
        let atlas = read("MONGODB_ATLAS_BASE_URL")?;
        let ops_manager = read("MONGODB_ATLAS_OPS_MANAGER_URL")?;
        let or = |url: Option<String>, default: &str| url.unwrap_or_else(|| default.to_owned());
        let (atlas, ops_manager) = match read("MONGODB_ATLAS_SERVICE")?.as_deref() {
            None => (atlas, ops_manager),
            Some("cloud") => (atlas.or(ops_manager), None),
            Some("cloudgov") => (
                Some(or(atlas.or(ops_manager), "https://cloud.mongodbgov.com")),
                None,
            ),
            Some("ops-manager") => {
                builder = builder.service(Service::OpsManager);
                (None, ops_manager.or(atlas))
            }
            Some("cloud-manager") => (
                None,
                Some(or(ops_manager.or(atlas), "https://cloud.mongodb.com")),
            ),
            Some(other) => {
                return Err(Error::input(format!(
                    "MONGODB_ATLAS_SERVICE is {}",
                    quoted_excerpt(other, 60)
                ))
                .with_advice("use cloud, cloudgov, ops-manager or cloud-manager"));
            }
        };
        if let Some(url) = atlas {
            builder = builder.base_url(url);
        }
        if let Some(url) = ops_manager {
            builder = builder.ops_manager(url);
        }
        builder.validate()?;
        Ok(builder)
    }

    /// Sets the credentials. There is no default.
    pub fn credentials(mut self, credentials: Credentials) -> Self {
        self.credentials = Some(credentials);
        self
    }

    /// Sets the version to request from Atlas v2; [`ApiVersion::LATEST`] by default. The
    /// other services have no versions.
    pub fn api_version(mut self, version: ApiVersion) -> Self {
        self.version = Some(version);
        self
    }

    /// Sets the service; [`Service::AtlasV2`] by default. Ops Manager also needs an
    /// address.
    pub fn service(mut self, service: Service) -> Self {
        self.service = Some(service);
        self
    }

    /// Uses Atlas v1.0 instead of v2.
    pub fn atlas_v1(self) -> Self {
        self.service(Service::AtlasV1)
    }

    /// Uses Ops Manager at this address, such as `https://om.example.com:8443`, or Cloud
    /// Manager at `https://cloud.mongodb.com`. As for [`base_url`](Self::base_url),
    /// [`build`](Self::build) refuses what is not an address.
    pub fn ops_manager(mut self, url: impl AsRef<str>) -> Self {
        self.ops_manager_url = self.check(url.as_ref().parse());
        self.service = Some(Service::OpsManager);
        self
    }

    /// Sets the address of the service, such as that of Atlas for Government, a local server
    /// or a proxy; by default the service's own
    /// ([`Service::default_base_url`]). The service's base path is appended.
    ///
    /// [`build`](Self::build) refuses what is not an `https` or `http` address, or contains
    /// credentials, a query, a fragment or a service's base path.
    pub fn base_url(mut self, url: impl AsRef<str>) -> Self {
        self.base_url = self.check(url.as_ref().parse());
        self
    }

    /// Sets the time limit of a whole call, including authentication and retries; 60 seconds
    /// by default.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Sets the time limit of one attempt, from its first request to the end of its
    /// response; 30 seconds by default.
    pub fn attempt_timeout(mut self, timeout: Duration) -> Self {
        self.attempt_timeout = Some(timeout);
        self
    }

    /// Sets the longest body that is read, in bytes after decompression; 8 MiB by default. A
    /// longer success is [`ErrorKind::Decode`](crate::ErrorKind::Decode), with what was read
    /// in [`Error::body`]; a longer error response is cut off, and may then be too short to
    /// parse.
    ///
    /// Response headers have fixed limits: 100 headers in about 400 KiB with HTTP/1, and
    /// 16 KiB with HTTP/2.
    pub fn max_body_size(mut self, bytes: usize) -> Self {
        self.max_body_size = Some(bytes);
        self
    }

    /// Sets what is retried, and how often; [`RetryPolicy::standard`] by default.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = policy;
        self
    }

    /// Sets whether calls wait for the service's rate limit instead of exceeding it; `false`
    /// by default.
    ///
    /// The services limit the requests for each organization and each project, and report in
    /// each response how many are left. With this setting, all clones of a client use those
    /// reports to start each call when the service should accept it, so a program can start
    /// thousands of updates at once. Waiting does not count towards the
    /// [`timeout`](Self::timeout) of a call.
    pub fn limit_rate(mut self, limit: bool) -> Self {
        self.limit_rate = limit;
        self
    }

    /// Trusts an additional certificate authority, given in PEM, such as a private one of
    /// Ops Manager. Has no effect on an [`http_client`](Self::http_client).
    /// [`build`](Self::build) refuses what is not a certificate. Needs a feature for TLS.
    #[cfg(any(feature = "native-tls", feature = "rustls-no-provider"))]
    pub fn add_root_certificate(mut self, pem: impl AsRef<[u8]>) -> Self {
        let added = self.certificates.add_roots(without_bom(pem.as_ref()));
        self.check(added);
        self
    }

    /// Sets the client certificate for services that request one, given in PEM with its
    /// private key; with the feature `native-tls`, that is one in PKCS #8. Has no effect on an
    /// [`http_client`](Self::http_client). [`build`](Self::build) refuses what is not a
    /// certificate with its key, without quoting it. Needs a feature for TLS.
    #[cfg(any(feature = "native-tls", feature = "rustls-no-provider"))]
    pub fn client_identity(mut self, pem: impl AsRef<[u8]>) -> Self {
        let set = self.certificates.set_identity(without_bom(pem.as_ref()));
        self.check(set);
        self
    }

    /// Sets the time limit for connecting; 10 seconds by default. An
    /// [`http_client`](Self::http_client) has its own.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = Some(timeout);
        self
    }

    /// Sends requests with this HTTP client, which may have other certificates or proxies.
    /// It must not follow redirects (`reqwest::redirect::Policy::none()`), or requests may
    /// reach another host. Since its connections are not observed, a request is not retried
    /// when its idle connection has closed, and the client's own retries are not counted.
    pub fn http_client(mut self, client: reqwest::Client) -> Self {
        self.http = Some(client);
        self
    }

    /// Allows plain HTTP to other machines, where anyone in between can read and change what
    /// is sent. Plain HTTP to this machine is always allowed: to its addresses, and to
    /// `localhost` and names below it, which the client resolves itself. An
    /// [`http_client`](Self::http_client) resolves names in its own way, so that with one only
    /// addresses are allowed.
    pub fn allow_insecure_http(mut self) -> Self {
        self.allow_insecure_http = true;
        self
    }

    /// Appends a program's name to the user agent, such as `deploy-bot/1.2`.
    pub fn user_agent_suffix(mut self, suffix: &str) -> Self {
        self.user_agent_suffix = Some(suffix.to_owned());
        self
    }

    /// Sets where a service account's tokens are stored; in memory ([`MemoryStore`]) by
    /// default. A command that runs often should use a `FileStore` (feature `file-store`).
    /// Other credentials do not use the store.
    pub fn token_store(mut self, store: impl TokenStore) -> Self {
        self.token_store = Some(Arc::new(store));
        self
    }

    /// Replaces HTTP with another transport.
    #[cfg(any(test, feature = "test-util"))]
    pub(crate) fn transport(mut self, transport: Arc<dyn Transport>) -> Self {
        self.transport = Some(transport);
        self
    }

    /// Creates the client. Nothing is sent yet.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::Credentials`](crate::ErrorKind::Credentials) if the credentials are
    ///   missing, unusable, or of a kind that the service does not accept: Ops Manager
    ///   accepts API keys only.
    /// - [`ErrorKind::Input`](crate::ErrorKind::Input) if a setting is invalid, if the address
    ///   is missing, given twice, or plain HTTP to another machine, if a proxy of the
    ///   environment cannot be used, if the user agent is not plain text, or if rustls has no
    ///   provider, with the feature `rustls-no-provider`.
    /// - [`ErrorKind::Transport`](crate::ErrorKind::Transport) if the certificates given
    ///   cannot be used. The system's certificates are read when the first call needs them.
    pub fn build(self) -> Result<Client, Error> {
        self.validate()?;
        let settings = Self {
            credentials: None,
            ..self.clone()
        };
        let service = self.service.unwrap_or(Service::AtlasV2);
        let base_url = self.address(service)?;
        let credentials = self.credentials.ok_or_else(|| {
            Error::credentials("the client has no credentials")
                .with_advice("call ClientBuilder::credentials")
        })?;
        credentials.validate()?;
        if service == Service::OpsManager && !matches!(credentials.0, Kind::Digest { .. }) {
            return Err(Error::credentials(
                "Ops Manager accepts neither service accounts nor tokens",
            )
            .with_advice("use Credentials::digest with an API key"));
        }
        let user_agent = user_agent(self.user_agent_suffix.as_deref())?;
        let (http, transport, unpooled): (_, Arc<dyn Transport>, _) = match self.http {
            Some(client) => (client.clone(), Arc::new(CustomTransport(client)), None),
            None => {
                let settings = HttpSettings {
                    connect_timeout: self.connect_timeout.unwrap_or(CONNECT_TIMEOUT),
                    user_agent: user_agent.clone(),
                    certificates: self.certificates,
                    is_https: base_url.is_https(),
                    route: match &self.transport {
                        Some(_) => Route::Direct,
                        None => Route::from_env(&base_url)?,
                    },
                };
                let http = settings.request_builder()?;
                let pooled = HttpTransport::new(settings.clone(), MAX_IDLE_CONNECTIONS);
                (
                    http,
                    Arc::new(pooled),
                    Some(HttpTransport::new(settings, 0)),
                )
            }
        };
        let (transport, unpooled) = match self.transport {
            Some(transport) => (transport, None),
            None => (transport, unpooled),
        };
        let timeout = self.timeout.unwrap_or(TIMEOUT);
        let attempt_timeout = self.attempt_timeout.unwrap_or(ATTEMPT_TIMEOUT);
        let max_body_size = self.max_body_size.unwrap_or(MAX_BODY_SIZE);
        let version = self.version.unwrap_or(ApiVersion::LATEST);
        let requests =
            atlas_admin_raw::Client::new(&base_url.join(service.base_path()), http.clone());
        let auth = Auth::new(
            credentials,
            AuthContext {
                base_url,
                http,
                user_agent: user_agent.clone(),
                transport: transport.clone(),
                timeout: attempt_timeout.min(timeout),
                max_body_size,
                store: self
                    .token_store
                    .unwrap_or_else(|| Arc::new(MemoryStore::new())),
            },
        )?;
        let mut headers = HeaderMap::with_capacity(HEADER_CAPACITY);
        headers.insert(header::USER_AGENT, user_agent);
        headers.insert(header::ACCEPT, service.media_type(version));
        headers.insert(header::CONTENT_TYPE, service.media_type(version));
        Ok(Client {
            inner: Arc::new(ClientInner {
                settings,
                service,
                version,
                headers,
                timeout,
                attempt_timeout,
                max_body_size,
                retry: self.retry,
                rate_limiter: self.limit_rate.then(RateLimiter::default),
                sunset_warnings: SunsetWarnings::default(),
                auth,
                transport,
                unpooled,
                requests,
            }),
        })
    }

    /// Checks each setting made so far, as [`build`](Self::build) does, so that a program can
    /// tell which of them is invalid.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) if an address, a certificate or an identity
    /// is invalid.
    pub fn validate(&self) -> Result<(), Error> {
        match &self.invalid {
            Some(error) => Err(error.clone()),
            None => Ok(()),
        }
    }

    /// Returns the value of a setting, or keeps the error for `build`.
    fn check<T>(&mut self, value: Result<T, impl Into<Error>>) -> Option<T> {
        match value {
            Ok(value) => Some(value),
            Err(error) => {
                self.invalid.get_or_insert(error.into());
                None
            }
        }
    }

    fn address(&self, service: Service) -> Result<BaseUrl, Error> {
        let url = match (service, &self.ops_manager_url, &self.base_url) {
            (Service::OpsManager, Some(url), None) | (_, None, Some(url)) => url.clone(),
            (_, Some(_), _) => {
                return Err(
                    Error::input("the builder has addresses of Ops Manager and Atlas")
                        .with_advice("use ops_manager alone, or base_url and atlas_v1"),
                );
            }
            (service, None, None) => match service.default_base_url() {
                Some(url) => url.parse()?,
                None => {
                    return Err(Error::input(format!("{service} has no default address"))
                        .with_advice("call ClientBuilder::ops_manager"));
                }
            },
        };
        if url.is_exposed() && !self.allow_insecure_http {
            return Err(
                Error::input(format!("{url} is plain HTTP to another machine"))
                    .with_advice("use https, or ClientBuilder::allow_insecure_http"),
            );
        }
        // That client's resolver may send any name elsewhere.
        let is_resolved_by_others = self.http.is_some() && !url.is_https() && url.is_name();
        if is_resolved_by_others && !self.allow_insecure_http {
            return Err(Error::input(format!(
                "{url} is plain HTTP to a name that the given HTTP client resolves"
            ))
            .with_advice("use 127.0.0.1 or https, or ClientBuilder::allow_insecure_http"));
        }
        Ok(url)
    }
}

impl fmt::Debug for ClientBuilder {
    /// Omits the HTTP client, whose default headers may contain secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("credentials", &self.credentials)
            .field("service", &self.service)
            .field("ops_manager_url", &self.ops_manager_url)
            .field("base_url", &self.base_url)
            .field("version", &self.version)
            .field("timeout", &self.timeout)
            .field("attempt_timeout", &self.attempt_timeout)
            .field("max_body_size", &self.max_body_size)
            .field("retry", &self.retry)
            .field("limit_rate", &self.limit_rate)
            .field("allow_insecure_http", &self.allow_insecure_http)
            .finish_non_exhaustive()
    }
}

#[cfg(any(feature = "native-tls", feature = "rustls-no-provider"))]
fn without_bom(pem: &[u8]) -> &[u8] {
    pem.strip_prefix(crate::transport::body::BOM).unwrap_or(pem)
}

fn user_agent(suffix: Option<&str>) -> Result<HeaderValue, Error> {
    let text = match suffix {
        Some(suffix) => format!("{USER_AGENT} {suffix}"),
        None => USER_AGENT.to_owned(),
    };
    HeaderValue::try_from(text)
        .map_err(|error| Error::input("the user agent is not plain text").with_source(error))
}
