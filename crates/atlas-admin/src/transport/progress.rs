//! The progress of a call.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use http::StatusCode;

/// The progress of a call, shared with the tasks that send requests for it.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    requests_sent: AtomicU32,
    attempt_may_have_applied: AtomicBool,
    earlier_may_have_applied: AtomicBool,
    lost_idle_connection: AtomicBool,
}

impl Progress {
    pub(crate) fn requests_sent(&self) -> u32 {
        self.requests_sent.load(Ordering::Relaxed)
    }

    /// Returns whether the service may have acted on any request of the call.
    pub(crate) fn may_have_applied(&self) -> bool {
        self.attempt_may_have_applied() || self.earlier_may_have_applied()
    }

    /// Returns whether the service may have acted on an attempt before the current one.
    pub(crate) fn earlier_may_have_applied(&self) -> bool {
        self.earlier_may_have_applied.load(Ordering::Relaxed)
    }

    /// Returns whether the service may have acted on the current attempt.
    pub(crate) fn attempt_may_have_applied(&self) -> bool {
        self.attempt_may_have_applied.load(Ordering::Relaxed)
    }

    /// Returns whether the last request went over an idle connection that had closed.
    pub(crate) fn lost_idle_connection(&self) -> bool {
        self.lost_idle_connection.load(Ordering::Relaxed)
    }

    /// Starts another attempt.
    pub(crate) fn start_attempt(&self) {
        self.earlier_may_have_applied
            .store(self.may_have_applied(), Ordering::Relaxed);
        self.set_may_have_applied(false);
        self.set_lost_idle_connection(false);
    }

    pub(crate) fn set_may_have_applied(&self, may: bool) {
        self.attempt_may_have_applied.store(may, Ordering::Relaxed);
    }

    /// Records the status of a response: 3xx and 4xx are refusals, others may have applied.
    pub(crate) fn record_status(&self, status: StatusCode) {
        let is_refused = status.is_redirection() || status.is_client_error();
        self.set_may_have_applied(!is_refused);
    }

    pub(super) fn count_request(&self) {
        self.requests_sent.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn set_lost_idle_connection(&self, lost: bool) {
        self.lost_idle_connection.store(lost, Ordering::Relaxed);
    }
}
