//! The operations: builders that check their input, send it, and return the result.

mod custom_request;
mod get_org_api_key;
mod replace_project_roles;
mod update_org_api_key;
mod validate;
mod verify;

pub use self::{
    custom_request::CustomRequest, get_org_api_key::GetOrgApiKey,
    replace_project_roles::ReplaceProjectRoles, update_org_api_key::UpdateOrgApiKey,
};
