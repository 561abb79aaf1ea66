//! Names of the operations, to say which one a reply is for.

/// An operation of a [`FakeService`](super::FakeService) or a
/// [`RecordedRequest`](super::RecordedRequest).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Operation {
    /// [`OrgApiKey::get`](crate::OrgApiKey::get).
    GetOrgApiKey,
    /// [`OrgApiKey::update`](crate::OrgApiKey::update).
    UpdateOrgApiKey,
    /// [`ProjectApiKey::replace_roles`](crate::ProjectApiKey::replace_roles).
    ReplaceProjectRoles,
    /// [`Client::request`](crate::Client::request) with a method and a path that no operation
    /// has.
    Request,
}

impl Operation {
    const ALL: [Self; 4] = [
        Self::GetOrgApiKey,
        Self::UpdateOrgApiKey,
        Self::ReplaceProjectRoles,
        Self::Request,
    ];

    /// Returns the id that [`Error::operation`](crate::Error::operation) returns, such as
    /// `update_org_api_key`.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::GetOrgApiKey => "get_org_api_key",
            Self::UpdateOrgApiKey => "update_org_api_key",
            Self::ReplaceProjectRoles => "replace_project_api_key_roles",
            Self::Request => "request",
        }
    }

    pub(super) fn with_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|operation| operation.id() == id)
    }
}
