//! Dated versions of the Atlas v2 API.

use std::{fmt, str::FromStr};

use chrono::NaiveDate;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::{parse_error::ParseError, sanitize::quoted_excerpt};

/// A version of the Atlas v2 API, which is a date.
///
/// The service uses the newest version of the resource that is not newer than this date;
/// [`Response::served_version`](crate::Response::served_version) returns that one. Dates
/// without a constant here are also accepted; the service decides whether they exist.
///
/// ```
/// use atlas_admin::ApiVersion;
///
/// let version: ApiVersion = "2025-02-19".parse()?;
/// assert_eq!(version, ApiVersion::V2025_02_19);
/// assert!(version < ApiVersion::LATEST);
/// # Ok::<(), atlas_admin::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ApiVersion(NaiveDate);

impl ApiVersion {
    /// 1 January 2023, the first version of both updates.
    pub const V2023_01_01: Self = Self::on(2023, 1, 1);
    /// 1 February 2023.
    pub const V2023_02_01: Self = Self::on(2023, 2, 1);
    /// 1 October 2023.
    pub const V2023_10_01: Self = Self::on(2023, 10, 1);
    /// 15 November 2023.
    pub const V2023_11_15: Self = Self::on(2023, 11, 15);
    /// 30 May 2024.
    pub const V2024_05_30: Self = Self::on(2024, 5, 30);
    /// 5 August 2024.
    pub const V2024_08_05: Self = Self::on(2024, 8, 5);
    /// 23 October 2024.
    pub const V2024_10_23: Self = Self::on(2024, 10, 23);
    /// 13 November 2024.
    pub const V2024_11_13: Self = Self::on(2024, 11, 13);
    /// 19 February 2025.
    pub const V2025_02_19: Self = Self::on(2025, 2, 19);
    /// 12 March 2025.
    pub const V2025_03_12: Self = Self::on(2025, 3, 12);

    /// The newest version that this release knows, which is also the default.
    pub const LATEST: Self = Self::V2025_03_12;

    /// Every version that this release knows, oldest first.
    pub const KNOWN: &'static [Self] = &[
        Self::V2023_01_01,
        Self::V2023_02_01,
        Self::V2023_10_01,
        Self::V2023_11_15,
        Self::V2024_05_30,
        Self::V2024_08_05,
        Self::V2024_10_23,
        Self::V2024_11_13,
        Self::V2025_02_19,
        Self::V2025_03_12,
    ];

    const fn on(year: i32, month: u32, day: u32) -> Self {
        match NaiveDate::from_ymd_opt(year, month, day) {
            Some(date) => Self(date),
            None => panic!("a constant names a day that does not exist"),
        }
    }

    /// Returns the date.
    #[must_use]
    pub fn date(self) -> NaiveDate {
        self.0
    }
}

impl FromStr for ApiVersion {
    type Err = ParseError;

    /// Parses a date in the form `YYYY-MM-DD`.
    ///
    /// # Errors
    ///
    /// [`ParseError`] if the text has another form or names a day that does not exist.
    fn from_str(text: &str) -> Result<Self, ParseError> {
        NaiveDate::parse_from_str(text, "%Y-%m-%d")
            .ok()
            // Unlike the services, chrono also accepts signs and single digits.
            .filter(|date| date.to_string() == text && text.len() == "YYYY-MM-DD".len())
            .map(Self)
            .ok_or_else(|| {
                ParseError::new(format!(
                    "API version {} is not a date written YYYY-MM-DD",
                    quoted_excerpt(text, 60)
                ))
            })
    }
}

impl fmt::Display for ApiVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for ApiVersion {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ApiVersion {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_versions_are_ordered_and_round_trip_through_text() {
        assert!(ApiVersion::KNOWN.is_sorted());
        assert_eq!(ApiVersion::KNOWN.last(), Some(&ApiVersion::LATEST));
        for version in ApiVersion::KNOWN {
            assert_eq!(&version.to_string().parse::<ApiVersion>().unwrap(), version);
            assert_eq!(version.date().to_string(), version.to_string());
        }
    }

    #[test]
    fn parses_unknown_dates_and_refuses_other_text() {
        assert_eq!(
            "2031-12-31".parse::<ApiVersion>().unwrap().to_string(),
            "2031-12-31"
        );
        for text in [
            "",
            "2025",
            "2025-2-19",
            "2025-02-30",
            "2025-02-19 ",
            "+2025-02-19",
            "+2025-2-19",
            "12025-02-19",
            "+12025-02-19",
            "2025-02-19\r\nX: y",
        ] {
            assert!(text.parse::<ApiVersion>().is_err(), "{text:?}");
        }
    }
}
