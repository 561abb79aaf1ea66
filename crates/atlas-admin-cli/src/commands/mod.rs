//! The command line: one file for each command.

mod apply;
mod auth;
mod completions;
mod emulator;
mod man;
mod org_key;
mod project_key;
mod roles;
mod schema;
mod single_call;

use clap::{Parser, Subcommand};

use crate::{
    args::GlobalArgs,
    error::{CliError, ExitStatus},
    ui::Output,
};

const EXAMPLES: &str = "\
Examples:
  atlas-admin org-key update --org ID --key ID --desc \"ci deploys\" --role ORG_READ_ONLY
  atlas-admin project-key set-roles --project ID --key ID --role GROUP_READ_ONLY
  atlas-admin apply keys.yaml --plan

Exit codes:
  0    success
  1    a call failed, or its outcome is unknown
  2    invalid input
  3    missing or rejected credentials
  130  interrupted";

/// Manage programmatic API keys on MongoDB Atlas and Ops Manager
#[derive(Parser)]
#[command(name = "atlas-admin", version, max_term_width = 100, after_help = EXAMPLES)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: GlobalArgs,

    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Read or update an organization's API key
    #[command(subcommand)]
    OrgKey(org_key::OrgKey),
    /// Set an API key's roles in a project
    #[command(subcommand)]
    ProjectKey(project_key::ProjectKey),
    Apply(apply::Apply),
    Emulator(emulator::Emulator),
    Roles(roles::Roles),
    Schema(schema::Schema),
    Completions(completions::Completions),
    /// Show the credentials and settings in use
    #[command(subcommand, alias = "login")]
    Auth(auth::Auth),
    #[command(hide = true)]
    Man(man::Man),
}

/// Runs the command.
pub(crate) fn run(cli: Cli, output: &Output) -> Result<ExitStatus, CliError> {
    let global = &cli.global;
    let done = |()| ExitStatus::Success;
    match cli.command {
        Command::OrgKey(command) => org_key::run(&command, global, output).map(done),
        Command::ProjectKey(command) => project_key::run(&command, global, output).map(done),
        Command::Apply(command) => apply::run(&command, global, output),
        Command::Emulator(command) => emulator::run(&command, output).map(done),
        Command::Roles(_) => roles::run(global, output).map(done),
        Command::Schema(_) => schema::run(output).map(done),
        Command::Completions(command) => completions::run(&command, output).map(done),
        Command::Auth(auth::Auth::Status(_)) => auth::run(global, output).map(done),
        Command::Man(command) => man::run(&command).map(done),
    }
}
