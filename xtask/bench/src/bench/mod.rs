//! The benchmark: every client makes the same updates on one local server,
//! each in a process of its own, between two runs of the floor.

mod chart;
mod client;
mod job;
mod load;
mod measure;
mod peers;
mod ratio;
mod readme;
mod report;
mod scenario;
mod server;

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};

pub(crate) use client::BuiltIn;
pub(crate) use server::Serve;

use measure::measure;
use report::Row;

/// What to measure, and how to show it.
#[derive(Args)]
pub(crate) struct Options {
    /// Fewer updates: done in about three minutes
    #[arg(long)]
    quick: bool,
    /// Also the official Go SDK, Python requests and httpx, and curl
    #[arg(long)]
    peers: bool,
    /// Let the server demand that nonce counts rise
    #[arg(long)]
    strict_nc: bool,
    /// One round with this many updates on each task, for tests
    #[arg(long, hide = true)]
    per_task: Option<u64>,
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// Where the chart of `--format svg` goes
    #[arg(long, value_name = "FILE", default_value = "target/bench.svg")]
    output: PathBuf,
    /// Also put the figures into README.md
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

/// Measures and reports. Standard output holds the result alone.
pub(crate) async fn run(root: &Path, options: &Options) -> Result<()> {
    let mut clients = client::built_in()?;
    if options.peers {
        clients.extend(peers::prepare(root)?);
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
        Format::Svg => {
            let path = root.join(&options.output);
            fs::write(&path, chart::draw(&rows)?).with_context(|| path.display().to_string())?;
            eprintln!("{}", path.display());
        }
    }
    if options.write_readme {
        readme::update(&root.join("README.md"), &report::for_readme(&rows))?;
    }
    Ok(())
}
