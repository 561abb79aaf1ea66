//! `completions`: print shell completion scripts.

use clap::Args;
use clap_complete::{Shell, env::Shells};

use super::command_line::COMPLETE;
use crate::{error::CliError, ui::Output};

const EXAMPLES: &str = "\
Examples:
  atlas-admin completions bash > ~/.local/share/bash-completion/completions/atlas-admin
  atlas-admin completions zsh > \"${fpath[1]}/_atlas-admin\"";

/// Print a shell completion script
///
/// The script asks atlas-admin, which has to be on the PATH, so that it completes the roles and
/// profiles that there are.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Completions {
    /// Shell to print the script for
    shell: Shell,
}

pub(super) fn run(command: &Completions, output: &Output) -> Result<(), CliError> {
    let (shells, name) = (Shells::builtins(), command.shell.to_string());
    let failed = |error| CliError::local(format_args!("no completions for {name}"), error);
    let completer = shells.completer(&name);
    let completer = completer.ok_or_else(|| failed("unknown shell".to_owned()))?;
    let mut script = Vec::new();
    completer
        .write_registration(
            COMPLETE,
            "atlas-admin",
            "atlas-admin",
            "atlas-admin",
            &mut script,
        )
        .map_err(|error| failed(error.to_string()))?;
    output.text(&String::from_utf8_lossy(&script))
}
