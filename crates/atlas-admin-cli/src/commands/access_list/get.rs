//! `access-list get`

use clap::Args;

use super::entries::EntryArgs;
use crate::{
    args::{KeyArgs, OrgArgs},
    client::Call,
    commands::context::Context,
    error::{CliError, ExitStatus},
    ui::{access_list, response},
};

const EXAMPLES: &str = "\
Example:
  atlas-admin access-list get --org 32b6e34b3d91647abb20e7b8 --key 6a793f752c88faeba59bba49 \\
    203.0.113.0/24";

/// Show an entry of an API key's access list, with its use so far
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::commands) struct Get {
    #[command(flatten)]
    org: OrgArgs,

    #[command(flatten)]
    key: KeyArgs,

    #[command(flatten)]
    entry: EntryArgs,
}

pub(super) fn run(command: &Get, context: &Context<'_>) -> Result<ExitStatus, CliError> {
    let org = context.org(&command.org)?;
    let call = |client: &atlas_admin::Client| {
        let list = client.org(org).api_key(&command.key.key).access_list();
        let get = list.get(command.entry.entry());
        Call::new(get.to_request(), get)
    };
    context.run(call, |entry, output| {
        access_list::print(entry, output)?;
        response::notes(entry, output);
        Ok(())
    })
}
