//! `access-list`: manage the addresses that an API key may be used from.

mod add;
mod delete;
mod entries;
mod get;
mod list;

use clap::Subcommand;

use super::context::Context;
use crate::error::{CliError, ExitStatus};

const EXAMPLES: &str = "\
Examples:
  atlas-admin access-list list --org 32b6e34b3d91647abb20e7b8 --key 6a793f752c88faeba59bba49
  atlas-admin access-list add --org 32b6e34b3d91647abb20e7b8 --key 6a793f752c88faeba59bba49 \\
    203.0.113.0/24 198.51.100.7";

#[derive(Subcommand)]
#[command(after_help = EXAMPLES)]
pub(super) enum AccessList {
    List(list::List),
    Add(add::Add),
    Get(get::Get),
    Delete(delete::Delete),
}

pub(super) fn run(command: &AccessList, context: &Context<'_>) -> Result<ExitStatus, CliError> {
    match command {
        AccessList::List(command) => list::run(command, context),
        AccessList::Add(command) => add::run(command, context),
        AccessList::Get(command) => get::run(command, context),
        AccessList::Delete(command) => delete::run(command, context),
    }
}
