//! Slows calls down before the service does.
//!
//! The services limit requests with token buckets, one for each organization and
//! each project, and say after every request how much is left in them. The rate_limiter
//! keeps a model of each bucket and lets a request go when it should find a token.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::{Notify, futures::OwnedNotified},
    time::{Instant, sleep_until},
};

use crate::{model::target::Scope, model::rate_limit::RateLimit};

/// How fast a bucket fills: 250 tokens a minute for an organization, 500 for a
/// project, according to the vendor's page on rate limits.
const ORG_TOKENS_PER_SECOND: f64 = 250.0 / 60.0;
const PROJECT_TOKENS_PER_SECOND: f64 = 500.0 / 60.0;

/// How long a bucket is left alone if the service says that it is empty, and not
/// for how long.
const PAUSE: Duration = Duration::from_secs(15);

/// The longest that it is left alone, whatever the service says: a bucket that is
/// empty for longer is an error for the caller to see.
pub(crate) const LONGEST_PAUSE: Duration = Duration::from_secs(300);

/// The buckets of one service, shared by the clones of a client.
#[derive(Debug, Default)]
pub(crate) struct RateLimiter {
    buckets: Mutex<HashMap<Scope, Bucket>>,
}

/// The model of a bucket.
#[derive(Debug)]
struct Bucket {
    /// What is left for requests that have not been let go. Below zero, so many
    /// requests wait. `None` if the service does not count.
    tokens: Option<f64>,
    /// Whether the service has said how much there is, or that it does not count.
    /// Until then, one request at a time asks.
    is_known: bool,
    /// Tells those who wait for that.
    news: Arc<Notify>,
    /// When that was so.
    at: Instant,
    capacity: f64,
    per_second: f64,
    /// Requests that were let go and are not answered yet.
    in_flight: f64,
    /// Requests that wait for their token.
    waiting: f64,
    /// How often the service said that the bucket is empty: what was promised
    /// before then does not hold.
    emptied: u32,
}

impl RateLimiter {
    /// Waits until the bucket of `scope` should have a token, and takes it.
    pub(crate) async fn admit(&self, scope: &Scope) -> Admission<'_> {
        loop {
            while let Some(news) = self.with(scope, Bucket::unknown) {
                news.await;
            }
            let place = Place::take(self, scope);
            if let Some(due) = place.due {
                sleep_until(due).await;
            }
            if let Some(admission) = place.go() {
                return admission;
            }
        }
    }

    fn buckets(&self) -> MutexGuard<'_, HashMap<Scope, Bucket>> {
        self.buckets.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with<T>(&self, scope: &Scope, act: impl FnOnce(&mut Bucket) -> T) -> T {
        let mut buckets = self.buckets();
        let bucket = buckets
            .entry(scope.clone())
            .or_insert_with(|| Bucket::new(scope));
        bucket.refill();
        act(bucket)
    }
}

impl Bucket {
    fn new(scope: &Scope) -> Self {
        Self {
            tokens: None,
            is_known: false,
            news: Arc::default(),
            at: Instant::now(),
            capacity: f64::INFINITY,
            per_second: match scope {
                Scope::Org(_) => ORG_TOKENS_PER_SECOND,
                Scope::Project(_) => PROJECT_TOKENS_PER_SECOND,
            },
            in_flight: 0.0,
            waiting: 0.0,
            emptied: 0,
        }
    }

    /// What to wait for while somebody else asks how much there is.
    fn unknown(&mut self) -> Option<OwnedNotified> {
        let is_asked = self.in_flight + self.waiting > 0.0;
        (!self.is_known && is_asked).then(|| Arc::clone(&self.news).notified_owned())
    }

    /// Lets time pass up to now. A bucket that is left alone is ahead of it.
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

    /// When the last of `missing` tokens is there.
    fn due(&self, missing: f64) -> Instant {
        self.at + Duration::from_secs_f64(missing / self.per_second)
    }
}

/// A place in the queue of a bucket, given up when dropped.
struct Place<'a> {
    rate_limiter: &'a RateLimiter,
    scope: Scope,
    due: Option<Instant>,
    emptied: u32,
    is_left: bool,
}

impl<'a> Place<'a> {
    fn take(rate_limiter: &'a RateLimiter, scope: &Scope) -> Self {
        let (due, emptied) = rate_limiter.with(scope, |bucket| {
            bucket.waiting += 1.0;
            let due = bucket.tokens.as_mut().map(|tokens| {
                *tokens -= 1.0;
                *tokens
            });
            let due = due.filter(|left| *left < 0.0).map(|left| bucket.due(-left));
            // A bucket that is left alone lets nobody go before its time.
            let due = due.or((bucket.at > Instant::now()).then_some(bucket.at));
            (due, bucket.emptied)
        });
        Self {
            rate_limiter,
            scope: scope.clone(),
            due,
            emptied,
            is_left: false,
        }
    }

    /// Leaves the queue with a token; `None` if the service has emptied the bucket
    /// meanwhile, so that there is none.
    fn go(mut self) -> Option<Admission<'a>> {
        self.is_left = true;
        let (rate_limiter, scope, emptied) = (self.rate_limiter, self.scope.clone(), self.emptied);
        rate_limiter
            .with(&scope, |bucket| {
                bucket.waiting -= 1.0;
                if bucket.emptied == emptied {
                    bucket.in_flight += 1.0;
                    return true;
                }
                bucket.return_token();
                false
            })
            .then(|| Admission {
                rate_limiter,
                scope,
                is_over: false,
            })
    }
}

impl Bucket {
    fn return_token(&mut self) {
        if let Some(tokens) = &mut self.tokens {
            *tokens += 1.0;
        }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if !self.is_left {
            self.rate_limiter.with(&self.scope, |bucket| {
                bucket.waiting -= 1.0;
                bucket.return_token();
            });
        }
    }
}

/// A request that was let go.
#[derive(Debug)]
pub(crate) struct Admission<'a> {
    rate_limiter: &'a RateLimiter,
    scope: Scope,
    is_over: bool,
}

impl Admission<'_> {
    /// Takes over what the service says is left; if it says nothing, it does not
    /// count.
    pub(crate) fn answered(mut self, said: Option<RateLimit>) {
        self.leave(|bucket| {
            bucket.is_known = true;
            if let Some(said) = said {
                bucket.capacity = said.limit as f64;
                // Requests under way may not have been counted yet.
                let left = said.remaining as f64 - bucket.in_flight - bucket.waiting;
                bucket.tokens = Some(left);
            }
        });
    }

    /// The service has no tokens left, and says after how long it will.
    pub(crate) fn refused(mut self, retry_after: Option<Duration>) {
        self.leave(|bucket| {
            bucket.is_known = true;
            bucket.emptied += 1;
            bucket.tokens = Some(-bucket.waiting);
            let pause = retry_after.unwrap_or(PAUSE).min(LONGEST_PAUSE);
            bucket.at = bucket.at.max(Instant::now() + pause);
        });
    }

    fn leave(&mut self, learn: impl FnOnce(&mut Bucket)) {
        self.is_over = true;
        self.rate_limiter.with(&self.scope, |bucket| {
            bucket.in_flight -= 1.0;
            learn(bucket);
            bucket.news.notify_waiters();
        });
    }
}

impl Drop for Admission<'_> {
    /// Nothing was learnt, and those who wait for it are not to fail one by one.
    fn drop(&mut self) {
        if !self.is_over {
            self.leave(|bucket| bucket.is_known = true);
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
                let (rate_limiter, service, left) = (rate_limiter.clone(), service.clone(), left.clone());
                tokio::spawn(async move {
                    let scope = Scope::Org("org".to_owned());
                    loop {
                        {
                            let mut left = left.lock().unwrap();
                            if *left == 0 {
                                return;
                            }
                            *left -= 1;
                        }
                        loop {
                            let admission = rate_limiter.admit(&scope).await;
                            tokio::time::sleep(Duration::from_millis(20)).await;
                            let answer = service.lock().unwrap().request();
                            match answer {
                                Ok(limit) => break admission.answered(Some(limit)),
                                Err(wait) => admission.refused(Some(wait)),
                            }
                        }
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        let refused = service.lock().unwrap().refused;
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
    async fn places_and_admissions_that_are_dropped_are_given_back() {
        let rate_limiter = RateLimiter::default();
        let scope = Scope::Project("project".to_owned());
        let empty = RateLimit {
            limit: 100,
            remaining: 0,
        };
        rate_limiter.admit(&scope).await.answered(Some(empty));
        for _ in 0..50 {
            let short = Duration::from_millis(1);
            assert!(
                tokio::time::timeout(short, rate_limiter.admit(&scope))
                    .await
                    .is_err()
            );
        }
        drop(rate_limiter.admit(&scope).await);
        let start = Instant::now();
        rate_limiter.admit(&scope).await.answered(None);
        assert!(
            start.elapsed() < Duration::from_millis(200),
            "{:?}",
            start.elapsed()
        );
    }
}
