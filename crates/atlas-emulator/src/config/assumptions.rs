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
    /// How operations without a body respond with `envelope=true`; default: as without it.
    pub empty_envelope: EmptyEnvelope,
    /// The ids of operations without a body to which Ops Manager responds with 200 and an empty
    /// object instead of 204; default: `delete_org_api_key`, whose page says so. The page of
    /// `delete_access_list_entry` shows both, that of `remove_project_api_key` nothing.
    pub ops_manager_empty_objects: Vec<String>,
    /// The services whose error codes say `WHITELIST` where others say `ACCESS_LIST`; default: Ops
    /// Manager, whose pages have the older names.
    pub whitelist_codes: Vec<Service>,
    /// The services that refuse the operations on access lists to a key without an access list of
    /// its own, with `API_KEY_ACCESS_LIST_ACCESS_DENIED`; default: none. Older pages of Atlas ask
    /// for such a list, recordings do not show it.
    pub access_list_required: Vec<Service>,
    /// Whether adding to an access list responds with the whole list, as client test data shows,
    /// not only with the new entries; default: true.
    pub whole_list_after_add: bool,
    /// Whether the caller's own address can be removed from no access list at all, not only not
    /// from that of the calling key; default: false.
    pub caller_stays_on_all_lists: bool,
    /// The maximum number of API keys in an organization; default: 500, the documented limit of
    /// Atlas. The error beyond it, `API_KEY_LIMIT_EXCEEDED`, is not documented.
    pub max_keys_per_org: usize,
    /// The services that make a key created in a project a member of the organization; default:
    /// both of Atlas, as recorded.
    pub project_keys_join_org: Vec<Service>,
    /// Whether a key of another organization gets `API_KEY_CAN_ONLY_BELONG_TO_ONE_ORG` in a
    /// project, not `API_KEY_NOT_FOUND`; default: false.
    pub other_orgs_keys_named: bool,
    /// Whether a nonce count is accepted again if counts need not increase; default: false.
    pub repeated_nonce_counts: bool,
    /// The services that take an empty description beside roles, or empty roles beside a
    /// description, as absent; default: both of Atlas, because the Atlas CLI always sends both
    /// fields.
    pub empty_fields_absent: Vec<Service>,
    /// Whether roles are sent in a different order each time, because their order is known to be
    /// unstable; default: false, which keeps the order given.
    pub shuffled_roles: bool,
}

/// How an operation without a body responds with `envelope=true`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "seed-file", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum EmptyEnvelope {
    /// As without an envelope: 204 and no body. The default.
    #[default]
    None,
    /// 200, and an object with the status 204 and empty content.
    Status,
    /// 200 and no body.
    Ok,
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
            empty_envelope: EmptyEnvelope::default(),
            ops_manager_empty_objects: vec!["delete_org_api_key".to_owned()],
            whitelist_codes: vec![Service::OpsManagerV1],
            access_list_required: Vec::new(),
            whole_list_after_add: true,
            caller_stays_on_all_lists: false,
            max_keys_per_org: 500,
            project_keys_join_org: vec![Service::AtlasV2, Service::AtlasV1],
            other_orgs_keys_named: false,
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
        if self.whitelist_codes.contains(&service)
            && let Some(code) = whitelist_code(&error.code)
        {
            error.code = code.into();
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

/// Returns the older name of an error code, if it has one.
fn whitelist_code(code: &str) -> Option<&'static str> {
    Some(match code {
        "ADDRESS_ALREADY_IN_ACCESS_LIST" => "ADDRESS_ALREADY_IN_WHITELIST",
        "API_KEY_ACCESS_LIST_ACCESS_DENIED" => "API_KEY_WHITELIST_ACCESS_DENIED",
        "API_KEY_ACCESS_LIST_ENTRY_NOT_FOUND" => "API_KEY_WHITELIST_NOT_FOUND",
        "CANNOT_ADD_IP_ADDRESS_TO_API_KEY_ACCESS_LIST" => {
            "CANNOT_ADD_IP_ADDRESS_TO_API_KEY_WHITELIST"
        }
        "CANNOT_REMOVE_CALLER_FROM_ACCESS_LIST" => "CANNOT_REMOVE_CALLER_FROM_WHITELIST",
        _ => return None,
    })
}
