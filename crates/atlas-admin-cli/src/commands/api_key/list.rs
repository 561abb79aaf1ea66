//! `api-key list`

use atlas_admin::Client;
use clap::Args;

use super::selection::Selection;
use crate::{
    args::OrgArgs,
    commands::{context::Context, listing},
    error::{CliError, ExitStatus},
    ui::key_list,
};

const EXAMPLES: &str = "\
Examples:
  atlas-admin api-key list --org 32b6e34b3d91647abb20e7b8
  atlas-admin api-key list --role ORG_OWNER --older-than 90d --output csv > owners.csv
  atlas-admin api-key list --desc-glob 'ci-*' --unused-since 30d
  atlas-admin api-key list --output json | jq -r '.[] | select(.desc == \"ci deploys\") | .id'";

/// List an organization's API keys
///
/// Roles in projects are counted; --output json and csv have all of them. Keys must meet all
/// conditions that are given.
///
/// --unused-since and --without-access-list read the access list of each key that meets the
/// other conditions, with one request each.
///
/// Services record when a key was used only in the entries of its access list, each from the time
/// when it was added. So the last use of a key without any entries is unknown, and --unused-since
/// leaves the key out; find these keys with --without-access-list. A key whose entries have never
/// been used counts as unused since the first of them was added. Entries that were deleted tell
/// nothing.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::commands) struct List {
    #[command(flatten)]
    org: OrgArgs,

    #[command(flatten)]
    selection: Selection,
}

pub(super) fn run(command: &List, context: &Context<'_>) -> Result<ExitStatus, CliError> {
    let selection = &command.selection;
    let org = context.org(&command.org)?;
    selection.check(context)?;
    let call = |client: &Client| listing::call(client.org(&org).api_keys().list());
    if context.dry_run {
        return context.preview(call);
    }
    let keys = context.with_rate_limited_session(async |session| {
        let keys = call(&session.client)?.send().await?;
        let org = session.client.org(&org);
        selection.select(&org, keys, context.output).await
    })?;
    key_list::print(&keys, selection.project(), context.output)?;
    Ok(ExitStatus::Success)
}
