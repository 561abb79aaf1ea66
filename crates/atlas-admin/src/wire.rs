//! One HTTP exchange: a request out, an answer in, with a bound on its size.

use std::{sync::OnceLock, time::Duration};

use atlas_admin_raw::{ResponseFuture, Transport};
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderValue, StatusCode};
use reqwest::{Certificate, Identity, Request, redirect, retry};
use tokio::time::timeout;

use crate::{
    connector::{Connections, ConnectorLayer},
    error::{Error, ErrorKind},
};

/// How connections are made.
#[derive(Clone)]
pub(crate) struct HttpSettings {
    pub(crate) connect_timeout: Duration,
    pub(crate) user_agent: HeaderValue,
    pub(crate) root_certificates: Vec<Certificate>,
    pub(crate) identity: Option<Identity>,
    /// Whether no proxy is used, whatever the environment says.
    pub(crate) direct: bool,
}

impl HttpSettings {
    /// A transport that keeps so many connections for later requests.
    pub(crate) fn http(&self, kept_connections: usize) -> Result<Http, Error> {
        let kept = (kept_connections > 0).then(Connections::default);
        let mut builder = reqwest::Client::builder()
            .connect_timeout(self.connect_timeout)
            .redirect(redirect::Policy::none())
            // Every attempt is the retry policy's, and counted. With none left,
            // reqwest keeps no copy of the request.
            .retry(retry::never().max_retries_per_request(0))
            .tcp_nodelay(true)
            .pool_max_idle_per_host(kept_connections)
            .user_agent(&self.user_agent)
            .connector_layer(ConnectorLayer { kept: kept.clone() });
        if self.direct {
            builder = builder.no_proxy();
        }
        if !self.root_certificates.is_empty() {
            builder = builder.tls_certs_merge(self.root_certificates.iter().cloned());
        }
        if let Some(identity) = &self.identity {
            builder = builder.identity(identity.clone());
        }
        let client = builder.build().map_err(|error| {
            Error::new(ErrorKind::Transport, "no HTTP client can be made").with_source(error)
        })?;
        Ok(Http { client, kept })
    }
}

/// A transport that uses each connection once, made when it is first needed.
pub(crate) struct Fresh {
    settings: HttpSettings,
    http: OnceLock<Option<Http>>,
}

impl Fresh {
    pub(crate) fn new(settings: HttpSettings) -> Self {
        Self {
            settings,
            http: OnceLock::new(),
        }
    }

    /// `None` if there can be no such transport.
    pub(crate) fn wire(&self) -> Option<&dyn Transport> {
        let make = || self.settings.http(0).ok();
        let http = self.http.get_or_init(make).as_ref()?;
        Some(http)
    }
}

/// The transport at the very bottom.
#[derive(Debug)]
pub(crate) struct Http {
    client: reqwest::Client,
    /// What the connector has to know of requests. `None` if it waits for nothing.
    kept: Option<Connections>,
}

impl Http {
    /// A transport over a client whose connections are its own matter.
    pub(crate) fn new(client: reqwest::Client) -> Self {
        Self { client, kept: None }
    }

    pub(crate) fn client(&self) -> &reqwest::Client {
        &self.client
    }
}

impl Transport for Http {
    fn execute<'a>(&'a self, request: Request, _operation_id: &'static str) -> ResponseFuture<'a> {
        Box::pin(async move {
            let under_way = self.kept.as_ref().map(Connections::request);
            let response = self.client.execute(request).await?;
            if let Some(under_way) = under_way {
                under_way.answered(response.headers());
            }
            Ok(response)
        })
    }
}

/// An answer, in memory.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// Why an answer has less of a body than the service meant to send.
#[derive(Debug)]
pub(crate) enum Incomplete {
    TooLong,
    Late,
    Broken(reqwest::Error),
}

impl Answer {
    /// Reads the body that belongs to `response`, up to `limit` bytes of it, for as
    /// long as `patience` lasts. Whatever stops it, the status, the headers and what
    /// had arrived are still there.
    pub(crate) async fn read(
        response: &mut reqwest::Response,
        limit: usize,
        patience: Option<Duration>,
    ) -> (Self, Option<Incomplete>) {
        let mut body = BytesMut::new();
        let read = read(response, &mut body, limit);
        let incomplete = match patience {
            None => read.await,
            Some(patience) => timeout(patience, read)
                .await
                .unwrap_or(Some(Incomplete::Late)),
        };
        let answer = Self {
            status: response.status(),
            headers: std::mem::take(response.headers_mut()),
            body: body.freeze(),
        };
        (answer, incomplete)
    }
}

async fn read(
    response: &mut reqwest::Response,
    body: &mut BytesMut,
    limit: usize,
) -> Option<Incomplete> {
    loop {
        match response.chunk().await {
            Ok(None) => return None,
            Ok(Some(chunk)) if chunk.len() > limit - body.len() => {
                body.extend_from_slice(&chunk[..limit - body.len()]);
                return Some(Incomplete::TooLong);
            }
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Err(error) => return Some(Incomplete::Broken(error)),
        }
    }
}
