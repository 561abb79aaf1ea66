//! What connections tell of a request: whether it went over one of its own or over
//! a kept one, and how far it can have come if the connection failed.

use std::{
    cell::Cell,
    error::Error as StdError,
    io, iter,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use h2::Reason;
use tokio::time::sleep;
use tower::{Layer, Service, ServiceExt};

/// How long a request waits for a connection that may just be coming back, before
/// it opens another. On a busy machine that takes as long as a thread may have to
/// wait for its turn.
const GRACE: Duration = Duration::from_millis(5);

type BoxError = Box<dyn StdError + Send + Sync>;

tokio::task_local! {
    static OPENED: Cell<bool>;
}

/// Runs a request and tells whether a connection was opened for it.
pub(crate) async fn watch<F: Future>(request: F) -> (F::Output, bool) {
    let watched = async {
        let output = request.await;
        (output, OPENED.with(Cell::get))
    };
    OPENED.scope(Cell::new(false), watched).await
}

/// Opens a connection if the request still waits for one. A request that got a
/// kept connection leaves this future to the background, where it ends: the pool
/// would open one connection more for every answer that is not quite read.
async fn open<T>(connecting: impl Future<Output = Result<T, BoxError>>) -> Result<T, BoxError> {
    sleep(GRACE).await;
    OPENED
        .try_with(|opened| opened.set(true))
        .map_err(|_| "a kept connection came back")?;
    connecting.await
}

/// A connector around another, which reqwest clones several times for every
/// request: all clones share the one inside.
pub(crate) struct Connector<S>(Arc<S>);

impl<S> Clone for Connector<S> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

/// Puts a [`Connector`] around reqwest's own.
#[derive(Clone)]
pub(crate) struct ConnectorLayer;

impl<S> Layer<S> for ConnectorLayer {
    type Service = Connector<S>;

    fn layer(&self, inner: S) -> Connector<S> {
        Connector(Arc::new(inner))
    }
}

impl<S, R> Service<R> for Connector<S>
where
    S: Service<R, Error = BoxError, Future: Send> + Clone + Send + 'static,
    S::Response: Send,
    R: Send + 'static,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, destination: R) -> Self::Future {
        Box::pin(open(S::clone(&self.0).oneshot(destination)))
    }
}

/// What is known of a request that has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// The service has not acted on it.
    NotTaken,
    /// Its connection closed.
    Closed,
    /// Something came back that is not HTTP.
    NotHttp,
    /// Anything else.
    Unknown,
}

/// What became of the request that failed so.
pub(crate) fn fate(error: &reqwest::Error) -> Fate {
    if error.is_builder() || error.is_connect() {
        return Fate::NotTaken;
    }
    if let Some(error) = cause::<h2::Error>(error) {
        // RFC 9113, section 8.7: neither has been processed.
        let is_refused = error.reason() == Some(Reason::REFUSED_STREAM);
        return match error {
            _ if error.is_remote() && (error.is_go_away() || is_refused) => Fate::NotTaken,
            _ if error.is_io() => Fate::Closed,
            _ => Fate::Unknown,
        };
    }
    let Some(hyper) = cause::<hyper::Error>(error) else {
        return Fate::Unknown;
    };
    if hyper.is_canceled() {
        // It never left the queue.
        Fate::NotTaken
    } else if hyper.is_parse() {
        Fate::NotHttp
    } else if hyper.is_incomplete_message() || cause::<io::Error>(error).is_some_and(is_closed) {
        Fate::Closed
    } else {
        Fate::Unknown
    }
}

/// Tells a body whose connection failed from one that cannot be decompressed, which
/// reqwest reports alike: only the former comes from hyper.
pub(crate) fn is_at_fault(error: &reqwest::Error) -> bool {
    cause::<hyper::Error>(error).is_some()
}

/// The first cause of this type.
fn cause<T: StdError + 'static>(error: &reqwest::Error) -> Option<&T> {
    iter::successors(error.source(), |&error| error.source()).find_map(|cause| cause.downcast_ref())
}

fn is_closed(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe
            | io::ErrorKind::UnexpectedEof
    )
}
