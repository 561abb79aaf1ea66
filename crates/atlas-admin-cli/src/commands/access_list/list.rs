//! `access-list list`

use clap::Args;

use crate::{
    args::{KeyArgs, OrgArgs},
    commands::{context::Context, listing},
    error::{CliError, ExitStatus},
    ui::access_list,
};

const EXAMPLES: &str = "\
Examples:
  atlas-admin access-list list --org 32b6e34b3d91647abb20e7b8 --key 6a793f752c88faeba59bba49
  atlas-admin access-list list --key 6a793f752c88faeba59bba49 --output json \\
    | jq -r '.[] | select(.count == 0) | .cidrBlock'";

/// List the addresses that an API key may be used from
///
/// Without any entries, a key may be used from anywhere, unless its organization requires a list.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::commands) struct List {
    #[command(flatten)]
    org: OrgArgs,

    #[command(flatten)]
    key: KeyArgs,
}

pub(super) fn run(command: &List, context: &Context<'_>) -> Result<ExitStatus, CliError> {
    let org = context.org(&command.org)?;
    let call = |client: &atlas_admin::Client| {
        let key = client.org(org).api_key(&command.key.key);
        listing::call(key.access_list().list())
    };
    context.run(call, access_list::print_list)
}
