//! `atlas-admin`: manage programmatic API keys on MongoDB Atlas and Ops Manager.
//!
//! Layers, from the top: `commands` → `client` → `config`, `token_cache` → `ui` → `error`
//! → `text`, `diagnostic` → `args`.

mod args;
mod client;
mod commands;
mod config;
mod diagnostic;
mod error;
mod roles;
mod runtime;
mod signal;
mod text;
mod token_cache;
mod ui;

use std::process::ExitCode;

use clap::Parser;

use crate::{args::without_secrets, commands::Cli, ui::Output};

fn main() -> ExitCode {
    let cli = Cli::try_parse().unwrap_or_else(|error| without_secrets(error).exit());
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
