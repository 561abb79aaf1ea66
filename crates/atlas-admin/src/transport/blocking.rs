//! Blocking work that can be abandoned.

use std::{io, sync::mpsc, thread, time::Duration};

use tokio::task::spawn_blocking;

/// Runs `work` on a thread of its own, and waits for it for up to `limit`, or until the future
/// is dropped.
///
/// A runtime joins its blocking threads when it is shut down. They only wait here, so that a
/// disk or a resolver that does not respond cannot keep the program from ending. They do wait,
/// since a paused clock of tokio's would otherwise run on.
pub(crate) async fn run<T: Send + 'static>(
    limit: Duration,
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    let (sender, receiver) = mpsc::channel();
    let _abandon = Reporter(sender.clone());
    let reporter = Reporter(sender);
    thread::Builder::new()
        .name("atlas-admin-blocking".into())
        .spawn(move || drop(reporter.0.send(work())))?;
    let waiting = move || {
        receiver
            .recv_timeout(limit)
            .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
    };
    spawn_blocking(waiting).await?
}

/// Sends an error when it is dropped, which has no effect after an outcome.
struct Reporter<T>(mpsc::Sender<io::Result<T>>);

impl<T> Drop for Reporter<T> {
    fn drop(&mut self) {
        let _ = self.0.send(Err(io::Error::other("did not finish")));
    }
}
