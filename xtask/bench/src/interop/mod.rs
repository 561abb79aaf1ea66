//! The client against servers that others wrote, and the emulator against
//! clients that others wrote.

mod access_log;
mod apache;
mod backend;
mod clients;
mod credentials;
mod digest;
mod lighttpd;
mod packages;
mod process;
mod report;
mod workload;

use std::{path::Path, process::ExitCode};

use anyhow::Result;
use clap::{Args, Subcommand};

#[derive(Subcommand)]
pub(crate) enum With {
    /// Digest authentication of Apache and lighttpd, on this machine
    Digest(Options),
    /// curl, Python, Go and schemathesis against the emulator; the client against Prism
    Clients(clients::Options),
}

#[derive(Args)]
pub(crate) struct Options {
    /// Fail where a server cannot be installed, in place of skipping it
    #[arg(long)]
    require_all: bool,
    /// How often to run Apache with AuthDigestNcCheck at 32 at once
    #[arg(long, default_value_t = 1, value_name = "TIMES")]
    repeat: u32,
}

/// Fails if a row does.
pub(crate) async fn run(root: &Path, with: &With) -> Result<ExitCode> {
    let passes = match with {
        With::Digest(options) => {
            let rows = digest::run(root, options).await?;
            println!("{}", report::table_of(&rows));
            report::passes(&rows, options.require_all)
        }
        With::Clients(options) => {
            let rows = clients::run(root, options).await?;
            println!("{}", clients::table_of(&rows));
            clients::passes(&rows, options.require_all)
        }
    };
    Ok(if passes {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
