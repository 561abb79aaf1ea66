//! Options that name an organization, a project or an API key.

use atlas_admin::{ApiKeyId, OrgId, ProjectId};
use clap::Args;

#[derive(Args)]
pub(crate) struct OrgArgs {
    /// Organization ID [env: MONGODB_ATLAS_ORG_ID] [default: org in the profile]
    #[arg(long, alias = "orgId", value_name = "ID")]
    pub(crate) org: Option<OrgId>,
}

#[derive(Args)]
pub(crate) struct ProjectArgs {
    /// Project ID [env: MONGODB_ATLAS_PROJECT_ID] [default: project in the profile]
    #[arg(long, alias = "projectId", value_name = "ID")]
    pub(crate) project: Option<ProjectId>,
}

#[derive(Args)]
pub(crate) struct KeyArgs {
    /// API key ID (not the public key)
    #[arg(long, value_name = "ID")]
    pub(crate) key: ApiKeyId,
}
