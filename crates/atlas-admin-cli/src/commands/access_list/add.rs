//! `access-list add`

use clap::Args;

use super::entries::EntriesArgs;
use crate::{
    args::{KeyArgs, OrgArgs},
    client::Call,
    commands::context::Context,
    error::{CliError, ExitStatus},
    ui::{access_list, response},
};

const EXAMPLES: &str = "\
Examples:
  atlas-admin access-list add --org 32b6e34b3d91647abb20e7b8 --key 6a793f752c88faeba59bba49 \\
    203.0.113.0/24 198.51.100.7 2001:db8::/32
  atlas-admin access-list add --key 6a793f752c88faeba59bba49 --entry 203.0.113.0/24,198.51.100.7";

/// Add addresses and networks to an API key's access list
///
/// From then on, the key can be used only from the entries on its list. Prints the entries that
/// the service shows afterwards.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::commands) struct Add {
    #[command(flatten)]
    org: OrgArgs,

    #[command(flatten)]
    key: KeyArgs,

    #[command(flatten)]
    entries: EntriesArgs,
}

pub(super) fn run(command: &Add, context: &Context<'_>) -> Result<ExitStatus, CliError> {
    let org = context.org(&command.org)?;
    let call = |client: &atlas_admin::Client| {
        let list = client.org(org).api_key(&command.key.key).access_list();
        let add = list.add(command.entries.entries());
        Call::new(add.to_request(), add)
    };
    context.run(call, |page, output| {
        access_list::print_list(&page.results, output)?;
        response::notes(page, output);
        Ok(())
    })
}
