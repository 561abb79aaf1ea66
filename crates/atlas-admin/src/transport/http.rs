//! HTTP by reqwest.

use std::{sync::OnceLock, time::Duration};

use http::HeaderValue;
use reqwest::{Certificate, Identity, Request, redirect, retry};
use tower::util::MapFutureLayer;

use super::{ResponseFuture, Transport, pool::Pool};
use crate::error::{Error, ErrorKind};

/// How connections are made.
#[derive(Clone)]
pub(crate) struct HttpSettings {
    pub(crate) connect_timeout: Duration,
    pub(crate) user_agent: HeaderValue,
    pub(crate) root_certificates: Vec<Certificate>,
    pub(crate) identity: Option<Identity>,
    /// Whether proxies of the environment are ignored.
    pub(crate) no_proxy: bool,
}

impl HttpSettings {
    /// Creates a transport that keeps up to `max_idle` connections for later requests.
    pub(crate) fn transport(&self, max_idle: usize) -> Result<HttpTransport, Error> {
        let pool = Pool::default();
        let connecting = pool.clone();
        let mut builder = reqwest::Client::builder()
            .connect_timeout(self.connect_timeout)
            .redirect(redirect::Policy::none())
            // The retry policy makes and counts every attempt. Without retries of its own,
            // reqwest does not copy the request either.
            .retry(retry::never().max_retries_per_request(0))
            // RFC 9112, section 5.2: a folded header is unfolded.
            .http1_allow_obsolete_multiline_headers_in_responses(true)
            .tcp_nodelay(true)
            .pool_max_idle_per_host(max_idle)
            .user_agent(&self.user_agent)
            .connector_layer(MapFutureLayer::new(move |connection| {
                connecting.clone().connect(connection)
            }));
        if self.no_proxy {
            builder = builder.no_proxy();
        }
        if !self.root_certificates.is_empty() {
            builder = builder.tls_certs_merge(self.root_certificates.iter().cloned());
        }
        if let Some(identity) = &self.identity {
            builder = builder.identity(identity.clone());
        }
        let client = builder.build().map_err(|error| {
            Error::new(ErrorKind::Transport, "cannot create an HTTP client").with_source(error)
        })?;
        Ok(HttpTransport {
            client,
            pool: (max_idle > 0).then_some(pool),
        })
    }
}

/// A pool of connections.
#[derive(Debug)]
pub(crate) struct HttpTransport {
    client: reqwest::Client,
    /// `None` if connections are not reused, or not observed.
    pool: Option<Pool>,
}

impl HttpTransport {
    /// Wraps an HTTP client that the user built.
    pub(crate) fn new(client: reqwest::Client) -> Self {
        Self { client, pool: None }
    }

    pub(crate) fn client(&self) -> &reqwest::Client {
        &self.client
    }
}

impl Transport for HttpTransport {
    fn execute<'a>(&'a self, request: Request, _operation_id: &'static str) -> ResponseFuture<'a> {
        Box::pin(async move {
            let in_flight = self.pool.as_ref().map(Pool::start_request);
            let response = self.client.execute(request).await?;
            if let Some(in_flight) = in_flight {
                in_flight.complete(response.version(), response.headers());
            }
            Ok(response)
        })
    }
}

/// A transport that uses each connection once, created when it is first needed.
pub(crate) struct UnpooledTransport {
    settings: HttpSettings,
    transport: OnceLock<Option<HttpTransport>>,
}

impl UnpooledTransport {
    pub(crate) fn new(settings: HttpSettings) -> Self {
        Self {
            settings,
            transport: OnceLock::new(),
        }
    }

    /// Returns the transport, or `None` if it cannot be created.
    pub(crate) fn get(&self) -> Option<&dyn Transport> {
        let create = || self.settings.transport(0).ok();
        let transport = self.transport.get_or_init(create).as_ref()?;
        Some(transport)
    }
}
