//! Client-side rate limiting.
//!
//! The services have a token bucket for each organization and each project, and report after
//! every request how many tokens are left. The rate limiter models each bucket and starts a
//! request when a token should be available.

use std::{collections::HashMap, sync::Arc, time::Duration};

use tokio::{
    sync::{Notify, futures::OwnedNotified},
    time::{Instant, sleep_until},
};

use crate::{
    model::{response::RateLimit, target::Scope},
    mutex::Mutex,
};

/// How fast a bucket is refilled: 250 tokens a minute for an organization, 500 for a
/// project, according to the vendor's page on rate limits.
const ORG_TOKENS_PER_SECOND: f64 = 250.0 / 60.0;
const PROJECT_TOKENS_PER_SECOND: f64 = 500.0 / 60.0;

/// How long requests pause if the service rejects one without `Retry-After`.
const DEFAULT_PAUSE: Duration = Duration::from_secs(15);

/// The longest pause. If the service asks for a longer one, the call fails.
pub(crate) const MAX_PAUSE: Duration = Duration::from_secs(300);

/// The buckets of one service, shared by the clones of a client.
#[derive(Debug, Default)]
pub(crate) struct RateLimiter {
    buckets: Mutex<HashMap<Scope, TokenBucket>>,
}

/// The model of one bucket.
#[derive(Debug)]
struct TokenBucket {
    /// The tokens that are not reserved; negative if reservations wait for tokens. `None` if
    /// the service has not reported a limit.
    tokens: Option<f64>,
    /// Whether a response has arrived, with or without a report. Until then, one request is
    /// sent at a time.
    is_known: bool,
    /// Wakes the requests that wait for that response.
    reported: Arc<Notify>,
    /// When `tokens` was computed; in the future during a pause.
    at: Instant,
    capacity: f64,
    per_second: f64,
    /// The requests that have a permit and no response yet.
    in_flight: f64,
    /// The requests that wait for a token.
    waiting: f64,
    /// The number of rejections. A rejection voids the reservations made before it.
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
                Scope::Org(_) | Scope::Other => ORG_TOKENS_PER_SECOND,
                Scope::Project(_) => PROJECT_TOKENS_PER_SECOND,
            },
            in_flight: 0.0,
            waiting: 0.0,
            generation: 0,
        }
    }

    /// Returns the first response to await, if another request will receive it.
    fn report_to_await(&mut self) -> Option<OwnedNotified> {
        let is_requested = self.in_flight + self.waiting > 0.0;
        (!self.is_known && is_requested).then(|| Arc::clone(&self.reported).notified_owned())
    }

    /// Adds the tokens that have accrued since `at`.
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

    fn return_token(&mut self) {
        if let Some(tokens) = &mut self.tokens {
            *tokens += 1.0;
        }
    }
}

/// A reserved token, available when `due`. Dropping the reservation returns the token.
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
            // During a pause, no token is due before its end.
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

    /// Exchanges the reservation for a permit, or returns `None` if a rejection has voided it.
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
    /// Settles the permit with the report of the response, if it had one.
    pub(crate) fn complete(mut self, report: Option<RateLimit>) {
        self.settle(|bucket| {
            bucket.is_known = true;
            if let Some(report) = report {
                bucket.capacity = report.limit as f64;
                // The service may not have counted requests in flight yet.
                let left = report.remaining as f64 - bucket.in_flight - bucket.waiting;
                bucket.tokens = Some(left);
            }
        });
    }

    /// Settles the permit of a request that the service rejected.
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
    /// Marks the bucket as known although no response arrived: otherwise, waiting requests
    /// would time out one after another.
    fn drop(&mut self) {
        if !self.is_settled {
            self.settle(|bucket| bucket.is_known = true);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A service with a token bucket, on Tokio's clock.
    struct Service {
        capacity: f64,
        tokens: f64,
        at: Instant,
        /// Whether tokens are added once a minute instead of evenly.
        refills_by_minute: bool,
        rejected: u32,
    }

    impl Service {
        fn new(refills_by_minute: bool) -> Self {
            Self {
                capacity: 500.0,
                tokens: 500.0,
                at: Instant::now(),
                refills_by_minute,
                rejected: 0,
            }
        }

        fn request(&mut self) -> Result<RateLimit, Duration> {
            let now = Instant::now();
            let passed = (now - self.at).as_secs_f64();
            if !self.refills_by_minute {
                self.tokens += passed * 250.0 / 60.0;
                self.at = now;
            } else {
                let minutes = (passed / 60.0).floor();
                self.tokens += minutes * 250.0;
                self.at += Duration::from_secs_f64(minutes * 60.0);
            }
            self.tokens = self.tokens.min(self.capacity);
            if self.tokens < 1.0 {
                self.rejected += 1;
                return Err(Duration::from_secs(60) - (now - self.at));
            }
            self.tokens -= 1.0;
            Ok(RateLimit {
                limit: self.capacity as u64,
                remaining: self.tokens as u64,
            })
        }
    }

    /// Makes `updates` in 32 tasks. Returns how long they took and how many requests were
    /// rejected.
    async fn run(updates: u32, refills_by_minute: bool) -> (Duration, u32) {
        let rate_limiter = Arc::new(RateLimiter::default());
        let service = Arc::new(Mutex::new(Service::new(refills_by_minute)));
        let left = Arc::new(Mutex::new(updates));
        let start = Instant::now();
        let tasks: Vec<_> = (0..32)
            .map(|_| {
                let (rate_limiter, service, left) =
                    (rate_limiter.clone(), service.clone(), left.clone());
                tokio::spawn(async move {
                    let scope = Scope::Org("org".into());
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
                            let response = service.lock().request();
                            match response {
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
        let rejected = service.lock().rejected;
        (start.elapsed(), rejected)
    }

    #[tokio::test(start_paused = true)]
    async fn ten_thousand_updates_use_the_whole_rate() {
        let (took, rejected) = run(10_000, false).await;
        // 500 at once, and 9,500 at 250 a minute.
        let least = 9_500.0 / 250.0 * 60.0;
        assert_eq!(rejected, 0);
        assert!(
            took.as_secs_f64() < least * 1.02,
            "{took:?}, {least} at least"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn waits_for_a_bucket_that_refills_by_minute() {
        let (took, rejected) = run(2_000, true).await;
        // 500 at once, and 1,500 in six refills.
        assert!(rejected <= 6 * 32, "{rejected}");
        assert!(took.as_secs_f64() < 6.0 * 60.0 * 1.1, "{took:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn returns_dropped_reservations_and_permits() {
        let rate_limiter = RateLimiter::default();
        let scope = Scope::Project("project".into());
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
