//! The operations: each a builder that checks its input and sends it.

mod checks;
mod get_org_api_key;
mod replace_project_roles;
mod update_org_api_key;

pub use get_org_api_key::GetOrgApiKey;
pub use replace_project_roles::ReplaceProjectRoles;
pub use update_org_api_key::UpdateOrgApiKey;
