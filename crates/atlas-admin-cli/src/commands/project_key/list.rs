//! `project-key list`

use clap::Args;

use crate::{
    args::ProjectArgs,
    commands::{context::Context, listing},
    error::{CliError, ExitStatus},
    ui::api_key,
};

const EXAMPLES: &str = "\
Examples:
  atlas-admin project-key list --project 32b6e34b3d91647abb20e7b9
  atlas-admin project-key list --output json | jq -r .[].publicKey";

/// List the API keys with roles in a project
///
/// The table has their roles in this project; --output json has all of their roles.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::commands) struct List {
    #[command(flatten)]
    project: ProjectArgs,
}

pub(super) fn run(command: &List, context: &Context<'_>) -> Result<ExitStatus, CliError> {
    let project = context.project(&command.project)?;
    context.run(
        |client| listing::call(client.project(&project).api_keys().list()),
        |keys, output| api_key::print_list(keys, Some(&project), output),
    )
}
