//! What connections tell of a request: whether it went over one of its own or over
//! a kept one, and how far it can have come if the connection failed.

use std::{cell::Cell, error::Error as StdError, io, iter};

use h2::Reason;
use tokio::time::Instant;

tokio::task_local! {
    static WATCHED: Watched;
}

/// What a request and the connector tell each other.
struct Watched {
    opened: Cell<bool>,
    /// When the time for the request is over.
    until: Instant,
}

/// Runs a request and tells whether a connection was opened for it.
pub(crate) async fn watch<F: Future>(request: F, until: Instant) -> (F::Output, bool) {
    let watched = async {
        let output = request.await;
        (output, WATCHED.with(|watched| watched.opened.get()))
    };
    let opened = Cell::new(false);
    WATCHED.scope(Watched { opened, until }, watched).await
}

/// Notes that a connection is being opened, and gives the time until which. `None`
/// if no request waits for it.
pub(crate) fn opens() -> Option<Instant> {
    let note = |watched: &Watched| {
        watched.opened.set(true);
        watched.until
    };
    WATCHED.try_with(note).ok()
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
