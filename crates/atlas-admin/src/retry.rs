//! When a call is tried again, and after how long.

use std::time::{Duration, SystemTime};

use http::StatusCode;
use retry_policies::{Jitter, RetryDecision, RetryPolicy as _, policies::ExponentialBackoff};

use crate::error::{Error, ErrorKind};

/// When a call that failed is tried again.
///
/// What is safe to repeat is repeated, up to the number of attempts and within the
/// time of the call ([`ClientBuilder::timeout`](crate::ClientBuilder::timeout)):
///
/// - 429 and 503, after the time that `Retry-After` names, if it names one;
/// - no connection could be made, so nothing was sent;
/// - the service turned the request away unread, as it can in HTTP/2;
/// - the call got no further than signing in: a challenge or a token that did not
///   come, for whatever reason of the network or of a proxy;
/// - a connection that was kept from an earlier call closed before any answer,
///   which services do when they think it idle: once, on a new connection. One that
///   closes amid the head of an answer looks the same and is treated the same.
///
/// A failure after which the update may have been made all the same (502, 504, a
/// connection that broke, no answer in time) is repeated only if
/// [`retry_ambiguous`](Self::retry_ambiguous) says so. Otherwise it is an error that
/// [`Error::outcome_unknown`] tells apart.
///
/// Between attempts the call waits a random time, up to a bound that doubles with
/// each attempt, so that many clients do not come back all at once.
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
    attempts: u32,
    initial_delay: Duration,
    max_delay: Duration,
    replays: bool,
}

impl RetryPolicy {
    /// Three attempts, with delays of up to 0.5 s and 1 s between them. This is
    /// what a client does unless told otherwise.
    pub const fn standard() -> Self {
        Self {
            attempts: 3,
            initial_delay: Duration::from_millis(500),
            max_delay: Duration::from_secs(20),
            replays: false,
        }
    }

    /// One attempt.
    pub const fn none() -> Self {
        Self::standard().max_attempts(1)
    }

    /// The most attempts of a call, the first included. Zero counts as one.
    pub const fn max_attempts(mut self, attempts: u32) -> Self {
        self.attempts = if attempts == 0 { 1 } else { attempts };
        self
    }

    /// The bound of the first delay.
    pub const fn initial_delay(mut self, delay: Duration) -> Self {
        self.initial_delay = delay;
        self
    }

    /// The bound of every delay, but for one that the service asks for.
    pub const fn max_delay(mut self, delay: Duration) -> Self {
        self.max_delay = delay;
        self
    }

    /// Whether to repeat an update that may have been made already. Both
    /// operations set a state, so a repeated one does no harm unless somebody else
    /// changes the same key in between.
    pub const fn retry_ambiguous(mut self, allow: bool) -> Self {
        self.replays = allow;
        self
    }

    /// How long to wait before the attempt after `made` ones, of which the last
    /// ended in `failure`; `None` if that is the end.
    pub(crate) fn delay(&self, made: u32, failure: &Failure<'_>) -> Option<Duration> {
        if made >= self.attempts || !failure.is_worth_another(self.replays) {
            return None;
        }
        if failure.lost_kept_alive {
            return Some(Duration::ZERO);
        }
        failure.error.retry_after().or_else(|| self.backoff(made))
    }

    fn backoff(&self, made: u32) -> Option<Duration> {
        let longest = self.max_delay.max(self.initial_delay);
        let backoff = ExponentialBackoff::builder()
            .retry_bounds(self.initial_delay, longest)
            .jitter(Jitter::Full)
            .build_with_max_retries(self.attempts);
        let now = SystemTime::now();
        match backoff.should_retry(now, made.saturating_sub(1)) {
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
    /// Whether this attempt may have taken effect.
    pub(crate) may_be_taken: bool,
    /// Whether a connection from an earlier call closed before any answer, for the
    /// first time in this call.
    pub(crate) lost_kept_alive: bool,
}

impl Failure<'_> {
    fn is_worth_another(&self, replays: bool) -> bool {
        let status = self.error.status();
        let is_unanswered = matches!(self.error.kind(), ErrorKind::Transport | ErrorKind::Timeout);
        match status {
            Some(StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) => true,
            Some(StatusCode::BAD_GATEWAY | StatusCode::GATEWAY_TIMEOUT) => {
                !self.may_be_taken || replays
            }
            _ if is_unanswered => self.lost_kept_alive || !self.may_be_taken || replays,
            _ => false,
        }
    }

    /// The reason for another attempt, for a log.
    pub(crate) fn reason(&self) -> &'static str {
        match self.error.kind() {
            _ if self.lost_kept_alive => "a kept connection had been closed",
            ErrorKind::RateLimited => "rate limited",
            ErrorKind::Transport if self.may_be_taken => "the connection broke",
            ErrorKind::Transport => "no connection",
            ErrorKind::Timeout => "no answer in time",
            _ => "the service is unavailable",
        }
    }
}
