//! What a request and the connector that opens its connection tell each other.

use std::{cell::Cell, error::Error as StdError, io};

use tokio::time::{Instant, timeout};

pub(super) type BoxError = Box<dyn StdError + Send + Sync>;

tokio::task_local! {
    static ATTEMPT: Attempt;
}

/// What a request and its connector share.
struct Attempt {
    has_connected: Cell<bool>,
    deadline: Instant,
}

/// Awaits a request, and returns whether a connection was opened for it.
pub(super) async fn observe<F: Future>(request: F, deadline: Instant) -> (F::Output, bool) {
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

/// Awaits a connection for the current request, and calls `opening` first.
///
/// Connecting times out before the request's deadline, so that the error shows that nothing
/// was sent. If the request has found an idle connection in the meantime, reqwest polls this
/// future in a background task, where it returns an error at once.
pub(super) async fn open<T>(
    connection: impl Future<Output = Result<T, BoxError>>,
    opening: impl FnOnce(),
) -> Result<T, BoxError> {
    let note = |attempt: &Attempt| {
        attempt.has_connected.set(true);
        attempt.deadline
    };
    let deadline = ATTEMPT
        .try_with(note)
        .map_err(|_| "an idle connection became available")?;
    opening();
    let left = deadline.saturating_duration_since(Instant::now());
    timeout(left.mul_f64(0.9), connection)
        .await
        .map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
}
