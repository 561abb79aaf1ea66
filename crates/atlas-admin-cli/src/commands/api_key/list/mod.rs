//! `api-key list`

mod access_lists;
mod filter;

use atlas_admin::Client;
use clap::{Args, value_parser};

use self::filter::Filter;
use crate::{
    args::OrgArgs,
    commands::{context::Context, listing},
    error::{CliError, ExitStatus},
    ui::key_list::{self, ListedKey},
};

const EXAMPLES: &str = "\
Examples:
  atlas-admin api-key list --org 32b6e34b3d91647abb20e7b8
  atlas-admin api-key list --role ORG_OWNER --older-than 90d --output csv > owners.csv
  atlas-admin api-key list --unused-since 30d
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

    /// Number of access lists to read at once, 1 to 256
    #[arg(
        long,
        value_name = "NUMBER",
        default_value = "8",
        value_parser = value_parser!(u16).range(1..=256),
        requires = "access_list_filter"
    )]
    concurrency: u16,

    #[command(flatten)]
    filter: Filter,
}

pub(super) fn run(command: &List, context: &Context<'_>) -> Result<ExitStatus, CliError> {
    let filter = &command.filter;
    let org = context.org(&command.org)?;
    context.check_any_roles(&filter.role)?;
    let call = |client: &Client| listing::call(client.org(&org).api_keys().list());
    if context.dry_run {
        return context.preview(call);
    }
    let keys = context.with_rate_limited_session(async |session| {
        let mut keys = call(&session.client)?.send().await?;
        keys.retain(|key| filter.admits(key));
        if !filter.needs_access_lists() {
            return Ok(ListedKey::without_usage(keys));
        }
        let org = session.client.org(&org);
        let concurrency = command.concurrency.into();
        let mut keys = access_lists::read(&org, keys, concurrency, context.output).await?;
        filter.retain_by_usage(&mut keys, context.output);
        Ok(keys)
    })?;
    key_list::print(&keys, filter.project.as_ref(), context.output)?;
    Ok(ExitStatus::Success)
}
