//! `api-key`: manage the API keys of an organization.

mod create;
mod delete;
mod get;
mod list;
mod rotate;
mod selection;
mod update;

use clap::Subcommand;

use super::context::Context;
use crate::error::{CliError, ExitStatus};

const EXAMPLES: &str = "\
Examples:
  atlas-admin api-key list --org 32b6e34b3d91647abb20e7b8
  atlas-admin api-key create --org 32b6e34b3d91647abb20e7b8 --desc \"ci deploys\" \\
    --role ORG_MEMBER --secret-file ci.key";

#[derive(Subcommand)]
#[command(after_help = EXAMPLES)]
pub(super) enum ApiKey {
    List(list::List),
    Create(create::Create),
    Get(get::Get),
    Update(update::Update),
    Rotate(Box<rotate::Rotate>),
    Delete(delete::Delete),
}

pub(super) fn run(command: &ApiKey, context: &Context<'_>) -> Result<ExitStatus, CliError> {
    match command {
        ApiKey::List(command) => list::run(command, context),
        ApiKey::Create(command) => create::run(command, context),
        ApiKey::Get(command) => get::run(command, context),
        ApiKey::Update(command) => update::run(command, context),
        ApiKey::Rotate(command) => rotate::run(command, context),
        ApiKey::Delete(command) => delete::run(command, context),
    }
}
