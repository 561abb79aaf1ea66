//! `completions`: scripts for shells.

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use crate::{cli::Cli, exit::Failure, output::Output};

const EXAMPLES: &str = "\
Examples:
  atlas-admin completions bash > ~/.local/share/bash-completion/completions/atlas-admin
  atlas-admin completions zsh > \"${fpath[1]}/_atlas-admin\"";

/// Print a completion script for a shell
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Completions {
    /// The shell
    shell: Shell,
}

pub(super) fn run(command: &Completions, output: &Output) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(
        command.shell,
        &mut Cli::command(),
        "atlas-admin",
        &mut script,
    );
    output.text(&String::from_utf8_lossy(&script))
}
