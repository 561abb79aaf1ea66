//! Names and values of response headers.

use std::time::Duration;

use chrono::{DateTime, Utc};
use http::{HeaderMap, HeaderName, header};

pub(crate) const DEPRECATION: HeaderName = HeaderName::from_static("deprecation");
pub(crate) const RATELIMIT_LIMIT: HeaderName = HeaderName::from_static("ratelimit-limit");
pub(crate) const RATELIMIT_REMAINING: HeaderName = HeaderName::from_static("ratelimit-remaining");
pub(crate) const SERVICE_VERSION: HeaderName = HeaderName::from_static("x-mongodb-service-version");
pub(crate) const SUNSET: HeaderName = HeaderName::from_static("sunset");
pub(crate) const ERROR_CODE: HeaderName = HeaderName::from_static("x-error-code");

/// The longest header whose text is read, in bytes.
const TEXT_LIMIT: usize = 8 * 1024;

/// Returns the text of a header, if it is present, readable and not excessively long.
pub(crate) fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let value = headers.get(name)?;
    (value.len() <= TEXT_LIMIT).then(|| value.to_str().ok())?
}

/// Parses a date in a header, in any of the three forms of RFC 9110, section 5.6.7, or in
/// that of RFC 5322: services do not pad the day of the month, as the former requires.
pub(crate) fn date(headers: &HeaderMap, name: &HeaderName) -> Option<DateTime<Utc>> {
    let text = text(headers, name)?.trim();
    if let Some(seconds) = text.strip_prefix('@') {
        // RFC 9745 writes `Deprecation` as a number of seconds.
        return DateTime::from_timestamp(seconds.parse().ok()?, 0);
    }
    match httpdate::parse_http_date(text) {
        Ok(date) => Some(date.into()),
        Err(_) => Some(DateTime::parse_from_rfc2822(text).ok()?.to_utc()),
    }
}

/// Returns how long `Retry-After` asks to wait from now. A number of seconds that overflows
/// saturates.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let name = &header::RETRY_AFTER;
    let text = text(headers, name)?.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(Duration::from_secs(text.parse().unwrap_or(u64::MAX)));
    }
    let wait = date(headers, name)? - Utc::now();
    Some(wait.to_std().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(value: &str) -> HeaderMap {
        HeaderMap::from_iter([(header::RETRY_AFTER, value.parse().unwrap())])
    }

    #[test]
    fn parses_retry_after_in_seconds_and_as_a_date() {
        assert_eq!(retry_after(&headers("7")), Some(Duration::from_secs(7)));
        assert_eq!(
            retry_after(&headers("Mon, 5 Aug 2024 00:00:00 GMT")),
            Some(Duration::ZERO)
        );
        let soon = (Utc::now() + Duration::from_secs(100)).to_rfc2822();
        let wait = retry_after(&headers(&soon)).unwrap();
        assert!((90..=100).contains(&wait.as_secs()), "{wait:?}");
        assert_eq!(
            retry_after(&headers("99999999999999999999999")),
            Some(Duration::from_secs(u64::MAX))
        );
        for bad in ["", "-1", "+1", "soon", "Mon, 99 Aug 2024 00:00:00 GMT"] {
            assert_eq!(retry_after(&headers(bad)), None, "{bad}");
        }
    }

    #[test]
    fn parses_dates_in_every_form() {
        for (text, seconds) in [
            ("Mon, 5 Aug 2024 00:00:00 GMT", 1_722_816_000),
            ("Mon, 05 Aug 2024 00:00:00 GMT", 1_722_816_000),
            ("Monday, 05-Aug-24 00:00:00 GMT", 1_722_816_000),
            ("Mon Aug  5 00:00:00 2024", 1_722_816_000),
            ("@1722816000", 1_722_816_000),
        ] {
            let date = date(&headers(text), &header::RETRY_AFTER).unwrap();
            assert_eq!(date.timestamp(), seconds, "{text}");
        }
    }
}
