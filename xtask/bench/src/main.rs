//! Measurements that need the client as users have it: the benchmark beside
//! its peers, runs with servers and clients that others wrote, and the soak. They
//! are a package of their own so that `cargo xtask generate` need not build them.

mod bench;
mod install;
mod interop;
mod soak;
mod table;

use std::{path::PathBuf, process::ExitCode};

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};
use tokio::runtime::Builder;

/// Measurements of this workspace.
#[derive(Parser)]
#[command(bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Measure the client beside raw reqwest and other digest clients
    Bench(bench::Options),
    /// Run the client against real servers, and foreign clients against the emulator
    Interop {
        #[command(subcommand)]
        with: interop::With,
    },
    /// Make many updates on a service with faults, and compare what was told with what is so
    Soak(soak::Options),
    /// One client's run; `bench` starts this
    #[command(hide = true)]
    Client { client: bench::BuiltIn },
    /// The server of a benchmark; `bench` starts this
    #[command(hide = true)]
    Serve(bench::Serve),
}

fn main() -> ExitCode {
    let task = Arguments::parse().task;
    // A client works on one thread: then its time is its own, and not that of
    // waking threads up. So does the server, on the other processor.
    let mut runtime = match task {
        Task::Client { .. } | Task::Serve(_) => Builder::new_current_thread(),
        _ => Builder::new_multi_thread(),
    };
    let runtime = runtime.enable_all().build().context("no runtime");
    match runtime.and_then(|runtime| runtime.block_on(run(task))) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

async fn run(task: Task) -> Result<ExitCode> {
    match task {
        Task::Bench(options) => bench::run(&root()?, &options).await?,
        Task::Interop { with } => return interop::run(&root()?, &with).await,
        Task::Soak(options) => return soak::run(&options).await,
        Task::Client { client } => client.run().await?,
        Task::Serve(serve) => serve.run().await?,
    }
    Ok(ExitCode::SUCCESS)
}

/// The root of the workspace that this program was built in.
fn root() -> Result<PathBuf> {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .context("xtask/bench stands in the root")?;
    Ok(root.to_owned())
}
