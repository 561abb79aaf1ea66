//! Limits how many connections the pool opens.
//!
//! reqwest's pool opens a connection for every request that finds none idle, even if one is
//! about to become idle. Under load, it opens far more connections than there are requests in
//! flight. Here, such a request first waits briefly for a connection to become idle.

use std::{
    pin::Pin,
    sync::Arc,
    task::{self, Poll},
    time::Duration,
};

use http::{HeaderMap, Version, header};
use tokio::time::{Instant, sleep};
use tower::{Layer, Service, ServiceExt};

use super::connection::{self, BoxError};
use crate::mutex::Mutex;

/// How long a request waits for a connection to become idle. On a busy machine, that depends
/// on when the thread that owns the connection runs.
const GRACE: Duration = Duration::from_millis(50);

/// The connections of one pool.
#[derive(Debug, Clone, Default)]
pub(super) struct Pool(Arc<Mutex<Counts>>);

#[derive(Debug, Default)]
struct Counts {
    /// Connections that were opened and are not known to be closed.
    open: usize,
    /// Requests whose response has not arrived.
    in_flight: usize,
    last_response: Option<Instant>,
}

impl Pool {
    /// Counts a request until its response arrives.
    pub(super) fn start_request(&self) -> InFlight {
        self.0.lock().in_flight += 1;
        InFlight {
            pool: self.clone(),
            keeps_connection: false,
        }
    }

    /// Awaits a connection, unless one becomes idle first.
    async fn connect<T>(
        self,
        connection: impl Future<Output = Result<T, BoxError>>,
    ) -> Result<T, BoxError> {
        let waits = self.has_enough();
        if waits {
            sleep(GRACE).await;
        }
        connection::open(connection, || {
            let mut counts = self.0.lock();
            if waits {
                // A connection that should have become idle has closed.
                counts.open = counts.open.min(counts.in_flight.saturating_sub(1));
            }
            counts.open += 1;
        })
        .await
    }

    /// Returns whether a connection should become idle soon: there is one for each request in
    /// flight, and a response has just arrived.
    fn has_enough(&self) -> bool {
        let counts = self.0.lock();
        counts.open >= counts.in_flight
            && counts
                .last_response
                .is_some_and(|response| response.elapsed() < GRACE)
    }
}

impl<S> Layer<S> for Pool {
    type Service = Connector<S>;

    fn layer(&self, inner: S) -> Connector<S> {
        Connector {
            inner: Arc::new(inner),
            pool: self.clone(),
        }
    }
}

/// Opens the connections of a pool.
///
/// reqwest clones its connector several times for each request, used or not. What is inside is
/// only cloned to open a connection.
#[derive(Debug)]
pub(super) struct Connector<S> {
    inner: Arc<S>,
    pool: Pool,
}

impl<S> Clone for Connector<S> {
    fn clone(&self) -> Self {
        Self {
            inner: Arc::clone(&self.inner),
            pool: self.pool.clone(),
        }
    }
}

impl<S, T> Service<T> for Connector<S>
where
    S: Service<T, Error = BoxError, Future: Send> + Clone + Send + 'static,
    T: Send + 'static,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut task::Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, target: T) -> Self::Future {
        let connection = S::clone(&self.inner).oneshot(target);
        Box::pin(self.pool.clone().connect(connection))
    }
}

/// A request whose response has not arrived. If it never arrives, the connection is lost.
pub(super) struct InFlight {
    pool: Pool,
    keeps_connection: bool,
}

impl InFlight {
    /// Marks the arrival of the response.
    pub(super) fn complete(mut self, version: Version, headers: &HeaderMap) {
        self.pool.0.lock().last_response = Some(Instant::now());
        let says = |word: &str| {
            headers.get(header::CONNECTION).is_some_and(|value| {
                let value = value.as_bytes().to_ascii_lowercase();
                value.ends_with(word.as_bytes())
            })
        };
        self.keeps_connection = match version {
            Version::HTTP_09 | Version::HTTP_10 => says("keep-alive"),
            _ => !says("close"),
        };
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        let mut counts = self.pool.0.lock();
        counts.in_flight -= 1;
        if !self.keeps_connection {
            counts.open = counts.open.saturating_sub(1);
        }
    }
}
