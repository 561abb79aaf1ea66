//! When to begin nothing more.

use tokio::sync::watch;

use crate::{
    exit::{Exit, Failure},
    output::complain,
    signals::Signals,
};

/// Why nothing more is begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reason {
    /// By a signal.
    Interrupted,
    /// By a failure, which has been told.
    Failure,
    /// Nobody who signs in like this is known.
    Credentials,
    /// The report cannot be written.
    Report,
}

/// A stop sign that all tasks see. The first reason stays.
#[derive(Debug, Clone)]
pub(crate) struct Stop(watch::Sender<Option<Reason>>);

impl Stop {
    /// A stop sign that Ctrl-C sets, on the running runtime. The second Ctrl-C ends
    /// the process at once.
    pub(crate) fn on_signals() -> Result<Self, Failure> {
        let stop = Self(watch::Sender::new(None));
        let mut signals = Signals::listen()?;
        let sign = stop.clone();
        tokio::spawn(async move {
            signals.next().await;
            sign.set(Reason::Interrupted);
            complain("finishing what is in flight; Ctrl-C again leaves at once");
            signals.next().await;
            std::process::exit(i32::from(Exit::Interrupted.code()));
        });
        Ok(stop)
    }

    pub(crate) fn set(&self, reason: Reason) {
        self.0.send_if_modified(|set| {
            let is_first = set.is_none();
            if is_first {
                *set = Some(reason);
            }
            is_first
        });
    }

    pub(crate) fn reason(&self) -> Option<Reason> {
        *self.0.borrow()
    }

    /// Waits until it is set.
    pub(crate) async fn wait(&self) {
        // The sender is here, so that this cannot fail.
        let _ = self.0.subscribe().wait_for(Option::is_some).await;
    }
}
