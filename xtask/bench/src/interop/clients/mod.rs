//! Clients that others wrote against the emulator, and ours against a server
//! that others wrote.

mod atlas_cli;
mod case;
mod client;
mod curl;
mod document;
mod job;
mod prism;
mod report;
mod schemathesis;
mod service;

use std::{fs, path::Path};

use anyhow::Result;
use clap::{Args, ValueEnum};

pub(crate) use self::report::{Row, passes, table_of};
use self::{case::Case, client::Client};

#[derive(Args)]
pub(crate) struct Options {
    /// Fail where a client cannot be installed, in place of skipping it
    #[arg(long)]
    pub(crate) require_all: bool,
    /// Run this one alone; may be given again
    #[arg(long, value_name = "NAME")]
    only: Vec<Name>,
}

/// What can be installed and run.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Name {
    Curl,
    Requests,
    Httpx,
    GoSdk,
    GoV1,
    AtlasCli,
    Schemathesis,
    Prism,
}

/// Every client against each service that it speaks to.
pub(crate) async fn run(root: &Path, options: &Options) -> Result<Vec<Row>> {
    let work = root.join("target/interop/clients");
    fs::create_dir_all(&work)?;
    let mut rows = Vec::new();
    for &name in Name::value_variants() {
        if options.only.is_empty() || options.only.contains(&name) {
            rows.extend(name.run(root, &work).await?);
        }
    }
    Ok(rows)
}

impl Name {
    /// The rows of one; a single one if it cannot be had.
    async fn run(self, root: &Path, work: &Path) -> Result<Vec<Row>> {
        let sources = &root.join("xtask/bench/foreign");
        let client = match self {
            Self::Curl => Client::curl(work),
            Self::Requests => Client::python("requests", sources, work),
            Self::Httpx => Client::python("httpx", sources, work),
            Self::GoSdk => Client::go_sdk(sources, work),
            Self::GoV1 => Client::go_v1(sources, work),
            Self::AtlasCli => return Ok(vec![atlas_cli::run(work).await]),
            Self::Schemathesis => return schemathesis::run(root, sources, work).await,
            Self::Prism => return prism::run(root, work).await,
        };
        match client {
            Ok(client) => conversations(&client).await,
            Err(error) => {
                let name = self.to_possible_value();
                let name = name.as_ref().map_or("?", |value| value.get_name());
                Ok(vec![Row::skipped(name, &error)])
            }
        }
    }
}

/// Every case on every service of a client that makes the updates it is told.
async fn conversations(client: &Client) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for &service in client.services {
        for case in Case::all(service, client) {
            eprintln!("{}, {}, {}", client.name, service::name(service), case.name);
            rows.push(match case.not_applicable {
                Some(reason) => Row::not_applicable(client.name, service, case.name, reason),
                None => Row::new(client.name, service, case.name, case.run(client).await),
            });
        }
    }
    Ok(rows)
}
