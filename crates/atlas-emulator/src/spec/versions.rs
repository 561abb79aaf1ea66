//! Versions of Atlas v2: their selection by the Accept header, deprecation and sunset.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use http::{HeaderMap, HeaderValue, header::ACCEPT};
use serde::Deserialize;

use crate::http::error::ApiError;

/// The release dates of the API, oldest first.
pub(crate) const RELEASES: [&str; 10] = [
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

/// The dates that the Accept header may name.
///
/// Whether the live service accepts a date between two releases is unknown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "seed-file", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum VersionDates {
    /// Only release dates; any other date gets a 406. The default.
    #[default]
    Released,
    /// Any date from the first to the latest known release.
    Between,
}

/// A version of the Atlas v2 operations, with its deprecation and sunset.
///
/// The services have one version, `2023-01-01`, which is not deprecated. Further versions show how
/// a client handles them; a version with the same date replaces the existing one. Dates have the
/// format `YYYY-MM-DD`.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// use atlas_emulator::{Emulator, ResourceVersion};
///
/// let old = ResourceVersion::new("2023-01-01")
///     .deprecated("2024-08-05")
///     .sunset("2027-07-01");
/// let emulator = Emulator::builder()
///     .version(old)
///     .version(ResourceVersion::new("2024-08-05"))
///     .today("2026-08-10")
///     .start()
///     .await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "seed-file", derive(schemars::JsonSchema))]
#[cfg_attr(
    feature = "seed-file",
    schemars(
        description = "A version of the Atlas v2 operations, with its deprecation and sunset."
    )
)]
#[serde(deny_unknown_fields)]
pub struct ResourceVersion {
    /// The version's date, such as 2024-08-05.
    pub(crate) date: String,
    /// The first day on which the version is deprecated.
    pub(crate) deprecated: Option<String>,
    /// The first day on which the version is gone.
    pub(crate) sunset: Option<String>,
    /// The version's roles, instead of those in the document.
    pub(crate) roles: Option<Vec<String>>,
}

impl ResourceVersion {
    /// Creates a version that is not deprecated.
    pub fn new(date: impl Into<String>) -> Self {
        Self {
            date: date.into(),
            deprecated: None,
            sunset: None,
            roles: None,
        }
    }

    /// Sets the first day on which the version is deprecated; default: never. From then on,
    /// responses have `Deprecation` and, if [`sunset`](Self::sunset) is set, `Sunset`.
    #[must_use]
    pub fn deprecated(mut self, day: impl Into<String>) -> Self {
        self.deprecated = Some(day.into());
        self
    }

    /// Sets the first day on which the version is gone, with 410 `VERSION_GONE`; default: never.
    #[must_use]
    pub fn sunset(mut self, day: impl Into<String>) -> Self {
        self.sunset = Some(day.into());
        self
    }

    /// Sets the version's roles, `ORG_…` for organizations and all others for projects; default:
    /// those in the document.
    #[must_use]
    pub fn roles<I>(mut self, names: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        self.roles = Some(names.into_iter().map(Into::into).collect());
        self
    }
}

/// The validated dates of a version.
#[derive(Debug)]
pub(crate) struct VersionLifecycle {
    pub(crate) date: String,
    pub(crate) content_type: HeaderValue,
    deprecated: Option<NaiveDate>,
    sunset: Option<NaiveDate>,
}

impl VersionLifecycle {
    /// Validates the dates of a version. The error names the malformed date.
    pub(crate) fn new(version: &ResourceVersion) -> Result<Self, String> {
        let date = day(&version.date)?.format("%Y-%m-%d").to_string();
        let content_type = format!("application/vnd.atlas.{date}+json;charset=utf-8");
        Ok(Self {
            content_type: HeaderValue::try_from(content_type).map_err(|_| date.clone())?,
            date,
            deprecated: version.deprecated.as_deref().map(day).transpose()?,
            sunset: version.sunset.as_deref().map(day).transpose()?,
        })
    }

    pub(crate) fn is_gone(&self, today: NaiveDate) -> bool {
        self.sunset.is_some_and(|sunset| sunset <= today)
    }

    /// Returns `Deprecation` and `Sunset` if the version is deprecated.
    pub(crate) fn end(&self, today: NaiveDate) -> [Option<HeaderValue>; 2] {
        match self.deprecated {
            Some(since) if since <= today => [Some(since), self.sunset].map(|day| day.map(stamp)),
            _ => [None, None],
        }
    }
}

/// Parses a day in the format `YYYY-MM-DD`.
pub(crate) fn day(text: &str) -> Result<NaiveDate, String> {
    text.parse()
        .ok()
        .filter(|day: &NaiveDate| day.to_string() == text)
        .ok_or_else(|| format!("{text:?} is not a date in the format YYYY-MM-DD"))
}

/// Formats midnight of a day, with no leading zero in the day of the month, as recorded: `Mon, 5
/// Aug 2024 00:00:00 GMT`.
fn stamp(day: NaiveDate) -> HeaderValue {
    HeaderValue::try_from(day.format("%a, %-d %b %Y 00:00:00 GMT").to_string())
        .expect("a formatted date is visible ASCII")
}

/// Returns the latest of the versions (oldest first) that is not newer than the date in the Accept
/// header. `releases` are the known dates.
pub(crate) fn served<'a, T>(
    headers: &HeaderMap,
    dates: VersionDates,
    releases: &BTreeSet<String>,
    versions: &'a [T],
    date_of: impl Fn(&T) -> &str,
) -> Result<&'a T, ApiError> {
    headers
        .get_all(ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(date)
        .filter(|date| match dates {
            VersionDates::Released => releases.contains(*date),
            VersionDates::Between => {
                releases.first().is_some_and(|first| &**first <= *date)
                    && releases.last().is_some_and(|last| *date <= &**last)
            }
        })
        .find_map(|date| {
            versions
                .iter()
                .rev()
                .find(|version| date_of(version) <= date)
        })
        .ok_or_else(ApiError::version)
}

/// Returns whether the service accepts a body of this Content-Type: plain JSON, and on a versioned
/// service also the vendor's media type.
pub(crate) fn reads(content_type: Option<&HeaderValue>, versioned: bool) -> bool {
    let Some(value) = content_type.and_then(|value| value.to_str().ok()) else {
        return false;
    };
    essence(value).eq_ignore_ascii_case("application/json") || (versioned && date(value).is_some())
}

/// Returns the date in a media type `application/vnd.atlas.YYYY-MM-DD+json`.
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

/// Returns a media type without its parameters.
fn essence(media_type: &str) -> &str {
    media_type.split(';').next().unwrap_or_default().trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn serve(accept: &'static str, dates: VersionDates) -> Option<String> {
        let versions = ["2023-02-01", "2024-08-05"];
        let releases = RELEASES.map(str::to_owned).into();
        let headers = HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static(accept))]);
        served(&headers, dates, &releases, &versions, |version| version)
            .ok()
            .map(|version| version.to_string())
    }

    #[test]
    fn serves_the_latest_version_up_to_the_requested_date() {
        for (accept, expected) in [
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
            let served = serve(accept, VersionDates::Released);
            assert_eq!(served.as_deref(), expected, "{accept}");
        }
    }

    #[test]
    fn dates_between_releases_are_optional() {
        for (accept, expected) in [
            ("application/vnd.atlas.2024-01-01+json", Some("2023-02-01")),
            ("application/vnd.atlas.2099-01-01+json", None),
            ("application/vnd.atlas.2022-12-31+json", None),
        ] {
            let served = serve(accept, VersionDates::Between);
            assert_eq!(served.as_deref(), expected, "{accept}");
        }
    }

    /// Both values are recorded.
    #[test]
    fn days_of_the_month_have_no_leading_zero() {
        for (date, expected) in [
            ("2024-08-05", "Mon, 5 Aug 2024 00:00:00 GMT"),
            ("2027-07-01", "Thu, 1 Jul 2027 00:00:00 GMT"),
        ] {
            assert_eq!(stamp(day(date).unwrap()), expected);
        }
    }
}
