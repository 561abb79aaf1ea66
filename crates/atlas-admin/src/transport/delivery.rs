//! How far a request got that has no response, and whether a connection was opened for it.

use std::{cell::Cell, error::Error as StdError, io, iter};

use h2::Reason;
use tokio::time::{Instant, timeout};

tokio::task_local! {
    static ATTEMPT: Attempt;
}

/// What a request and its connector tell each other.
struct Attempt {
    has_connected: Cell<bool>,
    deadline: Instant,
}

/// Awaits a request. Also returns whether a connection was opened for it.
pub(crate) async fn observe<F: Future>(request: F, deadline: Instant) -> (F::Output, bool) {
    let attempt = Attempt {
        has_connected: Cell::new(false),
        deadline,
    };
    let observed = async {
        let output = request.await;
        (output, ATTEMPT.with(|attempt| attempt.has_connected.get()))
    };
    ATTEMPT.scope(attempt, observed).await
}

/// Awaits a connection on behalf of the request that asked for it, and calls `opened` first.
///
/// The connection attempt ends before the request's deadline: once that has passed, nobody
/// could tell that nothing was sent. A request that has found an idle connection meanwhile
/// leaves this future to a background task, where there is nothing left to do.
pub(super) async fn connecting<T>(
    connection: impl Future<Output = Result<T, BoxError>>,
    opened: impl FnOnce(),
) -> Result<T, BoxError> {
    let note = |attempt: &Attempt| {
        attempt.has_connected.set(true);
        attempt.deadline
    };
    let deadline = ATTEMPT
        .try_with(note)
        .map_err(|_| "an idle connection became available")?;
    opened();
    let left = deadline.saturating_duration_since(Instant::now());
    timeout(left.mul_f64(0.9), connection)
        .await
        .map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
}

type BoxError = Box<dyn StdError + Send + Sync>;

/// How far a request got that has no response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Delivery {
    /// The service has not acted on it.
    Unprocessed,
    /// Its connection closed.
    ConnectionClosed,
    /// The response is not HTTP.
    NotHttp,
    /// Nothing is known.
    Unknown,
}

impl Delivery {
    /// Returns how far the request got that failed with `error`.
    pub(crate) fn of(error: &reqwest::Error) -> Self {
        if error.is_builder() || error.is_connect() {
            return Self::Unprocessed;
        }
        if let Some(error) = cause::<h2::Error>(error) {
            // RFC 9113, section 8.7: neither was processed.
            let is_refused = error.reason() == Some(Reason::REFUSED_STREAM);
            return match error {
                _ if error.is_remote() && (error.is_go_away() || is_refused) => Self::Unprocessed,
                _ if error.is_io() => Self::ConnectionClosed,
                _ => Self::Unknown,
            };
        }
        let Some(hyper) = cause::<hyper::Error>(error) else {
            return Self::Unknown;
        };
        if hyper.is_canceled() {
            // It never left the queue.
            Self::Unprocessed
        } else if hyper.is_parse() {
            Self::NotHttp
        } else if hyper.is_incomplete_message() || cause::<io::Error>(error).is_some_and(is_closed)
        {
            Self::ConnectionClosed
        } else {
            Self::Unknown
        }
    }
}

/// Returns whether a body failed with its connection. reqwest reports a body that cannot be
/// decompressed alike, but only the connection's error comes from hyper.
pub(crate) fn is_connection_error(error: &reqwest::Error) -> bool {
    cause::<hyper::Error>(error).is_some()
}

/// Returns the first cause of this type.
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
