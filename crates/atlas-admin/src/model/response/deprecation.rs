//! Announcements that a version will be withdrawn.

use chrono::{DateTime, Utc};
use http::HeaderMap;

use super::headers;

/// The service's announcement that it will stop serving the version that served a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Deprecation {
    /// When the version was deprecated (header `Deprecation`).
    pub deprecated_at: Option<DateTime<Utc>>,
    /// When the service stops serving the version (header `Sunset`, RFC 8594).
    pub sunset_at: Option<DateTime<Utc>>,
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
