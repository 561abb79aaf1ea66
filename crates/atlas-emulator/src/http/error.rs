//! The services' errors, one function each.

use std::{borrow::Cow, net::IpAddr};

use http::StatusCode;
use ipnet::IpNet;
use serde_json::{Value, json};

use crate::{
    state::object_id::ObjectId,
    state::rate_limit::{Exhausted, RateLimit},
};

/// An error response before it is rendered.
#[derive(Clone, Debug)]
pub(crate) struct ApiError {
    pub(crate) status: StatusCode,
    pub(crate) code: Cow<'static, str>,
    pub(crate) detail: String,
    pub(crate) parameters: Vec<Value>,
    /// The invalid field of the body.
    pub(crate) field: Option<String>,
    /// The seconds of `Retry-After`.
    pub(crate) retry_after: Option<u64>,
}

impl ApiError {
    fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self {
            status,
            code: Cow::Borrowed(code),
            detail: detail.into(),
            parameters: Vec::new(),
            field: None,
            retry_after: None,
        }
    }

    fn bad_request(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, detail)
    }

    fn unauthorized(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, code, detail)
    }

    fn about(mut self, parameter: impl Into<Value>) -> Self {
        self.parameters.push(parameter.into());
        self
    }

    fn in_field(mut self, field: &str) -> Self {
        self.field = Some(field.to_owned());
        self
    }

    /// A path with a malformed id. The services name the whole path, not the id.
    pub(crate) fn path_param(path: &str) -> Self {
        let detail = format!("The request URI {path} contains a malformed path parameter.");
        Self::bad_request("PATH_PARAM_PARSE_ERROR", detail).about(path)
    }

    /// The code is an assumption: the services document no code for an invalid query parameter.
    pub(crate) fn query_parameter(name: &str, value: &str) -> Self {
        let detail = format!("The query parameter {name} does not accept the value {value}.");
        Self::bad_request("INVALID_QUERY_PARAMETER", detail).about(name)
    }

    pub(crate) fn key_not_found(key: ObjectId) -> Self {
        let detail = format!("No API key with ID {key} exists.");
        Self::bad_request("API_KEY_NOT_FOUND", detail).about(key)
    }

    pub(crate) fn org_not_found(org: ObjectId) -> Self {
        let detail = format!("No organization with ID {org} exists.");
        Self::new(StatusCode::NOT_FOUND, "ORG_NOT_FOUND", detail).about(org)
    }

    pub(crate) fn group_not_found(project: ObjectId) -> Self {
        let detail = format!("No group with ID {project} exists.");
        Self::new(StatusCode::NOT_FOUND, "GROUP_NOT_FOUND", detail).about(project)
    }

    pub(crate) fn cannot_access_org(org: ObjectId) -> Self {
        let detail = format!("The caller has no role in the organization {org}.");
        Self::unauthorized("USER_CANNOT_ACCESS_ORG", detail).about(org)
    }

    pub(crate) fn not_org_owner(org: ObjectId) -> Self {
        let detail = format!("The caller is not an owner of the organization {org}.");
        Self::unauthorized("NOT_ORG_OWNER", detail).about(org)
    }

    pub(crate) fn not_in_group(project: ObjectId) -> Self {
        let detail = format!("The caller has no role in the group {project}.");
        Self::unauthorized("NOT_IN_GROUP", detail).about(project)
    }

    pub(crate) fn user_unauthorized() -> Self {
        let detail = "The caller's roles do not allow this request.";
        Self::unauthorized("USER_UNAUTHORIZED", detail)
    }

    /// A project role in an organization update.
    pub(crate) fn group_role_in_org(role: &str) -> Self {
        let detail = format!("{role} is a group role and cannot be assigned in an organization.");
        Self::bad_request("CANNOT_ADD_GROUP_ROLE", detail)
            .about(role)
            .in_field("roles")
    }

    /// An organization role in a project update.
    pub(crate) fn org_role_in_group(role: &str) -> Self {
        let detail = format!("{role} is an organization role and cannot be assigned in a group.");
        Self::bad_request("CANNOT_ADD_ORG_ROLE", detail)
            .about(role)
            .in_field("roles")
    }

    /// The code is an assumption: no page names the code of an unknown role.
    pub(crate) fn unknown_role(role: &str) -> Self {
        Self::bad_request("INVALID_ENUM_VALUE", format!("{role} is not a known role."))
            .about(role)
            .about("roles")
            .in_field("roles")
    }

    pub(crate) fn missing_roles() -> Self {
        let detail = "The request contains no roles for the API key.";
        Self::bad_request("MISSING_API_KEY_ROLES", detail).in_field("roles")
    }

    /// The code is an assumption: no page names the code of an update without changes.
    pub(crate) fn missing_attributes<'a>(allowed: impl Iterator<Item = &'a String>) -> Self {
        let allowed: Vec<_> = allowed.map(String::as_str).collect();
        let names = allowed.join(", ");
        Self {
            parameters: allowed.into_iter().map(Value::from).collect(),
            ..Self::bad_request(
                "MISSING_ONE_OF_ATTRIBUTES",
                format!("The request needs at least one of these attributes: {names}."),
            )
        }
    }

    /// A creation without a description.
    pub(crate) fn missing_desc() -> Self {
        let detail = "An API key must have a description.";
        Self::bad_request("API_KEY_REQUIRES_DESCRIPTION", detail).in_field("desc")
    }

    /// The key's organization is not that of the path.
    pub(crate) fn key_of_other_org(key: ObjectId) -> Self {
        let detail = format!("The API key {key} belongs to another organization.");
        Self::bad_request("API_KEY_CAN_ONLY_BELONG_TO_ONE_ORG", detail).about(key)
    }

    /// The code and the status are assumptions: the limit is documented, its error is not.
    pub(crate) fn too_many_keys(limit: usize) -> Self {
        let detail = format!("An organization cannot have more than {limit} API keys.");
        Self::bad_request("API_KEY_LIMIT_EXCEEDED", detail).about(limit)
    }

    /// An entry that is both an address and a network, or neither.
    pub(crate) fn address_and_network() -> Self {
        let detail = "Each entry is either an IP address or a CIDR block.";
        Self::bad_request("BAD_WHITELIST_ADD_REQUEST", detail)
    }

    pub(crate) fn invalid_address(text: &str) -> Self {
        let detail = format!("{text} is neither an IP address nor a network in CIDR notation.");
        Self::bad_request("INVALID_IP_ADDRESS_OR_CIDR_NOTATION", detail).about(text)
    }

    /// An address that access lists cannot contain, such as 0.0.0.0.
    pub(crate) fn unlistable_address(network: IpNet) -> Self {
        let detail = format!("{network} cannot be on an access list.");
        Self::bad_request("CANNOT_ADD_IP_ADDRESS_TO_API_KEY_ACCESS_LIST", detail)
            .about(network.to_string())
    }

    pub(crate) fn duplicate_addresses() -> Self {
        let detail = "The request contains the same address more than once.";
        Self::bad_request("DUPLICATE_ADDRESSES_IN_INPUT", detail)
    }

    pub(crate) fn already_listed(network: IpNet) -> Self {
        let detail = format!("{network} is on the access list already.");
        Self::new(
            StatusCode::CONFLICT,
            "ADDRESS_ALREADY_IN_ACCESS_LIST",
            detail,
        )
        .about(network.to_string())
    }

    pub(crate) fn entry_not_found(network: IpNet) -> Self {
        let detail = format!("{network} is not on the access list.");
        let code = "API_KEY_ACCESS_LIST_ENTRY_NOT_FOUND";
        Self::new(StatusCode::NOT_FOUND, code, detail).about(network.to_string())
    }

    /// The removal of the entry that allows the caller's own address.
    pub(crate) fn callers_address(address: IpAddr) -> Self {
        let detail = format!("The caller's address {address} cannot be removed.");
        Self::bad_request("CANNOT_REMOVE_CALLER_FROM_ACCESS_LIST", detail)
            .about(address.to_string())
    }

    /// A caller without an access list of its own, if that is required.
    pub(crate) fn access_list_denied() -> Self {
        let detail = "Only a caller with an access list of its own may use this resource.";
        Self::bad_request("API_KEY_ACCESS_LIST_ACCESS_DENIED", detail)
    }

    pub(crate) fn desc_length(min: u64, max: u64) -> Self {
        let detail = format!("The description must have {min} to {max} characters.");
        Self::bad_request("INVALID_API_KEY_DESC", detail).in_field("desc")
    }

    /// A field that is unknown or has the wrong type.
    pub(crate) fn attribute(name: &str) -> Self {
        let detail = format!("The attribute {name} is unknown or has the wrong type.");
        Self::bad_request("INVALID_ATTRIBUTE", detail)
            .about(name)
            .in_field(name)
    }

    pub(crate) fn malformed_json() -> Self {
        Self::bad_request(
            "MALFORMED_JSON",
            "The body is not JSON of the expected form.",
        )
    }

    pub(crate) fn last_owner() -> Self {
        let detail = "The organization would have no owner left.";
        Self::new(
            StatusCode::FORBIDDEN,
            "CANNOT_DEMOTE_LAST_ORG_OWNER",
            detail,
        )
    }

    /// The code is an assumption, which [`Assumptions::codes`] can replace by that of a demotion.
    ///
    /// [`Assumptions::codes`]: crate::Assumptions::codes
    pub(crate) fn deletes_last_owner() -> Self {
        let detail = "The organization would have no owner left.";
        Self::new(StatusCode::FORBIDDEN, "CANNOT_DELETE_LAST_OWNER", detail)
    }

    pub(crate) fn not_on_access_list(address: IpAddr) -> Self {
        let address = address.to_canonical().to_string();
        let detail = format!("The address {address} is not on the access list of the caller.");
        Self::new(
            StatusCode::FORBIDDEN,
            "IP_ADDRESS_NOT_ON_ACCESS_LIST",
            detail,
        )
        .about(address)
    }

    pub(crate) fn maintenance() -> Self {
        let detail = "Updates are not allowed during an upgrade of the application.";
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "WRITES_NOT_ALLOWED_DURING_APP_UPGRADES",
            detail,
        )
    }

    /// A version past its sunset.
    pub(crate) fn version_gone(version: &str, path: &str) -> Self {
        let detail = format!("The version {version} of {path} is gone.");
        Self::new(StatusCode::GONE, "VERSION_GONE", detail)
            .about(version)
            .about(path)
    }

    pub(crate) fn version() -> Self {
        let detail = "Invalid accept header or version date.";
        Self::new(StatusCode::NOT_ACCEPTABLE, "INVALID_VERSION_DATE", detail)
    }

    /// The codes of this error and of the next four are assumptions: no page names them.
    pub(crate) fn media_type() -> Self {
        let detail = "This resource does not support the body's Content-Type.";
        Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "UNSUPPORTED_MEDIA_TYPE",
            detail,
        )
    }

    pub(crate) fn uri_mismatch() -> Self {
        let detail = "The uri of the Authorization header is not the request's.";
        Self::bad_request("INVALID_DIGEST_URI", detail)
    }

    pub(crate) fn too_large(limit: usize) -> Self {
        let detail = format!("The body is longer than {limit} bytes.");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "PAYLOAD_TOO_LARGE", detail).about(limit)
    }

    pub(crate) fn slow_body() -> Self {
        let detail = "The body did not arrive in time.";
        Self::new(StatusCode::REQUEST_TIMEOUT, "REQUEST_TIMEOUT", detail)
    }

    pub(crate) fn method(method: &str) -> Self {
        let detail = format!("This resource does not support {method}.");
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED", detail).about(method)
    }

    pub(crate) fn resource(path: &str) -> Self {
        let detail = format!("Cannot find resource {path}.");
        Self::new(StatusCode::NOT_FOUND, "RESOURCE_NOT_FOUND", detail).about(path)
    }

    pub(crate) fn rate_limited(path: &str, limit: RateLimit, exhausted: Exhausted) -> Self {
        let retry = exhausted.retry_after.as_secs_f64().ceil().max(1.0) as u64;
        Self {
            retry_after: Some(retry),
            parameters: vec![
                json!(path),
                json!(retry),
                json!(limit.capacity),
                json!(limit.refill),
                json!(limit.period.as_secs()),
            ],
            ..Self::new(
                StatusCode::TOO_MANY_REQUESTS,
                "RATE_LIMITED_TOKEN_BUCKET",
                format!("The rate limit of {path} is reached; try again in {retry} seconds."),
            )
        }
    }

    pub(crate) fn unexpected() -> Self {
        let detail = "The request could not be completed.";
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "UNEXPECTED_ERROR",
            detail,
        )
    }
}
