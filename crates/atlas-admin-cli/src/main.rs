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

use std::{env, process::ExitCode};

use crate::{args::without_secrets, commands::Cli, error::ExitStatus, ui::Output};

fn main() -> ExitCode {
    let cli = match Cli::parse_or_complete() {
        Ok(cli) => cli,
        // With this flag, 2 is no error.
        Err(error) if error.use_stderr() && env::args_os().any(|arg| arg == "--exit-code") => {
            let _ = without_secrets(error).print();
            return ExitStatus::Failure.into();
        }
        Err(error) => without_secrets(error).exit(),
    };
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
