//! `api-key update`

use clap::{ArgGroup, Args};

use crate::{
    args::{KeyArgs, OrgArgs, RoleArgs},
    client::Call,
    commands::context::Context,
    error::{CliError, ExitStatus},
    roles::RoleScope,
    ui::api_key,
};

const EXAMPLES: &str = "\
Examples:
  atlas-admin api-key update --org 32b6e34b3d91647abb20e7b8 --key 6a793f752c88faeba59bba49 \\
    --desc \"ci deploys\"
  atlas-admin api-key update --org 32b6e34b3d91647abb20e7b8 --key 6a793f752c88faeba59bba49 \\
    --role ORG_READ_ONLY,ORG_BILLING_READ_ONLY --dry-run";

/// Update an API key's description or organization roles
///
/// Options that you omit leave the key unchanged. --role replaces all roles that the key
/// has in the organization; its project roles are not affected.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
#[command(group(ArgGroup::new("change").args(["desc", "role"]).required(true).multiple(true)))]
pub(in crate::commands) struct Update {
    #[command(flatten)]
    org: OrgArgs,

    #[command(flatten)]
    key: KeyArgs,

    /// New description, 1 to 250 characters
    #[arg(long, value_name = "TEXT")]
    desc: Option<String>,

    #[command(flatten)]
    roles: RoleArgs,
}

pub(super) fn run(command: &Update, context: &Context<'_>) -> Result<ExitStatus, CliError> {
    let org = context.org(&command.org)?;
    context.check_roles(RoleScope::Organization, &command.roles)?;
    let call = |client: &atlas_admin::Client| {
        let mut update = client.org(org).api_key(&command.key.key).update();
        if let Some(desc) = &command.desc {
            update = update.desc(desc);
        }
        if !command.roles.role.is_empty() {
            update = update.roles(command.roles.names());
        }
        Call::new(update.to_request(), update)
    };
    context.run(call, api_key::print)
}
