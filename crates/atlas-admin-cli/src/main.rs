//! `atlas-admin`: programmatic API keys on MongoDB Atlas and Ops Manager, one or
//! ten thousand.

mod apply;
mod catalog;
mod cli;
mod commands;
mod connect;
mod dry_run;
mod exit;
mod key_view;
mod output;
mod read_key;
mod runtime;
mod service;
mod settings;
mod signals;

use std::process::ExitCode;

use clap::Parser;

use crate::{cli::Cli, output::Output};

fn main() -> ExitCode {
    let cli = Cli::parse();
    cli.global.color.write_global();
    let output = Output::new(&cli.global);
    output.log_if_verbose();
    match commands::run(cli, &output) {
        Ok(exit) => exit.into(),
        Err(failure) => {
            output.failure(&failure);
            failure.exit().into()
        }
    }
}
