//! `completions`: print shell completion scripts.

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::Cli;
use crate::{error::CliError, ui::Output};

const EXAMPLES: &str = "\
Examples:
  atlas-admin completions bash > ~/.local/share/bash-completion/completions/atlas-admin
  atlas-admin completions zsh > \"${fpath[1]}/_atlas-admin\"";

/// Print a shell completion script
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Completions {
    /// Shell to print the script for
    shell: Shell,
}

pub(super) fn run(command: &Completions, output: &Output) -> Result<(), CliError> {
    let mut script = Vec::new();
    clap_complete::generate(
        command.shell,
        &mut Cli::command(),
        "atlas-admin",
        &mut script,
    );
    output.text(&String::from_utf8_lossy(&script))
}
