//! The client.

pub(crate) mod builder;
mod sunset;

use std::{fmt, sync::Arc, time::Duration};

use http::HeaderMap;

use self::{builder::ClientBuilder, sunset::SunsetWarnings};
use crate::{
    auth::Auth,
    credentials::Credentials,
    error::Error,
    model::{api_version::ApiVersion, service::Service},
    rate_limiter::RateLimiter,
    retry::RetryPolicy,
    transport::{Transport, http::HttpTransport},
};

/// A client of one service, with one set of credentials.
///
/// Clones share connections, digest sessions and tokens, and are cheap: create one client
/// and clone it for every task. Calls need a Tokio runtime. A client can be used on several:
/// each of the last eight has connections of its own, since a connection makes progress only
/// while the runtime runs that opened it. Tokens are shared, and requested on the runtime
/// whose call needs one first.
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
    pub(crate) inner: Arc<ClientInner>,
}

/// The state that the clones of a client share.
pub(crate) struct ClientInner {
    /// All settings but the credentials, for a client with others.
    settings: ClientBuilder,
    pub(crate) service: Service,
    pub(crate) version: ApiVersion,
    /// The headers of a request with a body in that version. The map has room for those that are
    /// added later, and so do its copies.
    pub(crate) headers: HeaderMap,
    pub(crate) timeout: Duration,
    pub(crate) attempt_timeout: Duration,
    pub(crate) max_body_size: usize,
    pub(crate) retry: RetryPolicy,
    pub(crate) rate_limiter: Option<RateLimiter>,
    pub(crate) sunset_warnings: SunsetWarnings,
    pub(crate) auth: Auth,
    pub(crate) transport: Arc<dyn Transport>,
    /// Uses each connection once, to retry a request whose idle connection had closed. `None`
    /// if the user supplied the HTTP client, whose connections are not observed.
    pub(crate) unpooled: Option<HttpTransport>,
    /// Builds requests for the service's address.
    pub(crate) requests: atlas_admin_raw::Client,
}

impl Client {
    /// Returns a builder with every setting at its default: Atlas v2 at
    /// `cloud.mongodb.com`, in the newest version that this release knows. Credentials must
    /// be given.
    pub fn builder() -> ClientBuilder {
        ClientBuilder::default()
    }

    /// Creates a client from environment variables; see [`ClientBuilder::from_env`].
    ///
    /// # Errors
    ///
    /// Those of [`ClientBuilder::from_env`] and [`ClientBuilder::build`].
    pub fn from_env() -> Result<Self, Error> {
        ClientBuilder::from_env()?.build()
    }

    /// Creates a client with the same settings and other credentials. It shares no connections
    /// with this one.
    ///
    /// # Errors
    ///
    /// Those of [`ClientBuilder::build`].
    pub fn with_credentials(&self, credentials: Credentials) -> Result<Self, Error> {
        self.inner.settings.clone().credentials(credentials).build()
    }

    /// Revokes the service account's token, in memory and in the
    /// [`TokenStore`](crate::TokenStore): `POST /api/oauth/revoke` (RFC 7009). With other
    /// credentials, or without a token, this does nothing.
    ///
    /// A program that does not store its token should revoke it before it ends, since an
    /// account may have only 100 live tokens. Later calls request a new token; so do calls
    /// in flight if the service refuses theirs.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Credentials`](crate::ErrorKind::Credentials) if the service does not
    /// recognize the account or the store fails, and any other
    /// [`ErrorKind`](crate::ErrorKind) if the service does not respond. The token may then
    /// still be valid.
    pub async fn revoke_token(&self) -> Result<(), Error> {
        self.inner.auth.revoke().await
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("service", &self.inner.service)
            .field("url", &self.inner.requests.baseurl())
            .field("version", &self.inner.version)
            .field("auth", &self.inner.auth)
            .finish_non_exhaustive()
    }
}
