//! `project-key list`

use atlas_admin::Client;
use clap::Args;

use crate::{
    args::ProjectArgs,
    commands::{context::Context, listing},
    error::{CliError, ExitStatus},
    ui::key_list::{self, ListedKey},
};

const EXAMPLES: &str = "\
Examples:
  atlas-admin project-key list --project 32b6e34b3d91647abb20e7b9
  atlas-admin project-key list --output json | jq -r .[].publicKey";

/// List the API keys with roles in a project
///
/// The table has their roles in this project; --output json and csv have all of
/// their roles.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::commands) struct List {
    #[command(flatten)]
    project: ProjectArgs,
}

pub(super) fn run(command: &List, context: &Context<'_>) -> Result<ExitStatus, CliError> {
    let project = context.project(&command.project)?;
    let call = |client: &Client| listing::call(client.project(&project).api_keys().list());
    if context.dry_run {
        return context.preview(call);
    }
    let keys = context.with_session(async |session| Ok(call(&session.client)?.send().await?))?;
    let keys = ListedKey::without_usage(keys);
    key_list::print(&keys, Some(&project), context.output)?;
    Ok(ExitStatus::Success)
}
