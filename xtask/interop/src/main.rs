//! Interoperability: the client with third-party servers, and the emulator with third-party
//! clients.

mod clients;
mod digest;
mod ids;
mod outcome;
mod process;

use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Parser;
use tokio::runtime::Runtime;
use xtask_support::{exit_code, workspace_root};

use outcome::passes;

/// Test with third-party servers and clients
#[derive(Parser)]
#[command(bin_name = "cargo xtask interop")]
enum Task {
    /// Run the clients against the digest authentication of Apache, lighttpd and libmicrohttpd
    Digest(digest::Options),
    /// Run curl, Python, Go and schemathesis against the emulator, and the client against Prism
    Clients(clients::Options),
}

fn main() -> ExitCode {
    let task = Task::parse();
    let runtime = Runtime::new().context("no runtime");
    exit_code(runtime.and_then(|runtime| runtime.block_on(run(&task))))
}

async fn run(task: &Task) -> Result<bool> {
    let root = workspace_root()?;
    let (table, outcomes, require_all) = match task {
        Task::Digest(options) => {
            let rows = digest::run(&root, options).await?;
            let outcomes: Vec<_> = rows.iter().map(digest::Row::outcome).collect();
            (digest::table_of(&rows), outcomes, options.require_all)
        }
        Task::Clients(options) => {
            let rows = clients::run(&root, options).await?;
            let outcomes = rows.iter().map(|row| row.outcome.clone()).collect();
            (clients::table_of(&rows), outcomes, options.require_all)
        }
    };
    println!("{table}\n\n{}", outcome::counts(&outcomes));
    Ok(passes(&outcomes, require_all))
}
