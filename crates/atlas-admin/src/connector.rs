//! When connections are opened.
//!
//! The pool opens one for every request that finds none free, also if one is just
//! coming back from an answer that was read. Here such a request waits a little.

use std::{
    error::Error as StdError,
    io,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use http::{HeaderMap, header};
use tokio::time::{Instant, sleep, timeout};
use tower::{Layer, Service, ServiceExt};

use crate::connection;

/// How long a request waits for a connection that should be coming back. On a
/// busy machine that takes as long as a thread may have to wait for its turn.
const GRACE: Duration = Duration::from_millis(50);

type BoxError = Box<dyn StdError + Send + Sync>;

/// What is known of the connections of one client.
#[derive(Debug, Clone, Default)]
pub(crate) struct Connections(Arc<Mutex<Count>>);

#[derive(Debug, Default)]
struct Count {
    /// Those opened and not known to be gone; services close idle ones unseen.
    open: usize,
    /// The requests that wait for their answer.
    requests: usize,
    last_answer: Option<Instant>,
}

impl Connections {
    /// A request is sent.
    pub(crate) fn request(&self) -> UnderWay {
        self.count().requests += 1;
        UnderWay {
            connections: self.clone(),
            keeps: false,
        }
    }

    /// Whether there are enough for all requests, so that one is coming back.
    fn are_enough(&self) -> bool {
        let count = self.count();
        count.open >= count.requests
            && count
                .last_answer
                .is_some_and(|answer| answer.elapsed() < GRACE)
    }

    /// One more is opened, after a wait for one that did not come back.
    fn opens(&self, waited: bool) {
        let mut count = self.count();
        if waited {
            count.open = count.open.min(count.requests.saturating_sub(1));
        }
        count.open += 1;
    }

    fn count(&self) -> MutexGuard<'_, Count> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request that waits for its answer. Dropped before that, it has lost its
/// connection.
pub(crate) struct UnderWay {
    connections: Connections,
    keeps: bool,
}

impl UnderWay {
    /// The head of the answer is there.
    pub(crate) fn answered(mut self, headers: &HeaderMap) {
        self.connections.count().last_answer = Some(Instant::now());
        self.keeps = headers
            .get(header::CONNECTION)
            .is_none_or(|value| !value.as_bytes().to_ascii_lowercase().ends_with(b"close"));
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let mut count = self.connections.count();
        count.requests -= 1;
        if !self.keeps {
            count.open = count.open.saturating_sub(1);
        }
    }
}

/// A connector around another. reqwest clones its connector several times for
/// every request: all clones share the one inside.
pub(crate) struct Connector<S> {
    inner: Arc<S>,
    kept: Option<Connections>,
}

/// Puts a [`Connector`] around reqwest's own.
#[derive(Clone)]
pub(crate) struct ConnectorLayer {
    /// `None` if connections are used once.
    pub(crate) kept: Option<Connections>,
}

impl<S> Layer<S> for ConnectorLayer {
    type Service = Connector<S>;

    fn layer(&self, inner: S) -> Connector<S> {
        Connector {
            inner: Arc::new(inner),
            kept: self.kept.clone(),
        }
    }
}

impl<S, R> Service<R> for Connector<S>
where
    S: Service<R, Error = BoxError, Future: Send> + Clone + Send + 'static,
    R: Send + 'static,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, destination: R) -> Self::Future {
        let connector = S::clone(&self.inner);
        let kept = self.kept.clone();
        Box::pin(async move {
            let waits = kept.as_ref().is_some_and(Connections::are_enough);
            if waits {
                sleep(GRACE).await;
            }
            // A request that got a kept connection meanwhile has left this future
            // to the background.
            let until = connection::opens().ok_or("a kept connection came back")?;
            if let Some(kept) = kept {
                kept.opens(waits);
            }
            // Ends before the call does, which could not tell that nothing was sent.
            let left = until.saturating_duration_since(Instant::now());
            timeout(left.mul_f64(0.9), connector.oneshot(destination))
                .await
                .map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
        })
    }
}

impl<S> Clone for Connector<S> {
    fn clone(&self) -> Self {
        Self {
            inner: Arc::clone(&self.inner),
            kept: self.kept.clone(),
        }
    }
}
