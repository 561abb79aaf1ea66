//! Which version of a resource answers a request to Atlas v2.

use http::{HeaderMap, HeaderValue, header::ACCEPT};

use crate::error::ApiError;

/// The dates on which the API had a release, oldest first.
const RELEASES: [&str; 10] = [
    "2023-01-01",
    "2023-02-01",
    "2023-10-01",
    "2023-11-15",
    "2024-05-30",
    "2024-08-05",
    "2024-10-23",
    "2024-11-13",
    "2025-02-19",
    "2025-03-12",
];

/// Which dates the Accept header may name.
///
/// Whether the live service takes a date between two releases is not
/// established, so both answers can be had.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum VersionDates {
    /// Only dates of known releases; any other gets a 406. The default.
    #[default]
    Released,
    /// Any date from the first to the newest known release.
    Between,
}

/// The newest of `versions` (oldest first) that is not newer than the date
/// that the Accept header asks for.
pub(crate) fn served<'a>(
    headers: &HeaderMap,
    dates: VersionDates,
    versions: &'a [String],
) -> Result<&'a str, ApiError> {
    headers
        .get_all(ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(date)
        .filter(|date| match dates {
            VersionDates::Released => RELEASES.contains(date),
            VersionDates::Between => {
                RELEASES.first().is_some_and(|first| first <= date)
                    && RELEASES.last().is_some_and(|last| date <= last)
            }
        })
        .find_map(|date| {
            versions
                .iter()
                .rev()
                .find(|version| version.as_str() <= date)
        })
        .map(String::as_str)
        .ok_or_else(ApiError::version)
}

/// Whether a body of this Content-Type is read: plain JSON, and where the
/// service is versioned the vendor's type too.
pub(crate) fn reads(content_type: Option<&HeaderValue>, versioned: bool) -> bool {
    let Some(value) = content_type.and_then(|value| value.to_str().ok()) else {
        return false;
    };
    essence(value).eq_ignore_ascii_case("application/json") || (versioned && date(value).is_some())
}

/// The date in a media type `application/vnd.atlas.YYYY-MM-DD+json`.
fn date(media_type: &str) -> Option<&str> {
    const PREFIX: &str = "application/vnd.atlas.";
    const SUFFIX: &str = "+json";
    let essence = essence(media_type);
    let (prefix, rest) = essence.split_at_checked(PREFIX.len())?;
    let (date, suffix) = rest.split_at_checked("YYYY-MM-DD".len())?;
    let is_date = date.bytes().enumerate().all(|(index, byte)| match index {
        4 | 7 => byte == b'-',
        _ => byte.is_ascii_digit(),
    });
    (is_date && prefix.eq_ignore_ascii_case(PREFIX) && suffix.eq_ignore_ascii_case(SUFFIX))
        .then_some(date)
}

/// A media type without its parameters.
fn essence(media_type: &str) -> &str {
    media_type.split(';').next().unwrap_or_default().trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn serve(accept: &'static str, dates: VersionDates) -> Option<String> {
        let versions = ["2023-02-01", "2024-08-05"].map(str::to_owned);
        let headers = HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static(accept))]);
        served(&headers, dates, &versions).ok().map(str::to_owned)
    }

    #[test]
    fn the_newest_version_that_is_not_newer_answers() {
        for (asked, answered) in [
            ("application/vnd.atlas.2023-01-01+json", None),
            ("application/vnd.atlas.2023-02-01+json", Some("2023-02-01")),
            ("application/vnd.atlas.2024-05-30+json", Some("2023-02-01")),
            ("application/vnd.atlas.2024-08-05+json", Some("2024-08-05")),
            ("application/vnd.atlas.2025-03-12+json", Some("2024-08-05")),
            (
                "text/html, Application/Vnd.Atlas.2025-03-12+JSON;q=1",
                Some("2024-08-05"),
            ),
            ("application/vnd.atlas.2024-01-01+json", None),
            ("application/vnd.atlas.2099-01-01+json", None),
            ("application/vnd.atlas.20240-1-01+json", None),
            ("application/vnd.atlas.2025-03-12+xml", None),
            ("application/json", None),
            ("*/*", None),
        ] {
            assert_eq!(
                serve(asked, VersionDates::Released).as_deref(),
                answered,
                "{asked}"
            );
        }
    }

    #[test]
    fn dates_between_releases_are_an_option() {
        for (asked, answered) in [
            ("application/vnd.atlas.2024-01-01+json", Some("2023-02-01")),
            ("application/vnd.atlas.2099-01-01+json", None),
            ("application/vnd.atlas.2022-12-31+json", None),
        ] {
            assert_eq!(
                serve(asked, VersionDates::Between).as_deref(),
                answered,
                "{asked}"
            );
        }
    }
}
