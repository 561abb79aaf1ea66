//! The command line: one file for each command.

mod access_list;
mod api_key;
mod apply;
mod auth;
mod command_line;
mod completions;
mod context;
mod create;
mod deletion;
#[cfg(feature = "emulator")]
mod emulator;
mod export;
mod journal_file;
mod listing;
mod man;
mod project_key;
mod prompt;
mod roles;
mod schema;
mod secret_file;

use clap::{FromArgMatches, Parser, Subcommand};
use clap_complete::CompleteEnv;

use self::context::Context;
use crate::{
    args::{Format, GlobalArgs},
    error::{CliError, ExitStatus},
    ui::Output,
};

const EXAMPLES: &str = "\
Examples:
  atlas-admin api-key create --org ID --desc \"ci deploys\" --role ORG_MEMBER --secret-file ci.key
  atlas-admin project-key assign --project ID --key ID --role GROUP_READ_ONLY
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
    /// Manage the API keys of an organization
    #[command(subcommand, alias = "org-key")]
    ApiKey(api_key::ApiKey),
    /// Manage the API keys of a project, and their roles there
    #[command(subcommand)]
    ProjectKey(project_key::ProjectKey),
    /// Manage the addresses that an API key may be used from
    #[command(subcommand)]
    AccessList(access_list::AccessList),
    Apply(apply::Apply),
    Export(export::Export),
    #[cfg(feature = "emulator")]
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

impl Cli {
    /// Parses the command line, or answers a shell that asks for completions.
    pub(crate) fn parse_or_complete() -> Result<Self, clap::Error> {
        CompleteEnv::with_factory(command_line::with_candidates)
            .var(command_line::COMPLETE)
            .complete();
        let mut command = command_line::command_line();
        let mut matches = command.try_get_matches_from_mut(std::env::args_os())?;
        Self::from_arg_matches_mut(&mut matches).map_err(|error| error.format(&mut command))
    }
}

/// Runs the command.
pub(crate) fn run(cli: Cli, output: &Output) -> Result<ExitStatus, CliError> {
    let global = &cli.global;
    check_format(&cli.command, global)?;
    let context = || Context::load(global, output);
    let done = |()| ExitStatus::Success;
    match cli.command {
        Command::ApiKey(command) => api_key::run(&command, &context()?),
        Command::ProjectKey(command) => project_key::run(&command, &context()?),
        Command::AccessList(command) => access_list::run(&command, &context()?),
        Command::Apply(command) => apply::run(&command, global, output),
        Command::Export(command) => export::run(&command, &context()?),
        #[cfg(feature = "emulator")]
        Command::Emulator(command) => emulator::run(&command, output).map(done),
        Command::Roles(_) => roles::run(global, output).map(done),
        Command::Schema(command) => schema::run(&command, output).map(done),
        Command::Completions(command) => completions::run(&command, output).map(done),
        Command::Auth(auth::Auth::Status(_)) => auth::run(global, output).map(done),
        Command::Man(command) => man::run(&command).map(done),
    }
}

/// Refuses a format that the command does not have.
fn check_format(command: &Command, global: &GlobalArgs) -> Result<(), CliError> {
    let (is_available, commands) = match global.output {
        Format::Table | Format::Json | Format::Yaml => return Ok(()),
        Format::Csv => (
            matches!(
                command,
                Command::ApiKey(api_key::ApiKey::List(_))
                    | Command::ProjectKey(project_key::ProjectKey::List(_))
            ),
            "--output csv is for api-key list and project-key list",
        ),
        Format::Github => (
            matches!(command, Command::Apply(_)),
            "--output github is for apply",
        ),
    };
    if !is_available {
        return Err(CliError::input(commands));
    }
    if global.dry_run {
        return Err(CliError::input(
            "--dry-run prints requests as a table, JSON or YAML",
        ));
    }
    Ok(())
}
