//! Responses: the public result of a call, and what is read of responses in general.

mod buffered;
mod deprecation;
pub(crate) mod headers;
mod rate_limit;

use std::{fmt, ops::Deref};

use http::{HeaderMap, StatusCode, header};

pub(crate) use self::buffered::BufferedResponse;
pub use self::{deprecation::Deprecation, rate_limit::RateLimit};

use super::api_version::ApiVersion;

/// The result of a successful call: a value, and the response it came in.
///
/// A `Response` dereferences to its value, so that the value's fields and methods can be
/// used directly; [`into_inner`](Self::into_inner) returns the value alone.
///
/// ```no_run
/// # async fn read(atlas: atlas_admin::Client) -> Result<(), atlas_admin::Error> {
/// let key = atlas.org("32b6e34b3d91647abb20e7b8").api_key("6a793f752c88faeba59bba49");
/// let response = key.get().await?;
/// println!("{} after {} requests", response.status(), response.requests_sent());
/// let desc = &response.desc; // of the API key in it
/// # let _ = desc;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Response<T> {
    value: T,
    status: StatusCode,
    headers: HeaderMap,
    requests_sent: u32,
}

impl<T> Response<T> {
    /// Creates a response with status 200, no headers, and one request sent, for tests.
    pub fn new(value: T) -> Self {
        Self {
            value,
            status: StatusCode::OK,
            headers: HeaderMap::new(),
            requests_sent: 1,
        }
    }

    /// Sets the status.
    #[must_use]
    pub fn with_status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    /// Sets the headers, which [`rate_limit`](Self::rate_limit) and others are read from.
    #[must_use]
    pub fn with_headers(mut self, headers: HeaderMap) -> Self {
        self.headers = headers;
        self
    }

    /// Sets the number of requests sent.
    #[must_use]
    pub fn with_requests_sent(mut self, requests: u32) -> Self {
        self.requests_sent = requests;
        self
    }

    /// Changes the value and keeps the rest.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Response<U> {
        Response {
            value: change(self.value),
            status: self.status,
            headers: self.headers,
            requests_sent: self.requests_sent,
        }
    }

    /// Returns the value alone.
    pub fn into_inner(self) -> T {
        self.value
    }

    /// Returns the HTTP status, or the one inside the envelope.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// Returns the headers of the response.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// Returns the version that served the call, which may be older than the requested one.
    /// `None` on services without versions.
    #[must_use]
    pub fn served_version(&self) -> Option<ApiVersion> {
        let media_type = headers::text(&self.headers, &header::CONTENT_TYPE)?;
        let (_, rest) = media_type.split_once("vnd.atlas.")?;
        let (date, _) = rest.split_once('+')?;
        date.parse().ok()
    }

    /// Returns the state of the caller's rate limit (headers `RateLimit-Limit` and
    /// `RateLimit-Remaining`).
    #[must_use]
    pub fn rate_limit(&self) -> Option<RateLimit> {
        RateLimit::read(&self.headers)
    }

    /// Returns when the version that served the call was deprecated and when the service
    /// stops serving it (headers `Deprecation` and `Sunset`). `None` if neither is announced.
    #[must_use]
    pub fn deprecation(&self) -> Option<Deprecation> {
        Deprecation::read(&self.headers)
    }

    /// Returns the build of the service (header `X-MongoDB-Service-Version`).
    #[must_use]
    pub fn service_version(&self) -> Option<&str> {
        headers::text(&self.headers, &headers::SERVICE_VERSION)
    }

    /// Returns the number of HTTP requests sent for the call, including those that fetched a
    /// challenge or a token.
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
