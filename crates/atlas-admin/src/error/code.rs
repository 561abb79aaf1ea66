//! The services' error codes.

use std::{borrow::Cow, convert::Infallible, fmt, str::FromStr};

/// A service's error code.
///
/// The set is open: each code that this release knows is a constant, and any other is kept
/// as the service wrote it.
///
/// ```
/// use atlas_admin::ErrorCode;
///
/// assert_eq!(ErrorCode::from("GROUP_NOT_FOUND"), ErrorCode::GROUP_NOT_FOUND);
/// assert_eq!(ErrorCode::from("BRAND_NEW"), "BRAND_NEW");
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ErrorCode(Cow<'static, str>);

impl ErrorCode {
    /// No API key has this id. Services send it with status 400 or 404.
    pub const API_KEY_NOT_FOUND: Self = Self::known("API_KEY_NOT_FOUND");
    /// The address or network is not on the key's access list (name on Atlas).
    pub const API_KEY_ACCESS_LIST_ENTRY_NOT_FOUND: Self =
        Self::known("API_KEY_ACCESS_LIST_ENTRY_NOT_FOUND");
    /// The address or network is not on the key's access list (older name, and that on Ops
    /// Manager).
    pub const API_KEY_WHITELIST_NOT_FOUND: Self = Self::known("API_KEY_WHITELIST_NOT_FOUND");
    /// No organization has this id.
    pub const ORG_NOT_FOUND: Self = Self::known("ORG_NOT_FOUND");
    /// No project has this id.
    pub const GROUP_NOT_FOUND: Self = Self::known("GROUP_NOT_FOUND");
    /// The caller's address is not on its key's access list.
    pub const IP_ADDRESS_NOT_ON_ACCESS_LIST: Self = Self::known("IP_ADDRESS_NOT_ON_ACCESS_LIST");
    /// The caller is not an owner of the organization.
    pub const NOT_ORG_OWNER: Self = Self::known("NOT_ORG_OWNER");
    /// The caller may not create projects in the organization.
    pub const NOT_ORG_GROUP_CREATOR: Self = Self::known("NOT_ORG_GROUP_CREATOR");
    /// The caller has no role in the project.
    pub const NOT_IN_GROUP: Self = Self::known("NOT_IN_GROUP");
    /// The caller's roles do not allow the operation.
    pub const USER_UNAUTHORIZED: Self = Self::known("USER_UNAUTHORIZED");
    /// The caller belongs to another organization.
    pub const USER_CANNOT_ACCESS_ORG: Self = Self::known("USER_CANNOT_ACCESS_ORG");
    /// The update would leave the organization without an owner.
    pub const CANNOT_DEMOTE_LAST_ORG_OWNER: Self = Self::known("CANNOT_DEMOTE_LAST_ORG_OWNER");
    /// The deletion would leave the organization without an owner.
    pub const CANNOT_DELETE_LAST_OWNER: Self = Self::known("CANNOT_DELETE_LAST_OWNER");
    /// The deletion would take the caller's address from the access list.
    pub const CANNOT_REMOVE_CALLER_FROM_ACCESS_LIST: Self =
        Self::known("CANNOT_REMOVE_CALLER_FROM_ACCESS_LIST");
    /// The address or network is on the access list already.
    pub const ADDRESS_ALREADY_IN_ACCESS_LIST: Self = Self::known("ADDRESS_ALREADY_IN_ACCESS_LIST");
    /// The address or network is on the access list already (older name).
    pub const ADDRESS_ALREADY_IN_WHITELIST: Self = Self::known("ADDRESS_ALREADY_IN_WHITELIST");
    /// The request lists an address or network twice.
    pub const DUPLICATE_ADDRESSES_IN_INPUT: Self = Self::known("DUPLICATE_ADDRESSES_IN_INPUT");
    /// This caller may not read the access list.
    pub const API_KEY_WHITELIST_ACCESS_DENIED: Self =
        Self::known("API_KEY_WHITELIST_ACCESS_DENIED");
    /// The key belongs to another organization than the project.
    pub const API_KEY_CAN_ONLY_BELONG_TO_ONE_ORG: Self =
        Self::known("API_KEY_CAN_ONLY_BELONG_TO_ONE_ORG");
    /// The description of a new key is missing.
    pub const API_KEY_REQUIRES_DESCRIPTION: Self = Self::known("API_KEY_REQUIRES_DESCRIPTION");
    /// A project role was used in an organization.
    pub const CANNOT_ADD_GROUP_ROLE: Self = Self::known("CANNOT_ADD_GROUP_ROLE");
    /// An organization role was used in a project.
    pub const CANNOT_ADD_ORG_ROLE: Self = Self::known("CANNOT_ADD_ORG_ROLE");
    /// The service does not know a value, such as a role's name.
    pub const INVALID_ENUM_VALUE: Self = Self::known("INVALID_ENUM_VALUE");
    /// The list of roles is empty.
    pub const MISSING_API_KEY_ROLES: Self = Self::known("MISSING_API_KEY_ROLES");
    /// The update has none of its fields.
    pub const MISSING_ONE_OF_ATTRIBUTES: Self = Self::known("MISSING_ONE_OF_ATTRIBUTES");
    /// The description is empty or too long.
    pub const INVALID_API_KEY_DESC: Self = Self::known("INVALID_API_KEY_DESC");
    /// A field is invalid; see [`Error::field_violations`](crate::Error::field_violations).
    pub const VALIDATION_ERROR: Self = Self::known("VALIDATION_ERROR");
    /// The body has a field that the operation does not accept.
    pub const INVALID_ATTRIBUTE: Self = Self::known("INVALID_ATTRIBUTE");
    /// The body is not JSON.
    pub const MALFORMED_JSON: Self = Self::known("MALFORMED_JSON");
    /// An id in the path has the wrong form.
    pub const PATH_PARAM_PARSE_ERROR: Self = Self::known("PATH_PARAM_PARSE_ERROR");
    /// The requested version is missing or does not exist.
    pub const INVALID_VERSION_DATE: Self = Self::known("INVALID_VERSION_DATE");
    /// The requested version is no longer served.
    pub const VERSION_GONE: Self = Self::known("VERSION_GONE");
    /// Too many requests.
    pub const RATE_LIMITED: Self = Self::known("RATE_LIMITED");
    /// Too many requests, with the state of the token bucket in the parameters.
    pub const RATE_LIMITED_TOKEN_BUCKET: Self = Self::known("RATE_LIMITED_TOKEN_BUCKET");
    /// The service accepts no updates while it is being upgraded.
    pub const WRITES_NOT_ALLOWED_DURING_APP_UPGRADES: Self =
        Self::known("WRITES_NOT_ALLOWED_DURING_APP_UPGRADES");
    /// An internal error of the service; also sent with refused credentials.
    pub const UNEXPECTED_ERROR: Self = Self::known("UNEXPECTED_ERROR");
    /// OAuth: the service account's id or secret is wrong.
    pub const INVALID_CLIENT: Self = Self::known("invalid_client");
    /// OAuth: the token request is malformed.
    pub const INVALID_REQUEST: Self = Self::known("invalid_request");
    /// OAuth: the token endpoint does not support client credentials.
    pub const UNSUPPORTED_GRANT_TYPE: Self = Self::known("unsupported_grant_type");
    /// OAuth: the service does not issue a token, for example because the account has too
    /// many.
    pub const ACCESS_DENIED: Self = Self::known("access_denied");

    const fn known(code: &'static str) -> Self {
        Self(Cow::Borrowed(code))
    }

    /// Returns whether the code says that an access list has no such entry. What the services
    /// call the list and its entries has changed, and not everywhere at once.
    pub(crate) fn is_missing_entry(&self) -> bool {
        [
            "API_KEY_ACCESS_LIST_ENTRY_NOT_FOUND",
            "API_KEY_ACCESS_LIST_NOT_FOUND",
            "API_KEY_WHITELIST_ENTRY_NOT_FOUND",
            "API_KEY_WHITELIST_NOT_FOUND",
        ]
        .contains(&self.as_str())
    }

    /// Returns the code as the service writes it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for ErrorCode {
    fn from(code: &str) -> Self {
        Self(Cow::Owned(code.to_owned()))
    }
}

impl From<String> for ErrorCode {
    fn from(code: String) -> Self {
        Self(Cow::Owned(code))
    }
}

impl FromStr for ErrorCode {
    type Err = Infallible;

    fn from_str(code: &str) -> Result<Self, Infallible> {
        Ok(Self::from(code))
    }
}

impl PartialEq<str> for ErrorCode {
    fn eq(&self, code: &str) -> bool {
        self.0 == code
    }
}

impl PartialEq<&str> for ErrorCode {
    fn eq(&self, code: &&str) -> bool {
        self.0 == *code
    }
}

impl AsRef<str> for ErrorCode {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}
