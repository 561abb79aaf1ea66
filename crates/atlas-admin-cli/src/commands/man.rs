//! `man`: write manual pages, for packagers.

use std::{fs, path::PathBuf};

use clap::Args;

use super::command_line::command_line;
use crate::error::CliError;

const EXAMPLES: &str = "\
Example:
  atlas-admin man /usr/local/share/man/man1";

/// Write the manual pages to a folder
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Man {
    /// Folder to write to; created if missing
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

pub(super) fn run(command: &Man) -> Result<(), CliError> {
    // Pages by an older name come first, so that the page of all commands has the newer one.
    let older = command_line().mut_subcommand("api-key", |command| {
        command.name("org-key").alias(None::<&str>)
    });
    let generate = |command_line| clap_mangen::generate_to(command_line, &command.folder);
    fs::create_dir_all(&command.folder)
        .and_then(|()| generate(older))
        .and_then(|()| generate(command_line()))
        .map_err(|error| CliError::local(command.folder.display(), error))
}
