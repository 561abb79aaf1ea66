//! Behavior of the services that is neither documented nor recorded, one field each.

use std::collections::BTreeMap;

use http::{HeaderValue, StatusCode};
use serde::Deserialize;

use crate::{http::error::ApiError, spec::service::Service, spec::versions::VersionDates};

/// How the emulator behaves where the services are not documented.
///
/// The defaults are the likeliest behavior. A client should work with both values of each field.
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
    schemars(description = "How the emulator behaves where the services are not documented.")
)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Assumptions {
    /// The dates that the Accept header of Atlas v2 may name.
    pub version_dates: VersionDates,
    /// Whether errors of a deprecated version have `Deprecation` and `Sunset` too, not only
    /// successes; default: false.
    pub deprecation_on_errors: bool,
    /// Whether Atlas v2 refuses a description of a wrong length with `VALIDATION_ERROR` instead of
    /// `INVALID_API_KEY_DESC`; both occur. Default: false.
    pub validation_errors: bool,
    /// Whether Atlas v2 names the invalid field in `badRequestDetail`; for which errors it does is
    /// not documented. Default: true.
    pub field_details: bool,
    /// HTTP statuses from 400 to 599 by error code, instead of the emulator's own. Example:
    /// `API_KEY_NOT_FOUND: 404`; the documented status is 400, but clients have seen 404. Default:
    /// empty.
    pub statuses: BTreeMap<String, u16>,
    /// Error codes by the emulator's own code, such as `RATE_LIMITED_TOKEN_BUCKET: RATE_LIMITED`;
    /// default: empty.
    pub codes: BTreeMap<String, String>,
    /// Whether an organization's owners may update keys in all of its projects; default: true.
    pub owners_rule_projects: bool,
    /// Whether every member of an organization may read its keys, not only the owners; default:
    /// true.
    pub members_read_keys: bool,
    /// Whether an update in a project adds a key that is not yet in the project; default: true.
    /// Otherwise, the response is `API_KEY_NOT_FOUND`.
    pub project_update_adds: bool,
    /// Whether people and service accounts count as owners of an organization, so that its last
    /// owner key may be demoted; default: false.
    pub accounts_count_as_owners: bool,
    /// Whether a 429 of a rate limit has `Retry-After`; default: true.
    pub retry_after: bool,
    /// Whether a rate limit refills continuously, not all at once at the end of each period;
    /// default: true.
    pub even_refill: bool,
    /// The services that limit calls and send `RateLimit-*` headers; default: all three.
    pub rate_limited: Vec<Service>,
    /// Whether an invalid bearer token gets the digest challenge, not `Bearer
    /// error="invalid_token"`; default: true.
    pub digest_for_bad_tokens: bool,
    /// Whether errors have the HTTP status 200 with `envelope=true`, for clients that cannot read
    /// other statuses; default: true. A digest challenge remains a 401.
    pub envelope_hides_status: bool,
    /// The name of the body in an envelope: `content`, or `envelope` as on older pages; default:
    /// `content`.
    pub envelope_key: String,
    /// Whether a nonce count is accepted again if counts need not increase; default: false. The
    /// services' challenges are those of Jetty, which refuses it with `stale=false`.
    pub repeated_nonce_counts: bool,
    /// The services that take an empty description beside roles, or empty roles beside a
    /// description, as absent; default: both of Atlas, because the Atlas CLI always sends both
    /// fields.
    pub empty_fields_absent: Vec<Service>,
    /// Whether roles are sent in a different order each time, because their order is known to be
    /// unstable; default: false, which keeps the order given.
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
            repeated_nonce_counts: false,
            empty_fields_absent: vec![Service::AtlasV2, Service::AtlasV1],
            shuffled_roles: false,
        }
    }
}

impl Assumptions {
    /// Checks that the statuses and codes can be sent.
    pub(crate) fn validate(&self) -> Result<(), String> {
        let is_error = |status: &u16| (400..600).contains(status);
        if let Some(status) = self.statuses.values().find(|status| !is_error(status)) {
            return Err(format!("{status} is not an error status from 400 to 599"));
        }
        let is_invalid = |code: &&String| HeaderValue::try_from(*code).is_err();
        match self.codes.values().find(is_invalid) {
            Some(code) => Err(format!("error code {code:?} is not a valid header value")),
            None => Ok(()),
        }
    }

    /// Replaces an error's status and code with the configured ones.
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
