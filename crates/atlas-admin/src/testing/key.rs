//! API keys that a service could have.

use atlas_admin_raw::types;
use serde_json::{Value, json};

use super::{Operation, RecordedRequest};
use crate::{OrgRole, PrivateKey, ProjectRole};

/// An API key for [`FakeResponse::key`](super::FakeResponse::key), which a client reads as an
/// [`ApiKey`](crate::ApiKey).
///
/// ```
/// use atlas_admin::{OrgRole, ProjectRole, testing::Key};
///
/// let key = Key::new("6a793f752c88faeba59bba49")
///     .desc("ci deploys")
///     .org_role("32b6e34b3d91647abb20e7b8", OrgRole::Member)
///     .project_role("5356823b3794de37132bb7b9", ProjectRole::ReadOnly);
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct Key {
    key: types::ApiKey,
    private_key: Option<PrivateKey>,
}

/// A private key as services show it: stars, and a synthetic end.
const REDACTED: &str = "********-****-****-0123456789ab";
/// A private key as services show it in the response to a creation.
const WHOLE: &str = "01234567-89ab-cdef-0123-0123456789ab";
/// The id of a new key.
const NEW_ID: &str = "6a793f752c88faeba59bba49";

impl Key {
    /// Creates a key with this id, a synthetic description and public key, and no roles.
    /// Services use ids of 24 lower-case hexadecimal digits.
    pub fn new(id: impl Into<String>) -> Self {
        Self {
            key: types::ApiKey {
                id: id.into(),
                desc: Some("a key of a test".to_owned()),
                public_key: Some("abcdefgh".to_owned()),
                private_key: None,
                roles: Some(Vec::new()),
                links: Some(Vec::new()),
            },
            private_key: None,
        }
    }

    /// Sets the description.
    pub fn desc(mut self, desc: impl Into<String>) -> Self {
        self.key.desc = Some(desc.into());
        self
    }

    /// Sets the public key.
    pub fn public_key(mut self, public_key: impl Into<String>) -> Self {
        self.key.public_key = Some(public_key.into());
        self
    }

    /// Sets the private key. By default it is a synthetic one in the response to a creation, and
    /// stars with a synthetic end in every other.
    pub fn private_key(mut self, private_key: impl Into<String>) -> Self {
        self.private_key = Some(PrivateKey::new(private_key.into()));
        self
    }

    /// Adds a role in an organization.
    pub fn org_role(self, org_id: impl Into<String>, role: impl Into<OrgRole>) -> Self {
        self.role(types::RoleAssignment {
            org_id: Some(org_id.into()),
            group_id: None,
            role_name: Some(role.into().to_string()),
        })
    }

    /// Adds a role in a project.
    pub fn project_role(self, project_id: impl Into<String>, role: impl Into<ProjectRole>) -> Self {
        self.role(types::RoleAssignment {
            org_id: None,
            group_id: Some(project_id.into()),
            role_name: Some(role.into().to_string()),
        })
    }

    fn role(mut self, role: types::RoleAssignment) -> Self {
        self.key.roles.get_or_insert_default().push(role);
        self
    }

    /// Returns the key of this request, as it would be after it.
    pub(super) fn after(request: &RecordedRequest) -> Self {
        let mut key = match request.operation {
            Operation::CreateOrgApiKey | Operation::CreateProjectApiKey => Self::new(NEW_ID),
            _ => Self::new(request.api_key_id()),
        };
        let field = |name| request.body.as_ref().and_then(|body| body.get(name));
        if let Some(desc) = field("desc").and_then(Value::as_str) {
            key = key.desc(desc);
        }
        let roles = field("roles").and_then(Value::as_array);
        for role in roles.into_iter().flatten().filter_map(Value::as_str) {
            key = match request.project_id() {
                "" => key.org_role(request.org_id(), role),
                project_id => key.project_role(project_id, role),
            };
        }
        key
    }

    pub(super) fn with_another_id(mut self) -> Self {
        let last = self.key.id.pop();
        self.key.id.push(if last == Some('0') { '1' } else { '0' });
        self
    }

    pub(super) fn with_stale_roles(mut self) -> Self {
        for role in self.key.roles.iter_mut().flatten() {
            role.role_name = Some("A_STALE_ROLE".to_owned());
        }
        self
    }

    /// Returns the key as the response to `operation` shows it.
    pub(super) fn to_json(&self, operation: Operation) -> Value {
        let mut key = json!(self.key);
        let default = match operation {
            Operation::CreateOrgApiKey | Operation::CreateProjectApiKey => WHOLE,
            _ => REDACTED,
        };
        let private_key = self.private_key.as_ref().map(PrivateKey::expose);
        key["privateKey"] = private_key.unwrap_or(default).into();
        key
    }
}

/// For a typed mock's `then.ok(…)`; without the private key, which that type does not
/// serialize.
impl From<Key> for types::ApiKey {
    fn from(key: Key) -> Self {
        key.key
    }
}
