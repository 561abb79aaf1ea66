//! Stopping a run early.

use atlas_admin::Error;
use tokio::sync::watch;

use crate::{
    error::{CliError, ExitStatus},
    signal::Signal,
    ui::eprint,
};

/// Why a run stops early.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reason {
    Signal,
    /// A call failed, and its error has been printed.
    Failure,
    /// The credentials were rejected.
    Credentials,
    /// The journal cannot be written.
    Journal,
}

/// Tells all tasks to start nothing more. The first reason wins.
#[derive(Debug, Clone)]
pub(super) struct Cancellation {
    reason: watch::Sender<Option<Reason>>,
    keep_going: bool,
}

impl Cancellation {
    /// Returns a cancellation that the first Ctrl-C, SIGTERM or SIGHUP triggers. The second one ends
    /// the process.
    pub(super) fn on_signal(keep_going: bool) -> Result<Self, CliError> {
        let cancellation = Self {
            reason: watch::Sender::new(None),
            keep_going,
        };
        let mut signal = Signal::listen()?;
        let triggered = cancellation.clone();
        tokio::spawn(async move {
            signal.recv().await;
            triggered.trigger(Reason::Signal);
            eprint("finishing the updates in flight; press Ctrl-C again to exit immediately");
            signal.recv().await;
            std::process::exit(i32::from(ExitStatus::Interrupted.code()));
        });
        Ok(cancellation)
    }

    pub(super) fn trigger(&self, reason: Reason) {
        self.reason.send_if_modified(|current| {
            let is_first = current.is_none();
            if is_first {
                *current = Some(reason);
            }
            is_first
        });
    }

    /// Triggers it if a failed call has to stop the run.
    pub(super) fn on_error(&self, error: &Error) {
        if error.is_credentials() {
            self.trigger(Reason::Credentials);
        } else {
            self.on_failure();
        }
    }

    /// Triggers it if a failure has to stop the run.
    pub(super) fn on_failure(&self) {
        if !self.keep_going {
            self.trigger(Reason::Failure);
        }
    }

    pub(super) fn reason(&self) -> Option<Reason> {
        *self.reason.borrow()
    }

    /// Waits for a read, which changes nothing and so can stop at any point. Returns `None` if the
    /// run stops first.
    pub(super) async fn or_stop<T>(&self, read: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            result = read => Some(result),
            () = self.wait() => None,
        }
    }

    /// Waits until it is triggered.
    pub(super) async fn wait(&self) {
        // Cannot fail: this value holds the sender.
        let _ = self.reason.subscribe().wait_for(Option::is_some).await;
    }

    /// Returns the exit status of a run that stopped early, or else `status`.
    pub(super) fn exit_status_or(&self, status: ExitStatus) -> ExitStatus {
        match self.reason() {
            Some(Reason::Signal) => ExitStatus::Interrupted,
            Some(Reason::Credentials) => ExitStatus::Credentials,
            _ => status,
        }
    }
}
