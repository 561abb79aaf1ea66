//! API keys that a service could have.

use atlas_admin_raw::types;
use serde_json::{Value, json};

use super::RecordedRequest;
use crate::{OrgRole, ProjectRole};

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
pub struct Key(types::ApiKey);

/// A private key as services show it: stars, and a synthetic end.
const PRIVATE_KEY: &str = "********-****-****-0123456789ab";

impl Key {
    /// Creates a key with this id, a synthetic description and public key, and no roles.
    /// Services use ids of 24 lower-case hexadecimal digits.
    pub fn new(id: impl Into<String>) -> Self {
        Self(types::ApiKey {
            id: id.into(),
            desc: Some("a key of a test".to_owned()),
            public_key: Some("abcdefgh".to_owned()),
            private_key: None,
            roles: Some(Vec::new()),
            links: Some(Vec::new()),
        })
    }

    /// Sets the description.
    pub fn desc(mut self, desc: impl Into<String>) -> Self {
        self.0.desc = Some(desc.into());
        self
    }

    /// Sets the public key. The private key is always stars and a synthetic end.
    pub fn public_key(mut self, public_key: impl Into<String>) -> Self {
        self.0.public_key = Some(public_key.into());
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
        self.0.roles.get_or_insert_default().push(role);
        self
    }

    /// Returns the key of this request, as it would be after it.
    pub(super) fn after(request: &RecordedRequest) -> Self {
        let mut key = Self::new(request.api_key_id());
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
        let last = self.0.id.pop();
        self.0.id.push(if last == Some('0') { '1' } else { '0' });
        self
    }

    pub(super) fn with_stale_roles(mut self) -> Self {
        for role in self.0.roles.iter_mut().flatten() {
            role.role_name = Some("A_STALE_ROLE".to_owned());
        }
        self
    }

    pub(super) fn to_json(&self) -> Value {
        let mut key = json!(self.0);
        key["privateKey"] = PRIVATE_KEY.into();
        key
    }
}

/// For a typed mock's `then.ok(…)`; without the private key, which that type does not
/// serialize.
impl From<Key> for types::ApiKey {
    fn from(Key(key): Key) -> Self {
        key
    }
}
