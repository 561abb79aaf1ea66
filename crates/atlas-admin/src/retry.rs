//! Whether a failed call is retried, and after how long.

use std::{error::Error as _, time::Duration};

use atlas_admin_raw::catalog::Effect;
use http::StatusCode;

use crate::error::{Error, ErrorKind};

/// When a failed call is retried.
///
/// A call is retried up to the number of attempts and within its time limit
/// ([`ClientBuilder::timeout`](crate::ClientBuilder::timeout)), if a repetition is harmless.
/// That depends on what the operation does ([`Effect`]):
///
/// | an attempt ended | read | set | delete | create |
/// | --- | --- | --- | --- | --- |
/// | without a connection, so that nothing was sent | retried | retried | retried | retried |
/// | while it fetched a challenge or a token | retried | retried | retried | retried |
/// | refused unread, which HTTP/2 can express | retried | retried | retried | retried |
/// | with 429 | retried | retried | retried | retried |
/// | with 503 | retried | retried | retried | – |
/// | because an idle connection had closed | retried | once, on a new connection | retried | – |
/// | with 502 or 504, a broken connection, or no response in time | retried | only with [`retry_ambiguous`](Self::retry_ambiguous) | retried | – |
/// | in any other way | – | – | – | – |
///
/// - **Read** operations change nothing: the `get` and `list` methods.
/// - **Set** operations set roles or a description, and a repetition sets them again. An idle
///   connection that closes in the middle of the response headers is indistinguishable from
///   one that had closed before, so that counts as the same.
/// - **Delete** operations find nothing more when they are repeated. If the service does not
///   find what is to be deleted after an attempt that may have deleted it, the call succeeds.
/// - **Create** operations would create another key, whose predecessor's secret is lost. They
///   are retried only if the service certainly did not process the request, and do not use
///   idle connections, since those may close at any time.
///
/// If a call that changes something fails after an attempt that may have been applied,
/// [`Error::outcome_unknown`] is true. What a creation may have left behind is found with
/// [`OrgApiKeys::find_created`](crate::OrgApiKeys::find_created).
///
/// After 429 and 503, the next attempt waits for the time that `Retry-After` names.
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

    /// Sets whether to retry a *set* operation that may already have been applied: an update
    /// of a key, or of its roles in a project. These are idempotent, so repeating one is
    /// harmless unless someone else changes the same key in between. Other operations are not
    /// affected: reads and deletions are always retried, creations never.
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
        let delay = failure.error.retry_after();
        Some(delay.unwrap_or_else(|| self.bound(attempts).mul_f64(jitter())))
    }

    /// Returns the bound of the delay after `attempts` attempts.
    fn bound(&self, attempts: u32) -> Duration {
        let factor = 2_u32.saturating_pow(attempts.saturating_sub(1));
        let longest = self.max_delay.max(self.initial_delay);
        self.initial_delay.saturating_mul(factor).min(longest)
    }
}

/// Returns a random factor below 1, so that clients do not all retry at the same time.
fn jitter() -> f64 {
    let random = getrandom::u32().unwrap_or(u32::MAX / 2);
    f64::from(random) / 2_f64.powi(32)
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self::standard()
    }
}

/// How an attempt failed.
pub(crate) struct Failure<'a> {
    pub(crate) error: &'a Error,
    /// What the operation does.
    pub(crate) effect: Effect,
    /// Whether the service may have processed the request of this attempt.
    pub(crate) may_have_applied: bool,
    /// Whether an idle connection turned out to be closed, for the first time in this call.
    pub(crate) lost_idle_connection: bool,
}

impl Failure<'_> {
    /// Returns whether another attempt may follow; the documentation of [`RetryPolicy`] has
    /// the same as a table.
    fn is_retryable(&self, retry_ambiguous: bool) -> bool {
        let status = self.error.status();
        let is_deferred = matches!(
            status,
            Some(StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE)
        );
        let is_transient = match status {
            Some(StatusCode::BAD_GATEWAY | StatusCode::GATEWAY_TIMEOUT) => true,
            _ if is_deferred => true,
            // Nothing was sent, and nothing will be.
            _ if self.is_setup_failure() => false,
            _ => matches!(self.error.kind(), ErrorKind::Transport | ErrorKind::Timeout),
        };
        let may_repeat = match self.effect {
            Effect::Read | Effect::Delete => true,
            Effect::Set => is_deferred || self.lost_idle_connection || retry_ambiguous,
            Effect::Create => false,
        };
        is_transient && (may_repeat || !self.may_have_applied)
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

#[cfg(test)]
mod tests {
    use super::*;

    fn millis(policy: &RetryPolicy, attempts: u32) -> u128 {
        policy.bound(attempts).as_millis()
    }

    #[test]
    fn the_bound_of_the_delay_doubles_up_to_the_longest() {
        let policy = RetryPolicy::standard();
        let bounds = [1, 2, 3, 6, 7, 100, u32::MAX].map(|attempts| millis(&policy, attempts));
        assert_eq!(bounds, [500, 1_000, 2_000, 16_000, 20_000, 20_000, 20_000]);
        // No bound is below the first one.
        let policy = policy.max_delay(Duration::from_millis(100));
        assert_eq!([1, 2].map(|attempts| millis(&policy, attempts)), [500, 500]);
        let policy = policy.initial_delay(Duration::ZERO);
        assert_eq!(millis(&policy, u32::MAX), 0);
    }

    fn failure(error: &Error) -> Failure<'_> {
        Failure {
            error,
            effect: Effect::Read,
            may_have_applied: true,
            lost_idle_connection: false,
        }
    }

    #[test]
    fn the_log_says_why_a_call_is_retried() {
        use ErrorKind::{RateLimited, Service, Timeout, Transport};

        for (kind, may_have_applied, lost_idle_connection, reason) in [
            (Transport, true, true, "an idle connection had closed"),
            (Transport, true, false, "the connection broke"),
            (Transport, false, false, "no connection"),
            (RateLimited, false, false, "rate limited"),
            (Timeout, true, false, "no response in time"),
            (Service, true, false, "the service is unavailable"),
        ] {
            let error = Error::new(kind, "failed");
            let failure = Failure {
                may_have_applied,
                lost_idle_connection,
                ..failure(&error)
            };
            assert_eq!(failure.reason(), reason);
        }
    }

    #[test]
    fn a_delay_is_random_below_its_bound() {
        let error = Error::new(ErrorKind::Timeout, "no response");
        let failure = failure(&error);
        let policy = RetryPolicy::standard();
        let delays: Vec<_> = (0..100).filter_map(|_| policy.delay(1, &failure)).collect();
        let half = policy.bound(1) / 2;
        assert_eq!(delays.len(), 100);
        assert!(delays.iter().all(|delay| *delay < policy.bound(1)));
        assert!(delays.iter().any(|delay| *delay < half));
        assert!(delays.iter().any(|delay| *delay > half));
    }
}
