//! The commands, each in a file of its own.

mod completions;
mod emulator;
mod login;
mod man;
mod one_call;
mod org_key;
mod project_key;
mod roles;
mod schema;

use clap::Subcommand;

use crate::{
    apply,
    cli::Cli,
    exit::{Exit, Failure},
    output::{Output, done},
};

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Read or update an API key of an organization
    #[command(subcommand)]
    OrgKey(org_key::OrgKey),
    /// Set the roles of an API key in a project
    #[command(subcommand)]
    ProjectKey(project_key::ProjectKey),
    Apply(apply::Apply),
    Emulator(emulator::Emulator),
    Roles(roles::Roles),
    Schema(schema::Schema),
    Completions(completions::Completions),
    /// Look at the credentials
    #[command(subcommand)]
    Login(login::Login),
    #[command(hide = true)]
    Man(man::Man),
}

pub(crate) fn run(cli: Cli, output: &Output) -> Result<Exit, Failure> {
    let global = &cli.global;
    match cli.command {
        Command::OrgKey(command) => done(org_key::run(&command, global, output)),
        Command::ProjectKey(command) => done(project_key::run(&command, global, output)),
        Command::Apply(command) => apply::run(&command, global, output),
        Command::Emulator(command) => done(emulator::run(&command, output)),
        Command::Roles(_) => done(roles::run(global, output)),
        Command::Schema(_) => done(schema::run(output)),
        Command::Completions(command) => done(completions::run(&command, output)),
        Command::Login(login::Login::Check(_)) => login::run(global, output),
        Command::Man(command) => done(man::run(&command)),
    }
}
