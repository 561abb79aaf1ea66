//! The benchmark: every client makes the same updates on one local server. Each run of a client
//! is a process of its own, between two runs of the baseline.

mod chart;
mod client;
mod job;
mod load;
mod measure;
mod ratio;
mod readme;
mod report;
mod scenario;
mod server;

use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, Result};
use clap::{Parser, Subcommand, ValueEnum};
use tokio::runtime::Builder;
use xtask_support::{exit_code, workspace_root};

use measure::measure;
use report::Row;

/// Compare the client with raw reqwest and with third-party clients
#[derive(Parser)]
#[command(bin_name = "cargo xtask bench", args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(subcommand)]
    role: Option<Role>,
    #[command(flatten)]
    options: Options,
}

/// What a process that the benchmark starts does.
#[derive(Subcommand)]
enum Role {
    /// Run one client on the job on standard input
    #[command(hide = true)]
    Client { client: client::BuiltIn },
    /// Serve the clients
    #[command(hide = true)]
    Serve(server::Serve),
}

#[derive(clap::Args)]
struct Options {
    /// Make fewer updates; takes about three minutes
    #[arg(long)]
    quick: bool,
    /// Also run the official Go SDK, Python's requests and httpx, and curl
    #[arg(long, alias = "peers")]
    third_party: bool,
    /// Make the server require that nonce counts increase
    #[arg(long)]
    strict_nc: bool,
    /// Run one round with this many updates for each task, for tests
    #[arg(long, hide = true)]
    per_task: Option<u64>,
    /// Choose how to write the result
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// Write the chart of `--format svg` to this file
    #[arg(long, value_name = "FILE", default_value = "target/bench.svg")]
    output: PathBuf,
    /// Also update the table in README.md and the chart in docs/assets
    #[arg(long)]
    write_readme: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// A table
    Table,
    /// One JSON object a line
    Json,
    /// A chart, written to a file
    Svg,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    // On one thread, a client's processor time does not include waking up others. The server
    // does the same, on the other processor.
    let mut runtime = match arguments.role {
        Some(_) => Builder::new_current_thread(),
        None => Builder::new_multi_thread(),
    };
    let runtime = runtime.enable_all().build().context("no runtime");
    let done = runtime.and_then(|runtime| {
        runtime.block_on(async {
            match arguments.role {
                None => benchmark(&workspace_root()?, &arguments.options).await,
                Some(Role::Client { client }) => client.run().await,
                Some(Role::Serve(serve)) => serve.run().await,
            }
        })
    });
    exit_code(done.map(|()| true))
}

/// Measures and reports. Standard output holds nothing but the result.
async fn benchmark(root: &Path, options: &Options) -> Result<()> {
    let mut clients = client::built_in()?;
    if options.third_party {
        clients.extend(client::third_party(root)?);
    }
    let mut rows: Vec<Row> = Vec::new();
    for mut scenario in scenario::all(options.quick) {
        if let Some(updates) = options.per_task {
            scenario.updates = updates * scenario.concurrency;
            scenario.rounds = 1;
        }
        rows.extend(measure(&scenario, &clients, options.strict_nc).await?);
    }
    match options.format {
        Format::Table => println!("{}", report::full_table(&rows)),
        Format::Json => {
            for row in &rows {
                println!("{}", serde_json::to_string(row)?);
            }
        }
        Format::Svg => write_chart(&root.join(&options.output), &rows)?,
    }
    if options.write_readme {
        readme::update(&root.join("README.md"), &report::readme_table(&rows))?;
        write_chart(&root.join("docs/assets/benchmark.svg"), &rows)?;
    }
    Ok(())
}

fn write_chart(path: &Path, rows: &[Row]) -> Result<()> {
    fs::write(path, chart::draw(rows)).with_context(|| path.display().to_string())?;
    eprintln!("wrote {}", path.display());
    Ok(())
}
