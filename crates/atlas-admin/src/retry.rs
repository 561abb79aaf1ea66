//! Whether a failed call is retried, and after how long.

use std::{
    error::Error as _,
    time::{Duration, SystemTime},
};

use http::StatusCode;
use retry_policies::{Jitter, RetryDecision, RetryPolicy as _, policies::ExponentialBackoff};

use crate::error::{Error, ErrorKind};

/// When a failed call is retried.
///
/// Calls are retried when that is safe, up to the number of attempts and within the call's
/// time limit ([`ClientBuilder::timeout`](crate::ClientBuilder::timeout)):
///
/// - after 429 and 503, when the time that `Retry-After` names has passed;
/// - if no connection could be made, so that nothing was sent;
/// - if the service refused the request without processing it, which HTTP/2 can express;
/// - if the call failed while it fetched a challenge or a token;
/// - once, on a new connection, if an idle connection closed before the response. A
///   connection that closes in the middle of the response headers is indistinguishable from
///   that, and also retried.
///
/// A failure after which the update may have been applied (502, 504, a broken connection,
/// no response in time) is retried only with
/// [`retry_ambiguous`](Self::retry_ambiguous). Otherwise [`Error::outcome_unknown`] is true.
///
/// Between attempts the call waits for a random time, up to a bound that doubles with each
/// attempt, so that many clients do not return at once.
///
/// ```
/// use std::time::Duration;
/// use atlas_admin::RetryPolicy;
///
/// let patient = RetryPolicy::standard()
///     .max_attempts(6)
///     .max_delay(Duration::from_secs(30))
///     .retry_ambiguous(true);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct RetryPolicy {
    max_attempts: u32,
    initial_delay: Duration,
    max_delay: Duration,
    retry_ambiguous: bool,
}

impl RetryPolicy {
    /// Returns the default policy: three attempts, with delays of up to 0.5 s and 1 s between
    /// them.
    pub const fn standard() -> Self {
        Self {
            max_attempts: 3,
            initial_delay: Duration::from_millis(500),
            max_delay: Duration::from_secs(20),
            retry_ambiguous: false,
        }
    }

    /// Returns a policy that never retries.
    pub const fn none() -> Self {
        Self::standard().max_attempts(1)
    }

    /// Sets the largest number of attempts, including the first. Zero counts as one.
    pub const fn max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = if attempts == 0 { 1 } else { attempts };
        self
    }

    /// Sets the bound of the first delay.
    pub const fn initial_delay(mut self, delay: Duration) -> Self {
        self.initial_delay = delay;
        self
    }

    /// Sets the bound of every delay except those that the service asks for.
    pub const fn max_delay(mut self, delay: Duration) -> Self {
        self.max_delay = delay;
        self
    }

    /// Sets whether to retry an update that may already have been applied. Updates are
    /// idempotent, so repeating one is harmless unless someone else changes the same key in
    /// between.
    pub const fn retry_ambiguous(mut self, allow: bool) -> Self {
        self.retry_ambiguous = allow;
        self
    }

    /// Returns how long to wait after `attempts` attempts, the last of which ended in
    /// `failure`, or `None` to give up.
    pub(crate) fn delay(&self, attempts: u32, failure: &Failure<'_>) -> Option<Duration> {
        if attempts >= self.max_attempts || !failure.is_retryable(self.retry_ambiguous) {
            return None;
        }
        if failure.lost_idle_connection {
            return Some(Duration::ZERO);
        }
        failure
            .error
            .retry_after()
            .or_else(|| self.backoff(attempts))
    }

    fn backoff(&self, attempts: u32) -> Option<Duration> {
        let longest = self.max_delay.max(self.initial_delay);
        let backoff = ExponentialBackoff::builder()
            .retry_bounds(self.initial_delay, longest)
            .jitter(Jitter::Full)
            .build_with_max_retries(self.max_attempts);
        let now = SystemTime::now();
        match backoff.should_retry(now, attempts.saturating_sub(1)) {
            RetryDecision::Retry { execute_after } => {
                Some(execute_after.duration_since(now).unwrap_or_default())
            }
            RetryDecision::DoNotRetry => None,
        }
    }
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self::standard()
    }
}

/// How an attempt failed.
pub(crate) struct Failure<'a> {
    pub(crate) error: &'a Error,
    /// Whether this attempt may have been applied.
    pub(crate) may_have_applied: bool,
    /// Whether an idle connection turned out to be closed, for the first time in this call.
    pub(crate) lost_idle_connection: bool,
}

impl Failure<'_> {
    fn is_retryable(&self, retry_ambiguous: bool) -> bool {
        let status = self.error.status();
        let has_no_response =
            matches!(self.error.kind(), ErrorKind::Transport | ErrorKind::Timeout);
        match status {
            Some(StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) => true,
            Some(StatusCode::BAD_GATEWAY | StatusCode::GATEWAY_TIMEOUT) => {
                !self.may_have_applied || retry_ambiguous
            }
            // Nothing was sent, and nothing will be.
            _ if self.is_setup_failure() => false,
            _ if has_no_response => {
                self.lost_idle_connection || !self.may_have_applied || retry_ambiguous
            }
            _ => false,
        }
    }

    /// Returns whether no HTTP client could be created.
    fn is_setup_failure(&self) -> bool {
        let source = self.error.source();
        source
            .and_then(|source| source.downcast_ref::<reqwest::Error>())
            .is_some_and(reqwest::Error::is_builder)
    }

    /// Returns the reason for the retry, for the log.
    pub(crate) fn reason(&self) -> &'static str {
        match self.error.kind() {
            _ if self.lost_idle_connection => "an idle connection had closed",
            ErrorKind::RateLimited => "rate limited",
            ErrorKind::Transport if self.may_have_applied => "the connection broke",
            ErrorKind::Transport => "no connection",
            ErrorKind::Timeout => "no response in time",
            _ => "the service is unavailable",
        }
    }
}
