//! Names of the operations, to say which one a response is for.

/// An operation of a [`FakeService`](super::FakeService) or a
/// [`RecordedRequest`](super::RecordedRequest).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Operation {
    /// [`OrgApiKeys::list`](crate::OrgApiKeys::list).
    ListOrgApiKeys,
    /// [`OrgApiKeys::create`](crate::OrgApiKeys::create).
    CreateOrgApiKey,
    /// [`OrgApiKey::get`](crate::OrgApiKey::get).
    GetOrgApiKey,
    /// [`OrgApiKey::update`](crate::OrgApiKey::update).
    UpdateOrgApiKey,
    /// [`OrgApiKey::delete`](crate::OrgApiKey::delete).
    DeleteOrgApiKey,
    /// [`ProjectApiKeys::list`](crate::ProjectApiKeys::list).
    ListProjectApiKeys,
    /// [`ProjectApiKeys::create`](crate::ProjectApiKeys::create).
    CreateProjectApiKey,
    /// [`ProjectApiKey::replace_roles`](crate::ProjectApiKey::replace_roles) and
    /// [`assign`](crate::ProjectApiKey::assign).
    ReplaceProjectRoles,
    /// [`ProjectApiKey::remove`](crate::ProjectApiKey::remove).
    RemoveProjectApiKey,
    /// [`AccessList::list`](crate::AccessList::list).
    ListAccessListEntries,
    /// [`AccessList::add`](crate::AccessList::add).
    AddAccessListEntries,
    /// [`AccessList::get`](crate::AccessList::get).
    GetAccessListEntry,
    /// [`AccessList::delete`](crate::AccessList::delete).
    DeleteAccessListEntry,
    /// [`Client::request`](crate::Client::request) with a method and a path that no operation
    /// has.
    Request,
}

impl Operation {
    const ALL: [Self; 14] = [
        Self::ListOrgApiKeys,
        Self::CreateOrgApiKey,
        Self::GetOrgApiKey,
        Self::UpdateOrgApiKey,
        Self::DeleteOrgApiKey,
        Self::ListProjectApiKeys,
        Self::CreateProjectApiKey,
        Self::ReplaceProjectRoles,
        Self::RemoveProjectApiKey,
        Self::ListAccessListEntries,
        Self::AddAccessListEntries,
        Self::GetAccessListEntry,
        Self::DeleteAccessListEntry,
        Self::Request,
    ];

    /// Returns the id that [`Error::operation`](crate::Error::operation) returns, such as
    /// `update_org_api_key`.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::ListOrgApiKeys => "list_org_api_keys",
            Self::CreateOrgApiKey => "create_org_api_key",
            Self::GetOrgApiKey => "get_org_api_key",
            Self::UpdateOrgApiKey => "update_org_api_key",
            Self::DeleteOrgApiKey => "delete_org_api_key",
            Self::ListProjectApiKeys => "list_project_api_keys",
            Self::CreateProjectApiKey => "create_project_api_key",
            Self::ReplaceProjectRoles => "replace_project_api_key_roles",
            Self::RemoveProjectApiKey => "remove_project_api_key",
            Self::ListAccessListEntries => "list_access_list_entries",
            Self::AddAccessListEntries => "add_access_list_entries",
            Self::GetAccessListEntry => "get_access_list_entry",
            Self::DeleteAccessListEntry => "delete_access_list_entry",
            Self::Request => "request",
        }
    }

    pub(super) fn with_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|operation| operation.id() == id)
    }
}
