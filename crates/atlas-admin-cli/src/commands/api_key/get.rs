//! `api-key get`

use clap::Args;

use crate::{
    args::{KeyArgs, OrgArgs},
    client::Call,
    commands::context::Context,
    error::{CliError, ExitStatus},
    ui::api_key,
};

const EXAMPLES: &str = "\
Examples:
  atlas-admin api-key get --org 32b6e34b3d91647abb20e7b8 --key 6a793f752c88faeba59bba49
  MONGODB_ATLAS_ORG_ID=32b6e34b3d91647abb20e7b8 \\
    atlas-admin api-key get --key 6a793f752c88faeba59bba49 --output json | jq .roles";

/// Show an API key
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::commands) struct Get {
    #[command(flatten)]
    org: OrgArgs,

    #[command(flatten)]
    key: KeyArgs,
}

pub(super) fn run(command: &Get, context: &Context<'_>) -> Result<ExitStatus, CliError> {
    let org = context.org(&command.org)?;
    let call = |client: &atlas_admin::Client| {
        let get = client.org(org).api_key(&command.key.key).get();
        Call::new(get.to_request(), get)
    };
    context.run(call, api_key::print)
}
