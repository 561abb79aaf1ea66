//! What each operation does. Everything else about an operation is in its document.

mod access_list;
mod assign_key;
mod create_key;
mod delete_key;
mod directory;
mod get_key;
mod list_keys;
mod remove_key;
mod update_key;

use axum::response::Response;

use crate::{
    http::error::ApiError,
    server::call::Call,
    spec::operation::Operation,
    state::permission::Permission::{
        self, Authenticated, OrgMember, OrgOwner, ProjectAdmin, ProjectMember,
    },
};

/// Performs a call.
pub(crate) type Perform = fn(&mut Call<'_>) -> Result<Response, ApiError>;

/// An operation's id in the documents, what its caller needs, and what it does.
type Handler = (&'static str, Permission, Perform);

const HANDLERS: [Handler; 20] = [
    ("list_org_api_keys", OrgMember, list_keys::perform),
    ("create_org_api_key", OrgOwner, create_key::perform),
    ("get_org_api_key", OrgMember, get_key::perform),
    ("update_org_api_key", OrgOwner, update_key::perform),
    ("delete_org_api_key", OrgOwner, delete_key::perform),
    ("list_project_api_keys", ProjectMember, list_keys::perform),
    ("create_project_api_key", ProjectAdmin, create_key::perform),
    ("assign_project_api_key", ProjectAdmin, assign_key::perform),
    (
        "replace_project_api_key_roles",
        ProjectAdmin,
        update_key::perform,
    ),
    ("remove_project_api_key", ProjectAdmin, remove_key::perform),
    ("list_access_list_entries", OrgMember, access_list::list),
    ("add_access_list_entries", OrgOwner, access_list::add),
    ("get_access_list_entry", OrgMember, access_list::get),
    ("delete_access_list_entry", OrgOwner, access_list::delete),
    ("get_system_status", Authenticated, directory::status),
    ("list_orgs", Authenticated, directory::orgs),
    ("get_org", OrgMember, directory::org),
    ("list_org_projects", OrgMember, directory::projects),
    ("list_projects", Authenticated, directory::projects),
    ("get_project", ProjectMember, directory::project),
];

/// Returns the handler of an operation. The error names an operation without one.
pub(crate) fn find(operation: &Operation) -> Result<(Permission, Perform), String> {
    HANDLERS
        .iter()
        .find(|(id, ..)| *id == operation.id)
        .map(|(_, permission, perform)| (*permission, *perform))
        .ok_or_else(|| format!("no handler performs the operation {}", operation.id))
}
