//! The rate limit that responses report.

use http::{HeaderMap, HeaderName};

use super::headers;

/// The state of the caller's rate limit, from the headers `RateLimit-Limit` and
/// `RateLimit-Remaining`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct RateLimit {
    /// The size of the bucket, in requests.
    pub limit: u64,
    /// The number of requests left in it.
    pub remaining: u64,
}

impl RateLimit {
    pub(crate) fn read(headers: &HeaderMap) -> Option<Self> {
        let number = |name: &HeaderName| headers::text(headers, name)?.trim().parse().ok();
        Some(Self {
            limit: number(&headers::RATELIMIT_LIMIT)?,
            remaining: number(&headers::RATELIMIT_REMAINING)?,
        })
    }
}
