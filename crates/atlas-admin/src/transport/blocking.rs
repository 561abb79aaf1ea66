//! Blocking work that can be abandoned.

use std::{
    io,
    sync::{Arc, Condvar, PoisonError},
    thread,
    time::Duration,
};

use tokio::task::spawn_blocking;

use crate::mutex::Mutex;

/// Runs `work` on a thread of its own, and waits for it for up to `limit`, or until the future
/// is dropped.
pub(crate) async fn run<T: Send + 'static>(
    limit: Duration,
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    let outcome = Arc::new(Mutex::new(None));
    let result = Arc::clone(&outcome);
    let work = Box::new(move || *result.lock() = Some(work()));
    wait_for(limit, work).await?;
    let outcome = outcome.lock().take();
    outcome.unwrap_or_else(|| Err(io::Error::other("did not finish")))
}

/// Runs `work`, whose type does not matter here, so that this is compiled once.
///
/// A runtime joins its blocking threads when it is shut down. They only wait here, so that a
/// disk or a resolver that does not respond cannot keep the program from ending. They do wait,
/// since a paused clock of tokio's would otherwise run on.
async fn wait_for(limit: Duration, work: Box<dyn FnOnce() + Send>) -> io::Result<()> {
    let end = Arc::new(End::default());
    let _abandoned = Ends(Arc::clone(&end));
    let finished = Ends(Arc::clone(&end));
    thread::Builder::new()
        .name("atlas-admin-blocking".into())
        .spawn(move || {
            let _finished = finished;
            work();
        })?;
    spawn_blocking(move || {
        let ended = end.ended.lock();
        let (ended, _) = end
            .changed
            .wait_timeout_while(ended, limit, |ended| !*ended)
            .unwrap_or_else(PoisonError::into_inner);
        match *ended {
            true => Ok(()),
            false => Err(io::ErrorKind::TimedOut.into()),
        }
    })
    .await?
}

#[derive(Default)]
struct End {
    ended: Mutex<bool>,
    changed: Condvar,
}

/// Tells the waiting thread when it is dropped.
struct Ends(Arc<End>);

impl Drop for Ends {
    fn drop(&mut self) {
        *self.0.ended.lock() = true;
        self.0.changed.notify_one();
    }
}
