//! `access-list delete`

use atlas_admin::Network;
use clap::Args;
use serde_json::json;

use super::entries::EntryArgs;
use crate::{
    args::{KeyArgs, OrgArgs},
    client::Call,
    commands::{
        context::Context,
        deletion::{self, Deletion, DeletionArgs},
        listing,
    },
    error::{CliError, ExitStatus},
    ui::{access_list, table::render},
};

const EXAMPLES: &str = "\
Examples:
  atlas-admin access-list delete --org 32b6e34b3d91647abb20e7b8 \\
    --key 6a793f752c88faeba59bba49 203.0.113.0/24
  atlas-admin access-list delete --key 6a793f752c88faeba59bba49 198.51.100.7 --yes --missing-ok";

/// Delete an entry of an API key's access list
///
/// Without any entries, the key may be used from anywhere, unless its organization requires a
/// list. Reads the list and asks for confirmation; without a terminal, --yes is required.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::commands) struct Delete {
    #[command(flatten)]
    org: OrgArgs,

    #[command(flatten)]
    key: KeyArgs,

    #[command(flatten)]
    entry: EntryArgs,

    #[command(flatten)]
    deletion: DeletionArgs,
}

pub(super) fn run(command: &Delete, context: &Context<'_>) -> Result<ExitStatus, CliError> {
    let org = context.org(&command.org)?;
    let key = &command.key.key;
    let entry = Network::from(command.entry.entry());
    let deletion = Deletion {
        verb: "Delete",
        participle: "deleted",
        name: format!("access list entry {entry} of API key {key}"),
        fields: json!({ "id": key, "entry": entry.to_string() }),
    };
    deletion::run(
        context,
        &command.deletion,
        &deletion,
        |client| {
            let list = client.org(&org).api_key(key).access_list();
            let mut delete = list.delete(entry.clone());
            if command.deletion.missing_ok {
                delete = delete.missing_ok();
            }
            Call::new(delete.to_request(), delete)
        },
        async |session| {
            let list = session.client.org(&org).api_key(key).access_list();
            // Validates the entry, before anything is read.
            list.get(entry.clone()).to_request()?;
            let entries = listing::call(list.list())?.send().await?;
            let is_meant = |listed: &&_| Network::from(*listed) == entry;
            Ok(entries.iter().find(is_meant).map(|found| {
                let mut text = render(&access_list::list([found]));
                if entries.len() == 1 {
                    text.push_str(
                        "\nWithout it the list is empty: the key may be used from anywhere, \
                         unless its organization requires a list.",
                    );
                }
                text
            }))
        },
    )
}
