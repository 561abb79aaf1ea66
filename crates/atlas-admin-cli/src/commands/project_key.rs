//! `project-key`: set an API key's roles in a project.

use atlas_admin::{ApiKeyId, ProjectId};
use clap::{Args, Subcommand, builder::NonEmptyStringValueParser};

use super::single_call;
use crate::{
    args::GlobalArgs,
    client::Call,
    config::Config,
    error::CliError,
    roles::{self, RoleScope},
    ui::Output,
};

const SET_ROLES_EXAMPLES: &str = "\
Examples:
  atlas-admin project-key set-roles --project 32b6e34b3d91647abb20e7b9 \\
    --key 6a793f752c88faeba59bba49 --role GROUP_READ_ONLY --role GROUP_DATA_ACCESS_READ_WRITE
  atlas-admin --service ops-manager --base-url https://om.example.com:8443 \\
    project-key set-roles --project 32b6e34b3d91647abb20e7b9 \\
    --key 6a793f752c88faeba59bba49 --role GROUP_MONITORING_ADMIN";

const EXAMPLES: &str = "\
Example:
  atlas-admin project-key set-roles --project 32b6e34b3d91647abb20e7b9 \\
    --key 6a793f752c88faeba59bba49 --role GROUP_READ_ONLY";

#[derive(Subcommand)]
#[command(after_help = EXAMPLES)]
pub(super) enum ProjectKey {
    /// Replace an API key's roles in a project
    ///
    /// The key loses its other roles in this project. Its organization roles and its roles
    /// in other projects are not affected.
    SetRoles(SetRoles),
}

#[derive(Args)]
#[command(after_help = SET_ROLES_EXAMPLES)]
pub(super) struct SetRoles {
    /// Project ID [default: MONGODB_ATLAS_PROJECT_ID, or project in the profile]
    #[arg(long, value_name = "ID")]
    project: Option<ProjectId>,

    /// API key ID (not the public key)
    #[arg(long, value_name = "ID")]
    key: ApiKeyId,

    /// Project role to set; repeat, or separate with commas
    #[arg(
        long,
        value_name = "ROLE",
        value_delimiter = ',',
        required = true,
        value_parser = NonEmptyStringValueParser::new()
    )]
    role: Vec<String>,

    /// Send role names that look like a misspelling of a known role
    #[arg(long)]
    allow_unknown_role: bool,
}

pub(super) fn run(
    ProjectKey::SetRoles(command): &ProjectKey,
    global: &GlobalArgs,
    output: &Output,
) -> Result<(), CliError> {
    let config = Config::load(global, output)?;
    let project = config.project(command.project.as_ref())?;
    roles::check(
        config.service.value,
        RoleScope::Project,
        &command.role,
        command.allow_unknown_role,
        output,
    )?;
    single_call::run(&config, global, output, |client| {
        let key = client.project(project).api_key(&command.key);
        Call::ReplaceRoles(key.replace_roles(command.role.iter().map(String::as_str)))
    })
}
