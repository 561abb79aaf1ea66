//! `atlas-admin`: manage programmatic API keys on MongoDB Atlas and Ops Manager.
//!
//! Layers, from the top: `commands` → `client` → `config` → `ui` → `error` → `args`.

mod args;
mod client;
mod commands;
mod config;
mod diagnostic;
mod error;
mod roles;
mod runtime;
mod signal;
mod ui;

use std::process::ExitCode;

use clap::Parser;

use crate::{commands::Cli, ui::Output};

fn main() -> ExitCode {
    let cli = Cli::parse();
    cli.global.color.write_global();
    let output = Output::new(&cli.global);
    output.log_if_verbose();
    match commands::run(cli, &output) {
        Ok(status) => status.into(),
        Err(error) => {
            output.error(&error);
            error.exit_status().into()
        }
    }
}
