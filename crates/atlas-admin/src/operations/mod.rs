//! The operations: each a builder that checks its input and sends it.

mod checks;
mod replace_project_roles;
mod update_org_api_key;

pub use replace_project_roles::ReplaceProjectRoles;
pub use update_org_api_key::UpdateOrgApiKey;
