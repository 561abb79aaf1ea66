//! HTTP by reqwest.

use std::{fmt, sync::Arc, time::Duration};

use http::HeaderValue;
use reqwest::{Client, Request, redirect, retry};
use tokio::runtime;

use super::{
    ResponseFuture, Transport,
    pool::Pool,
    proxy::Route,
    resolver::Resolver,
    send_error::SendError,
    tls::{self, Certificates},
};
use crate::{
    error::{Error, ErrorKind},
    mutex::Mutex,
};

/// The number of runtimes that have connections of their own.
const MAX_RUNTIMES: usize = 8;

/// How connections are made.
#[derive(Clone)]
pub(crate) struct HttpSettings {
    pub(crate) connect_timeout: Duration,
    pub(crate) user_agent: HeaderValue,
    pub(crate) certificates: Certificates,
    /// Whether the service is reached by HTTPS.
    pub(crate) is_https: bool,
    pub(crate) route: Route,
}

impl HttpSettings {
    /// Creates a client that builds requests and sends none. It needs no certificates of the
    /// system.
    pub(crate) fn request_builder(&self) -> Result<Client, Error> {
        tls::check_provider()?;
        let builder = self.certificates.apply(Client::builder(), false).no_proxy();
        builder.build().map_err(|error| {
            Error::new(ErrorKind::Transport, "cannot create an HTTP client").with_source(error)
        })
    }

    /// Creates a client that keeps up to `max_idle` connections for later requests.
    fn client(&self, max_idle: usize, pool: Pool) -> reqwest::Result<Client> {
        let uses_tls = self.is_https
            || match &self.route {
                Route::Direct => false,
                Route::System => true,
                Route::Proxy { is_https, .. } => *is_https,
            };
        let builder = self
            .certificates
            .apply(Client::builder(), uses_tls)
            .connect_timeout(self.connect_timeout)
            .dns_resolver(Resolver {
                limit: self.connect_timeout,
            })
            .redirect(redirect::Policy::none())
            // The retry policy makes and counts every attempt. Without retries of its own,
            // reqwest does not copy the request either.
            .retry(retry::never().max_retries_per_request(0))
            // RFC 9112, section 5.2: a folded header is unfolded.
            .http1_allow_obsolete_multiline_headers_in_responses(true)
            .tcp_nodelay(true)
            .pool_max_idle_per_host(max_idle)
            .user_agent(&self.user_agent)
            .connector_layer(pool);
        let builder = match &self.route {
            Route::Direct => builder.no_proxy(),
            Route::System => builder,
            Route::Proxy { proxy, .. } => builder.proxy((**proxy).clone()),
        };
        builder.build()
    }
}

/// Sends requests with an HTTP client that the user built.
#[derive(Debug)]
pub(crate) struct CustomTransport(pub(crate) Client);

impl Transport for CustomTransport {
    fn execute<'a>(&'a self, request: Request, _operation_id: &'static str) -> ResponseFuture<'a> {
        Box::pin(async move { Ok(self.0.execute(request).await?) })
    }
}

/// Pools of connections, one for each runtime: a connection makes progress only while the
/// runtime runs that opened it.
pub(crate) struct HttpTransport {
    settings: HttpSettings,
    max_idle: usize,
    /// The one used last comes last.
    by_runtime: Mutex<Vec<(runtime::Id, Arc<Connections>)>>,
}

struct Connections {
    client: Client,
    /// `None` if connections are not reused.
    pool: Option<Pool>,
}

impl HttpTransport {
    /// Creates a transport that keeps up to `max_idle` connections for later requests, and
    /// sets them up for the first one.
    pub(crate) fn new(settings: HttpSettings, max_idle: usize) -> Self {
        Self {
            settings,
            max_idle,
            by_runtime: Mutex::default(),
        }
    }

    /// Returns the connections of the current runtime.
    fn connections(&self) -> reqwest::Result<Arc<Connections>> {
        let id = runtime::Handle::current().id();
        let mut by_runtime = self.by_runtime.lock();
        if let Some(index) = by_runtime.iter().position(|(owner, _)| *owner == id) {
            let used = by_runtime.remove(index);
            by_runtime.push(used);
        } else {
            if by_runtime.len() == MAX_RUNTIMES {
                by_runtime.remove(0);
            }
            by_runtime.push((id, Arc::new(self.connect()?)));
        }
        Ok(Arc::clone(&by_runtime[by_runtime.len() - 1].1))
    }

    fn connect(&self) -> reqwest::Result<Connections> {
        let pool = Pool::default();
        Ok(Connections {
            client: self.settings.client(self.max_idle, pool.clone())?,
            pool: (self.max_idle > 0).then_some(pool),
        })
    }
}

impl Transport for HttpTransport {
    fn execute<'a>(&'a self, request: Request, _operation_id: &'static str) -> ResponseFuture<'a> {
        Box::pin(async move {
            let connections = self.connections().map_err(SendError::setup)?;
            let in_flight = connections.pool.as_ref().map(Pool::start_request);
            let response = connections.client.execute(request).await?;
            if let Some(in_flight) = in_flight {
                in_flight.complete(response.version(), response.headers());
            }
            Ok(response)
        })
    }
}

impl fmt::Debug for HttpTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HttpTransport")
    }
}
