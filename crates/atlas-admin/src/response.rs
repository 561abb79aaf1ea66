//! An answer with what came along with it.

use std::{fmt, ops::Deref};

use chrono::{DateTime, Utc};
use http::{HeaderMap, HeaderName, StatusCode, header};

use crate::{ApiVersion, headers};

/// The answer to a call: a value, and how it came.
///
/// The value's fields and methods are there directly; [`into_inner`](Self::into_inner)
/// gives the value alone.
#[derive(Clone)]
pub struct Response<T> {
    value: T,
    status: StatusCode,
    headers: HeaderMap,
    requests_sent: u32,
}

/// What is left of the requests that the service allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct RateLimit {
    /// The size of the bucket, in requests.
    pub limit: u64,
    /// How many requests are left in it.
    pub remaining: u64,
}

/// The service's warning that the version that served a call is going away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Deprecation {
    /// Since when the version is deprecated.
    pub deprecated_at: Option<DateTime<Utc>>,
    /// When the service stops serving it (RFC 8594).
    pub sunset_at: Option<DateTime<Utc>>,
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

impl Deprecation {
    pub(crate) fn read(headers: &HeaderMap) -> Option<Self> {
        let deprecation = Self {
            deprecated_at: headers::date(headers, &headers::DEPRECATION),
            sunset_at: headers::date(headers, &headers::SUNSET),
        };
        let is_announced = deprecation.deprecated_at.is_some() || deprecation.sunset_at.is_some();
        is_announced.then_some(deprecation)
    }
}

impl<T> Response<T> {
    pub(crate) fn new(
        value: T,
        status: StatusCode,
        headers: HeaderMap,
        requests_sent: u32,
    ) -> Self {
        Self {
            value,
            status,
            headers,
            requests_sent,
        }
    }

    pub(crate) fn map<U>(self, change: impl FnOnce(T) -> U) -> Response<U> {
        Response::new(
            change(self.value),
            self.status,
            self.headers,
            self.requests_sent,
        )
    }

    /// The value alone.
    pub fn into_inner(self) -> T {
        self.value
    }

    /// The HTTP status, or the one inside the envelope.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The headers of the answer.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The version that served the call, which may be older than the one asked
    /// for. `None` on services without versions.
    #[must_use]
    pub fn served_version(&self) -> Option<ApiVersion> {
        let media_type = headers::text(&self.headers, &header::CONTENT_TYPE)?;
        let (_, rest) = media_type.split_once("vnd.atlas.")?;
        let (date, _) = rest.split_once('+')?;
        date.parse().ok()
    }

    /// The state of the caller's rate limit (headers `RateLimit-Limit` and
    /// `RateLimit-Remaining`).
    #[must_use]
    pub fn rate_limit(&self) -> Option<RateLimit> {
        RateLimit::read(&self.headers)
    }

    /// When the version that served the call was deprecated and when it ends
    /// (headers `Deprecation` and `Sunset`). `None` if neither is announced.
    #[must_use]
    pub fn deprecation(&self) -> Option<Deprecation> {
        Deprecation::read(&self.headers)
    }

    /// The build of the service that answered (header `X-MongoDB-Service-Version`).
    #[must_use]
    pub fn service_version(&self) -> Option<&str> {
        headers::text(&self.headers, &headers::SERVICE_VERSION)
    }

    /// How many HTTP requests were sent for the call, with those that only asked
    /// for a challenge or a token.
    #[must_use]
    pub fn requests_sent(&self) -> u32 {
        self.requests_sent
    }
}

impl<T> Deref for Response<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: fmt::Debug> fmt::Debug for Response<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("value", &self.value)
            .field("status", &self.status)
            .field("requests_sent", &self.requests_sent)
            .finish_non_exhaustive()
    }
}
