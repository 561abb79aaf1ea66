//! `man`: manual pages, for those who package the command.

use std::{fs, path::PathBuf};

use clap::{Args, CommandFactory};

use crate::{cli::Cli, exit::Failure};

const EXAMPLES: &str = "\
Example:
  atlas-admin man /usr/local/share/man/man1";

/// Write the manual pages into a folder
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Man {
    /// The folder, which is made if it is not there
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

pub(super) fn run(command: &Man) -> Result<(), Failure> {
    fs::create_dir_all(&command.folder)
        .and_then(|()| clap_mangen::generate_to(Cli::command(), &command.folder))
        .map_err(|error| Failure::local(command.folder.display(), error))
}
