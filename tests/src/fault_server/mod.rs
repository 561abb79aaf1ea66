//! A server that misbehaves on purpose.
//!
//! It knows enough of authentication to tell handshakes from updates: it challenges
//! requests without credentials and issues tokens. Each update gets the next behavior of
//! a script, and a success once the script is over. Instead of a script, a function can
//! choose the behavior for each request.

mod behavior;
mod http1;
mod http2;
mod script;
mod state;

use std::{io, sync::Arc};

pub use behavior::{Action, Behavior, Http2Behavior, InjectionPoint, head, response};
use bytes::Bytes;
use http::Request;
pub use script::{Counts, Script};
use state::State;
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_rustls::{TlsAcceptor, rustls::ServerConfig};

/// A running server. It stops when dropped.
pub struct FaultServer {
    /// The base URL, without a trailing slash.
    pub url: String,
    /// The certificate of a server that speaks HTTP/2, in PEM.
    pub certificate: Option<String>,
    state: Arc<State>,
    task: JoinHandle<()>,
}

impl FaultServer {
    /// Starts a server on a free loopback port.
    ///
    /// # Errors
    ///
    /// Fails if the port or the certificate cannot be set up.
    pub async fn start(script: Script) -> io::Result<Self> {
        if !script.http2 {
            return Self::listen(State::new(script, None), None).await;
        }
        let (certificate, config) = http2::self_signed()?;
        let mut server = Self::start_tls(script, config).await?;
        server.certificate = Some(certificate);
        Ok(server)
    }

    /// Starts a server that speaks HTTP/2 over TLS with this configuration.
    ///
    /// # Errors
    ///
    /// Fails if the port cannot be set up.
    pub async fn start_tls(script: Script, config: ServerConfig) -> io::Result<Self> {
        let state = State::new(script, None);
        Self::listen(state, Some(http2::acceptor(config))).await
    }

    /// Starts a server that behaves as a function says, with requests of any kind.
    ///
    /// # Errors
    ///
    /// Fails if the port cannot be set up.
    pub async fn start_handler(
        handler: impl Fn(&Request<Bytes>) -> Behavior + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let state = State::new(Script::default(), Some(Box::new(handler)));
        Self::listen(state, None).await
    }

    async fn listen(state: State, tls: Option<TlsAcceptor>) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let scheme = if tls.is_some() { "https" } else { "http" };
        let url = format!("{scheme}://{}", listener.local_addr()?);
        let state = Arc::new(state);
        let task = tokio::spawn(accept(listener, tls, Arc::clone(&state)));
        Ok(Self {
            url,
            certificate: None,
            state,
            task,
        })
    }

    /// Returns how many connections and requests have arrived so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.state.counts()
    }

    /// Returns the HTTP/1.1 requests so far, exactly as they arrived.
    #[must_use]
    pub fn requests(&self) -> Vec<String> {
        self.state.requests()
    }
}

impl Drop for FaultServer {
    fn drop(&mut self) {
        self.task.abort();
        self.state.stopped.close();
    }
}

async fn accept(listener: TcpListener, tls: Option<TlsAcceptor>, state: Arc<State>) {
    while let Ok((stream, _)) = listener.accept().await {
        let state = Arc::clone(&state);
        state.count_connection();
        let tls = tls.clone();
        tokio::spawn(async move {
            let serve = async {
                match &tls {
                    Some(tls) => http2::serve(tls, stream, &state).await,
                    None => http1::serve(stream, &state).await,
                }
            };
            // Connections are broken on purpose, so their errors are no failures.
            tokio::select! {
                _ = serve => (),
                _ = state.stopped.acquire() => (),
            }
        });
    }
}
