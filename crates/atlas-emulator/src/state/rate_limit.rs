//! Rate limits: a token bucket for each organization and each project.

use std::time::{Duration, Instant};

use serde::{Deserialize, Deserializer};

/// The capacity and refill rate of a token bucket.
///
/// The services allow an organization 500 requests, refilled by 250 every 60 seconds, and a project
/// 1200, refilled by 500 every 60 seconds. Digest challenges take no token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "seed-file", derive(schemars::JsonSchema))]
#[cfg_attr(
    feature = "seed-file",
    schemars(description = "The capacity and refill rate of a token bucket.")
)]
#[serde(deny_unknown_fields)]
pub struct RateLimit {
    /// The number of tokens in a full bucket.
    pub capacity: u32,
    /// The number of tokens added in each period.
    pub refill: u32,
    /// The length of a period; whole seconds in a seed file.
    #[serde(rename = "seconds", deserialize_with = "seconds")]
    #[cfg_attr(feature = "seed-file", schemars(with = "u32"))]
    pub period: Duration,
}

fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    u32::deserialize(deserializer).map(|seconds| Duration::from_secs(seconds.into()))
}

impl RateLimit {
    /// The limit of an organization: 500, refilled by 250 every 60 seconds.
    pub const ORGANIZATION: Self = Self {
        capacity: 500,
        refill: 250,
        period: Duration::from_secs(60),
    };

    /// The limit of a project: 1200, refilled by 500 every 60 seconds.
    pub const PROJECT: Self = Self {
        capacity: 1200,
        refill: 500,
        period: Duration::from_secs(60),
    };
}

/// A token bucket; `None` until the first token is taken.
#[derive(Debug, Default)]
pub(crate) struct Bucket(Option<Level>);

#[derive(Debug)]
struct Level {
    tokens: f64,
    at: Instant,
}

/// A bucket after a request, as reported in the `RateLimit-*` headers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Allowance {
    pub(crate) limit: RateLimit,
    pub(crate) remaining: u32,
}

/// An empty bucket, with the time until its next token.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Exhausted {
    pub(crate) retry_after: Duration,
}

impl Bucket {
    /// Takes a token. The bucket refills continuously if `evenly`, otherwise at the end of each
    /// period.
    pub(crate) fn take(
        &mut self,
        limit: RateLimit,
        evenly: bool,
        now: Instant,
    ) -> Result<Allowance, Exhausted> {
        let capacity = f64::from(limit.capacity);
        // Avoids a division by zero; a limit that never refills has the rate 0.
        let period = limit.period.as_secs_f64().max(f64::MIN_POSITIVE);
        let rate = f64::from(limit.refill) / period;
        let level = self.0.get_or_insert(Level {
            tokens: capacity,
            at: now,
        });
        let mut elapsed = now.saturating_duration_since(level.at);
        if !evenly {
            let part = elapsed.as_secs_f64() % period;
            elapsed = elapsed.saturating_sub(Duration::try_from_secs_f64(part).unwrap_or_default());
        }
        let gained = elapsed.as_secs_f64() * rate;
        level.tokens = (level.tokens + gained).min(capacity);
        level.at += elapsed;
        if level.tokens < 1.0 {
            let retry_after = if evenly {
                let seconds = (1.0 - level.tokens) / rate;
                Duration::try_from_secs_f64(seconds).unwrap_or(limit.period)
            } else {
                limit
                    .period
                    .saturating_sub(now.saturating_duration_since(level.at))
            };
            return Err(Exhausted { retry_after });
        }
        level.tokens -= 1.0;
        Ok(Allowance {
            limit,
            // Between 0 and a `u32` capacity, so the cast only drops the fraction.
            remaining: level.tokens as u32,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: RateLimit = RateLimit {
        capacity: 2,
        refill: 1,
        period: Duration::from_secs(10),
    };

    #[test]
    fn an_empty_bucket_reports_the_time_until_the_next_token() {
        let mut bucket = Bucket::default();
        let now = Instant::now();
        assert_eq!(bucket.take(SMALL, true, now).unwrap().remaining, 1);
        assert_eq!(bucket.take(SMALL, true, now).unwrap().remaining, 0);
        let refused = bucket.take(SMALL, true, now).unwrap_err();
        assert_eq!(refused.retry_after, Duration::from_secs(10));
        assert!(
            bucket
                .take(SMALL, true, now + Duration::from_secs(9))
                .is_err()
        );
        assert!(
            bucket
                .take(SMALL, true, now + Duration::from_secs(10))
                .is_ok()
        );
    }

    #[test]
    fn a_bucket_does_not_exceed_its_capacity() {
        let mut bucket = Bucket::default();
        let now = Instant::now();
        bucket.take(SMALL, true, now).unwrap();
        let later = now + Duration::from_secs(3600);
        assert_eq!(bucket.take(SMALL, true, later).unwrap().remaining, 1);
    }

    #[test]
    fn a_bucket_can_refill_at_the_end_of_each_period() {
        let mut bucket = Bucket::default();
        let start = Instant::now();
        let after = |seconds| start + Duration::from_secs(seconds);
        let two = RateLimit { refill: 2, ..SMALL };
        bucket.take(two, false, start).unwrap();
        bucket.take(two, false, start).unwrap();
        let refused = bucket.take(two, false, after(9)).unwrap_err();
        assert_eq!(refused.retry_after, Duration::from_secs(1));
        assert_eq!(bucket.take(two, false, after(10)).unwrap().remaining, 1);
        bucket.take(two, false, after(11)).unwrap();
        assert!(bucket.take(two, false, after(12)).is_err());
    }

    #[test]
    fn a_zero_limit_refuses_without_a_division_by_zero() {
        let zero = RateLimit {
            capacity: 0,
            refill: 0,
            period: Duration::ZERO,
        };
        let refused = Bucket::default()
            .take(zero, true, Instant::now())
            .unwrap_err();
        assert_eq!(refused.retry_after, Duration::ZERO);
    }
}
