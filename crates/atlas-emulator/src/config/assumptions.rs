//! What no page and no recording of the services settles, one field each.

use std::collections::BTreeMap;

use http::{HeaderValue, StatusCode};
use serde::Deserialize;

use crate::{http::error::ApiError, spec::service::Service, spec::versions::VersionDates};

/// How the emulator decides what is assumed, not documented.
///
/// The defaults are what seems likeliest. A client should be right under both
/// values of each field.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// use atlas_emulator::{Assumptions, Emulator};
///
/// let mut assumptions = Assumptions::default();
/// assumptions.statuses.insert("API_KEY_NOT_FOUND".to_owned(), 404);
/// assumptions.retry_after = false;
/// let emulator = Emulator::builder().assumptions(assumptions).start().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(feature = "seed-file", derive(schemars::JsonSchema))]
#[cfg_attr(
    feature = "seed-file",
    schemars(description = "How the emulator decides what is assumptions and not documented.")
)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Assumptions {
    /// Which dates the Accept header of Atlas v2 may name.
    pub version_dates: VersionDates,
    /// Whether a deprecated version's errors have its `Deprecation` and
    /// `Sunset` too. Default: no, only its successes.
    pub deprecation_on_errors: bool,
    /// Whether Atlas v2 responses a description of a wrong length with
    /// `VALIDATION_ERROR` in place of `INVALID_API_KEY_DESC`; both are seen.
    /// Default: no.
    pub validation_errors: bool,
    /// Whether Atlas v2 names the field at fault, where there is one, in
    /// `badRequestDetail`: it may, and for which errors is not told. Default:
    /// yes.
    pub field_details: bool,
    /// Statuses from 400 to 599 that are sent in place of the emulator's own,
    /// by its code, as `API_KEY_NOT_FOUND: 404`: 400 is documented, and clients
    /// have seen 404. Default: none.
    pub statuses: BTreeMap<String, u16>,
    /// Codes that are sent in place of the emulator's own, as
    /// `RATE_LIMITED_TOKEN_BUCKET: RATE_LIMITED`. Default: none.
    pub codes: BTreeMap<String, String>,
    /// Whether the owners of an organization may do everything in its
    /// projects. Default: yes.
    pub owners_rule_projects: bool,
    /// Whether every member of an organization may read its keys, and not its
    /// owners alone. Default: yes.
    pub members_read_keys: bool,
    /// Whether an update in a project adds a key that was not in it. If not,
    /// the response is `API_KEY_NOT_FOUND`. Default: yes.
    pub project_update_adds: bool,
    /// Whether a person or a service account counts as an owner that an
    /// organization has, so that its last key may be demoted. Default: no.
    pub accounts_count_as_owners: bool,
    /// Whether a 429 of the rate limits has `Retry-After`. Default: yes.
    pub retry_after: bool,
    /// Whether a rate limit refills evenly, and not all at once at the end of
    /// each period. Default: yes.
    pub even_refill: bool,
    /// The services whose calls are limited and have `RateLimit-*` headers.
    /// Default: all three.
    pub rate_limited: Vec<Service>,
    /// Whether a bearer token that is not valid is met with the digest
    /// challenge, and not with `Bearer error="invalid_token"`. Default: yes.
    pub digest_for_bad_tokens: bool,
    /// Whether the HTTP status of an error is 200 with `envelope=true`, for
    /// clients that cannot read another. A digest challenge stays a 401.
    /// Default: yes.
    pub envelope_hides_status: bool,
    /// What the body is called in an envelope: `content`, or `envelope` as on
    /// older pages. Default: `content`.
    pub envelope_key: String,
    /// Whether roles are sent in another order each time; it is known not to
    /// be stable. Default: no, in the order given.
    pub shuffled_roles: bool,
}

impl Default for Assumptions {
    fn default() -> Self {
        Self {
            version_dates: VersionDates::default(),
            deprecation_on_errors: false,
            validation_errors: false,
            field_details: true,
            statuses: BTreeMap::new(),
            codes: BTreeMap::new(),
            owners_rule_projects: true,
            members_read_keys: true,
            project_update_adds: true,
            accounts_count_as_owners: false,
            retry_after: true,
            even_refill: true,
            rate_limited: Service::ALL.to_vec(),
            digest_for_bad_tokens: true,
            envelope_hides_status: true,
            envelope_key: "content".to_owned(),
            shuffled_roles: false,
        }
    }
}

impl Assumptions {
    /// What cannot be sent, if anything.
    pub(crate) fn fault(&self) -> Option<String> {
        let wrong = |status: &&u16| !(400..600).contains(*status);
        if let Some(status) = self.statuses.values().find(wrong) {
            return Some(format!("{status} is not the status of an error"));
        }
        self.codes
            .values()
            .find(|code| HeaderValue::try_from(*code).is_err())
            .map(|code| format!("{code:?} cannot stand in X-Error-Code"))
    }

    /// An error as it is to be sent.
    pub(crate) fn amend(&self, mut error: ApiError, service: Service) -> ApiError {
        if let Some(status) = self.statuses.get(&*error.code)
            && let Ok(status) = StatusCode::from_u16(*status)
        {
            error.status = status;
        }
        if error.code == "INVALID_API_KEY_DESC"
            && self.validation_errors
            && service.reports_fields()
        {
            error.code = "VALIDATION_ERROR".into();
        }
        if let Some(code) = self.codes.get(&*error.code) {
            error.code = code.clone().into();
        }
        error
    }
}
