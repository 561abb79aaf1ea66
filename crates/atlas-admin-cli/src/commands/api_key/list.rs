//! `api-key list`

use clap::Args;

use crate::{
    args::OrgArgs,
    commands::{context::Context, listing},
    error::{CliError, ExitStatus},
    ui::api_key,
};

const EXAMPLES: &str = "\
Examples:
  atlas-admin api-key list --org 32b6e34b3d91647abb20e7b8
  atlas-admin api-key list --output json | jq -r '.[] | select(.desc == \"ci deploys\") | .id'";

/// List an organization's API keys
///
/// Roles in projects are counted; --output json has all of them.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::commands) struct List {
    #[command(flatten)]
    org: OrgArgs,
}

pub(super) fn run(command: &List, context: &Context<'_>) -> Result<ExitStatus, CliError> {
    let org = context.org(&command.org)?;
    context.run(
        |client| listing::call(client.org(org).api_keys().list()),
        |keys, output| api_key::print_list(keys, None, output),
    )
}
