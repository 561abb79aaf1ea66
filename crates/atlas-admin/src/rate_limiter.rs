//! Client-side rate limiting.
//!
//! The services limit requests by token buckets, one for each organization and each
//! project, and report after every request how many tokens are left. The rate limiter keeps
//! a model of each bucket and starts a request when it should find a token.

use std::{collections::HashMap, sync::Arc, time::Duration};

use parking_lot::Mutex;
use tokio::{
    sync::{Notify, futures::OwnedNotified},
    time::{Instant, sleep_until},
};

use crate::model::{rate_limit::RateLimit, target::Scope};

/// How fast a bucket is refilled: 250 tokens a minute for an organization, 500 for a
/// project, according to the vendor's page on rate limits.
const ORG_TOKENS_PER_SECOND: f64 = 250.0 / 60.0;
const PROJECT_TOKENS_PER_SECOND: f64 = 500.0 / 60.0;

/// How long a bucket is left alone if the service reports it empty but not for how long.
const DEFAULT_PAUSE: Duration = Duration::from_secs(15);

/// The longest time that a bucket is left alone. If the service asks for more, the caller
/// sees the error.
pub(crate) const MAX_PAUSE: Duration = Duration::from_secs(300);

/// The buckets of one service, shared by the clones of a client.
#[derive(Debug, Default)]
pub(crate) struct RateLimiter {
    buckets: Mutex<HashMap<Scope, TokenBucket>>,
}

/// The model of a bucket.
#[derive(Debug)]
struct TokenBucket {
    /// The tokens left for requests that have no permit. A negative number counts waiting
    /// requests. `None` if the service does not limit requests.
    tokens: Option<f64>,
    /// Whether the service has reported its tokens, or that it has no limit. Until then,
    /// one request is sent at a time.
    is_known: bool,
    /// Wakes the requests that wait for such a report.
    reported: Arc<Notify>,
    /// When `tokens` was computed; in the future while the bucket is left alone.
    at: Instant,
    capacity: f64,
    per_second: f64,
    /// The requests that have a permit and no response yet.
    in_flight: f64,
    /// The requests that wait for a token.
    waiting: f64,
    /// How often the service reported the bucket empty. A reservation made before that is
    /// void.
    generation: u32,
}

impl RateLimiter {
    /// Waits until the bucket of `scope` should have a token, and takes it.
    pub(crate) async fn acquire(&self, scope: &Scope) -> Permit<'_> {
        loop {
            while let Some(reported) = self.with(scope, TokenBucket::report_to_await) {
                reported.await;
            }
            let reservation = Reservation::new(self, scope);
            if let Some(due) = reservation.due {
                sleep_until(due).await;
            }
            if let Some(permit) = reservation.redeem() {
                return permit;
            }
        }
    }

    fn with<T>(&self, scope: &Scope, act: impl FnOnce(&mut TokenBucket) -> T) -> T {
        let mut buckets = self.buckets.lock();
        let bucket = buckets
            .entry(scope.clone())
            .or_insert_with(|| TokenBucket::new(scope));
        bucket.refill();
        act(bucket)
    }
}

impl TokenBucket {
    fn new(scope: &Scope) -> Self {
        Self {
            tokens: None,
            is_known: false,
            reported: Arc::default(),
            at: Instant::now(),
            capacity: f64::INFINITY,
            per_second: match scope {
                Scope::Org(_) => ORG_TOKENS_PER_SECOND,
                Scope::Project(_) => PROJECT_TOKENS_PER_SECOND,
            },
            in_flight: 0.0,
            waiting: 0.0,
            generation: 0,
        }
    }

    /// Returns the report to await while another request is about to bring one.
    fn report_to_await(&mut self) -> Option<OwnedNotified> {
        let is_requested = self.in_flight + self.waiting > 0.0;
        (!self.is_known && is_requested).then(|| Arc::clone(&self.reported).notified_owned())
    }

    /// Adds the tokens that have accrued. A bucket that is left alone is ahead of now.
    fn refill(&mut self) {
        let now = Instant::now();
        if let Some(tokens) = &mut self.tokens
            && now > self.at
        {
            let filled = *tokens + (now - self.at).as_secs_f64() * self.per_second;
            *tokens = filled.min(self.capacity);
        }
        self.at = self.at.max(now);
    }

    /// Returns when the last of `missing` tokens will have accrued.
    fn due(&self, missing: f64) -> Instant {
        self.at + Duration::from_secs_f64(missing / self.per_second)
    }
}

/// A token to come. Dropping it gives the token back.
struct Reservation<'a> {
    rate_limiter: &'a RateLimiter,
    scope: Scope,
    due: Option<Instant>,
    generation: u32,
    is_redeemed: bool,
}

impl<'a> Reservation<'a> {
    fn new(rate_limiter: &'a RateLimiter, scope: &Scope) -> Self {
        let (due, generation) = rate_limiter.with(scope, |bucket| {
            bucket.waiting += 1.0;
            let due = bucket.tokens.as_mut().map(|tokens| {
                *tokens -= 1.0;
                *tokens
            });
            let due = due.filter(|left| *left < 0.0).map(|left| bucket.due(-left));
            // A bucket that is left alone grants no token before its time.
            let due = due.or((bucket.at > Instant::now()).then_some(bucket.at));
            (due, bucket.generation)
        });
        Self {
            rate_limiter,
            scope: scope.clone(),
            due,
            generation,
            is_redeemed: false,
        }
    }

    /// Exchanges the reservation for a permit, or returns `None` if the service has reported
    /// the bucket empty meanwhile.
    fn redeem(mut self) -> Option<Permit<'a>> {
        self.is_redeemed = true;
        let (rate_limiter, scope, generation) =
            (self.rate_limiter, self.scope.clone(), self.generation);
        rate_limiter
            .with(&scope, |bucket| {
                bucket.waiting -= 1.0;
                if bucket.generation == generation {
                    bucket.in_flight += 1.0;
                    return true;
                }
                bucket.return_token();
                false
            })
            .then(|| Permit {
                rate_limiter,
                scope,
                is_settled: false,
            })
    }
}

impl TokenBucket {
    fn return_token(&mut self) {
        if let Some(tokens) = &mut self.tokens {
            *tokens += 1.0;
        }
    }
}

impl Drop for Reservation<'_> {
    fn drop(&mut self) {
        if !self.is_redeemed {
            self.rate_limiter.with(&self.scope, |bucket| {
                bucket.waiting -= 1.0;
                bucket.return_token();
            });
        }
    }
}

/// Permission to send one request.
#[derive(Debug)]
pub(crate) struct Permit<'a> {
    rate_limiter: &'a RateLimiter,
    scope: Scope,
    is_settled: bool,
}

impl Permit<'_> {
    /// Settles the permit with the service's report. Without a report, the service has no
    /// limit.
    pub(crate) fn complete(mut self, report: Option<RateLimit>) {
        self.settle(|bucket| {
            bucket.is_known = true;
            if let Some(report) = report {
                bucket.capacity = report.limit as f64;
                // The service may not have counted the requests in flight yet.
                let left = report.remaining as f64 - bucket.in_flight - bucket.waiting;
                bucket.tokens = Some(left);
            }
        });
    }

    /// Settles the permit of a request that found no token.
    pub(crate) fn reject(mut self, retry_after: Option<Duration>) {
        self.settle(|bucket| {
            bucket.is_known = true;
            bucket.generation += 1;
            bucket.tokens = Some(-bucket.waiting);
            let pause = retry_after.unwrap_or(DEFAULT_PAUSE).min(MAX_PAUSE);
            bucket.at = bucket.at.max(Instant::now() + pause);
        });
    }

    fn settle(&mut self, update: impl FnOnce(&mut TokenBucket)) {
        self.is_settled = true;
        self.rate_limiter.with(&self.scope, |bucket| {
            bucket.in_flight -= 1.0;
            update(bucket);
            bucket.reported.notify_waiters();
        });
    }
}

impl Drop for Permit<'_> {
    /// There was no report, but the requests that wait for one must not fail one by one.
    fn drop(&mut self) {
        if !self.is_settled {
            self.settle(|bucket| bucket.is_known = true);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    /// A service with a bucket, on tokio's clock.
    struct Service {
        capacity: f64,
        tokens: f64,
        at: Instant,
        /// Tokens come evenly, or once a minute.
        in_lumps: bool,
        refused: u32,
    }

    impl Service {
        fn new(in_lumps: bool) -> Self {
            Self {
                capacity: 500.0,
                tokens: 500.0,
                at: Instant::now(),
                in_lumps,
                refused: 0,
            }
        }

        fn request(&mut self) -> Result<RateLimit, Duration> {
            let now = Instant::now();
            let passed = (now - self.at).as_secs_f64();
            if !self.in_lumps {
                self.tokens += passed * 250.0 / 60.0;
                self.at = now;
            } else {
                let minutes = (passed / 60.0).floor();
                self.tokens += minutes * 250.0;
                self.at += Duration::from_secs_f64(minutes * 60.0);
            }
            self.tokens = self.tokens.min(self.capacity);
            if self.tokens < 1.0 {
                self.refused += 1;
                return Err(Duration::from_secs(60) - (now - self.at));
            }
            self.tokens -= 1.0;
            Ok(RateLimit {
                limit: self.capacity as u64,
                remaining: self.tokens as u64,
            })
        }
    }

    /// Makes `updates` on 32 tasks; tells how long it took and how many requests
    /// were refused.
    async fn run(updates: u32, in_lumps: bool) -> (Duration, u32) {
        let rate_limiter = Arc::new(RateLimiter::default());
        let service = Arc::new(Mutex::new(Service::new(in_lumps)));
        let left = Arc::new(Mutex::new(updates));
        let start = Instant::now();
        let tasks: Vec<_> = (0..32)
            .map(|_| {
                let (rate_limiter, service, left) =
                    (rate_limiter.clone(), service.clone(), left.clone());
                tokio::spawn(async move {
                    let scope = Scope::Org("org".to_owned());
                    loop {
                        {
                            let mut left = left.lock();
                            if *left == 0 {
                                return;
                            }
                            *left -= 1;
                        }
                        loop {
                            let permit = rate_limiter.acquire(&scope).await;
                            tokio::time::sleep(Duration::from_millis(20)).await;
                            let answer = service.lock().request();
                            match answer {
                                Ok(limit) => break permit.complete(Some(limit)),
                                Err(wait) => permit.reject(Some(wait)),
                            }
                        }
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        let refused = service.lock().refused;
        (start.elapsed(), refused)
    }

    #[tokio::test(start_paused = true)]
    async fn ten_thousand_updates_take_as_long_as_the_bucket_allows() {
        let (took, refused) = run(10_000, false).await;
        // 500 at once, and 9,500 at 250 a minute.
        let least = 9_500.0 / 250.0 * 60.0;
        assert_eq!(refused, 0);
        assert!(
            took.as_secs_f64() < least * 1.02,
            "{took:?}, {least} at least"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_bucket_that_fills_in_lumps_is_waited_for() {
        let (took, refused) = run(2_000, true).await;
        // 500 at once, and 1,500 in six lumps.
        assert!(refused <= 6 * 32, "{refused}");
        assert!(took.as_secs_f64() < 6.0 * 60.0 * 1.1, "{took:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn places_and_permits_that_are_dropped_are_given_back() {
        let rate_limiter = RateLimiter::default();
        let scope = Scope::Project("project".to_owned());
        let empty = RateLimit {
            limit: 100,
            remaining: 0,
        };
        rate_limiter.acquire(&scope).await.complete(Some(empty));
        for _ in 0..50 {
            let short = Duration::from_millis(1);
            assert!(
                tokio::time::timeout(short, rate_limiter.acquire(&scope))
                    .await
                    .is_err()
            );
        }
        drop(rate_limiter.acquire(&scope).await);
        let start = Instant::now();
        rate_limiter.acquire(&scope).await.complete(None);
        assert!(
            start.elapsed() < Duration::from_millis(200),
            "{:?}",
            start.elapsed()
        );
    }
}
