//! Notes about a response.

use atlas_admin::Response;
use chrono::{DateTime, Utc};

use super::Output;

/// Warns about a version that will be withdrawn, and with `--verbose` prints how the call went.
pub(crate) fn notes<T>(response: &Response<T>, output: &Output) {
    if let Some(deprecation) = response.deprecation() {
        let date = |date: Option<DateTime<Utc>>| {
            date.map_or("an unknown date".to_owned(), |date| {
                date.date_naive().to_string()
            })
        };
        output.note(&format!(
            "warning: this API version has been deprecated since {} and ends on {}; \
             request a newer one with --api-version",
            date(deprecation.deprecated_at),
            date(deprecation.sunset_at),
        ));
    }
    if output.verbose {
        let served = response
            .served_version()
            .map(|version| format!(", served by version {version}"));
        let remaining = response.rate_limit().map(|limit| {
            let (remaining, limit) = (limit.remaining, limit.limit);
            format!(", {remaining} of {limit} requests remaining")
        });
        output.note(&format!(
            "status {}, {} requests sent{}{}",
            response.status(),
            response.requests_sent(),
            served.unwrap_or_default(),
            remaining.unwrap_or_default(),
        ));
    }
}
