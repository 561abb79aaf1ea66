//! `project-key assign` and `set-roles`, which are one request.

use clap::Args;

use crate::{
    args::{KeyArgs, ProjectArgs, RoleArgs},
    client::Call,
    commands::context::Context,
    error::{CliError, ExitStatus},
    roles::RoleScope,
    ui::api_key,
};

pub(super) const EXAMPLES: &str = "\
Examples:
  atlas-admin project-key set-roles --project 32b6e34b3d91647abb20e7b9 \\
    --key 6a793f752c88faeba59bba49 --role GROUP_READ_ONLY --role GROUP_DATA_ACCESS_READ_WRITE
  atlas-admin --service ops-manager --base-url https://om.example.com:8443 \\
    project-key set-roles --project 32b6e34b3d91647abb20e7b9 \\
    --key 6a793f752c88faeba59bba49 --role GROUP_MONITORING_ADMIN";

pub(super) const ASSIGN_EXAMPLES: &str = "\
Example:
  atlas-admin project-key assign --project 32b6e34b3d91647abb20e7b9 \\
    --key 6a793f752c88faeba59bba49 --role GROUP_READ_ONLY,GROUP_DATA_ACCESS_READ_WRITE";

#[derive(Args)]
#[command(mut_arg("role", |arg| arg.required(true)))]
pub(in crate::commands) struct SetRoles {
    #[command(flatten)]
    project: ProjectArgs,

    #[command(flatten)]
    key: KeyArgs,

    #[command(flatten)]
    roles: RoleArgs,
}

pub(super) fn run(command: &SetRoles, context: &Context<'_>) -> Result<ExitStatus, CliError> {
    let project = context.project(&command.project)?;
    context.check_roles(RoleScope::Project, &command.roles)?;
    let call = |client: &atlas_admin::Client| {
        let key = client.project(project).api_key(&command.key.key);
        let replace = key.replace_roles(command.roles.names());
        Call::new(replace.to_request(), replace)
    };
    context.run(call, api_key::print)
}
