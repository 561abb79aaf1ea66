//! The operations: builders that check their input, send it, and return the result.

// The errors of generated methods are large; each is converted at once.
#![allow(clippy::result_large_err)]

mod add_access_list_entries;
mod builder;
mod create_org_api_key;
mod create_project_api_key;
mod custom_request;
mod delete_access_list_entry;
mod delete_org_api_key;
mod deletion;
mod edit_project_roles;
mod get_access_list_entry;
mod get_org_api_key;
mod list;
mod list_stream;
mod remove_project_api_key;
mod replace_project_roles;
mod role_locks;
mod rotate_org_api_key;
mod update_org_api_key;
mod validate;
mod verify;

pub(crate) use self::edit_project_roles::Edit;
pub use self::{
    add_access_list_entries::AddAccessListEntries,
    create_org_api_key::CreateOrgApiKey,
    create_project_api_key::CreateProjectApiKey,
    custom_request::CustomRequest,
    delete_access_list_entry::DeleteAccessListEntry,
    delete_org_api_key::DeleteOrgApiKey,
    edit_project_roles::{EditProjectRoles, RoleEdit},
    get_access_list_entry::GetAccessListEntry,
    get_org_api_key::GetOrgApiKey,
    list::List,
    list_stream::ListStream,
    remove_project_api_key::RemoveProjectApiKey,
    replace_project_roles::ReplaceProjectRoles,
    rotate_org_api_key::{RotateOrgApiKey, Rotation},
    update_org_api_key::UpdateOrgApiKey,
};
