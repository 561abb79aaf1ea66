//! The command line as a whole: what clap cannot say of single options.

use clap::{Command, CommandFactory, ValueHint};
use clap_complete::{ArgValueCandidates, CompletionCandidate};

use super::Cli;
use crate::{args::GlobalArgs, config, roles::RoleScope};

/// The variable with which shells ask for completions.
pub(super) const COMPLETE: &str = "ATLAS_ADMIN_COMPLETE";

/// Returns the command line for parsing and help.
///
/// Options are hidden, but still accepted, in commands that do not use them.
pub(crate) fn command_line() -> Command {
    let mut command = Cli::command();
    for (name, uses_service) in [
        ("roles", true),
        ("schema", false),
        ("completions", false),
        ("man", false),
        ("emulator", false),
    ] {
        let unused: Vec<_> = command
            .get_arguments()
            .filter(|arg| match arg.get_id().as_str() {
                "service" => !uses_service,
                "dry_run" => true,
                id => GlobalArgs::CONNECTION.contains(&id),
            })
            .map(|arg| arg.clone().hide(true))
            .collect();
        // clap adds only those global options that a command does not have.
        command = command.mut_subcommand(name, |command| command.args(unused));
    }
    command
}

/// Returns the command line with what shells offer for the values of options.
pub(crate) fn with_candidates() -> Command {
    with_candidates_for(command_line(), &RoleScope::ALL)
}

/// `scopes` are those of the roles that the command above takes.
fn with_candidates_for(command: Command, scopes: &'static [RoleScope]) -> Command {
    let scopes: &[RoleScope] = match command.get_name() {
        "api-key" => &[RoleScope::Organization],
        "project-key" => &[RoleScope::Project],
        // Their conditions are about roles of both kinds.
        "list" | "rotate" => &RoleScope::ALL,
        _ => scopes,
    };
    command
        .mut_args(|arg| match arg.get_id().as_str() {
            "role" => arg.add(ArgValueCandidates::new(|| candidates(role_names(scopes)))),
            "profile" => arg.add(ArgValueCandidates::new(|| {
                candidates(config::profile_names())
            })),
            // Shells would offer files.
            _ if arg.get_action().takes_values() && arg.get_value_hint() == ValueHint::Unknown => {
                arg.value_hint(ValueHint::Other)
            }
            _ => arg,
        })
        .mut_subcommands(|command| with_candidates_for(command, scopes))
}

fn role_names(scopes: &[RoleScope]) -> Vec<String> {
    let services = atlas_admin::Service::ALL;
    let roles = scopes
        .iter()
        .flat_map(|scope| services.iter().flat_map(|service| scope.roles(*service)));
    let mut names: Vec<_> = roles.collect();
    names.sort_unstable();
    names.dedup();
    names
}

fn candidates(names: Vec<String>) -> Vec<CompletionCandidate> {
    names.into_iter().map(CompletionCandidate::new).collect()
}
