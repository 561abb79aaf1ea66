//! Third-party clients with the emulator, and the client with Prism, a third-party server.

mod case;
mod client;
mod curl;
mod document;
mod job;
mod life;
mod operation;
mod prism;
mod program;
mod report;
mod schemathesis;
mod service;

use std::{fs, path::Path};

use anyhow::Result;
use clap::{Args, ValueEnum};

use self::{case::Case, client::Client};
use crate::outcome::Outcome;

pub(crate) use self::report::{Row, table_of};

#[derive(Args)]
pub(crate) struct Options {
    /// Fail if a client cannot be installed, instead of skipping it
    #[arg(long)]
    pub(crate) require_all: bool,
    /// Run only this client; repeat the option for several
    #[arg(long, value_name = "NAME")]
    only: Vec<Name>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Name {
    Curl,
    Requests,
    Httpx,
    GoSdk,
    GoV1,
    Schemathesis,
    Prism,
}

/// Runs the clients, each against every service that it supports.
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
    async fn run(self, root: &Path, work: &Path) -> Result<Vec<Row>> {
        let sources = &root.join("xtask/interop/third-party");
        let client = match self {
            Self::Curl => Client::curl(work),
            Self::Requests => Client::python("requests", sources, work),
            Self::Httpx => Client::python("httpx", sources, work),
            Self::GoSdk => Client::go_sdk(sources, work),
            Self::GoV1 => Client::go_v1(sources, work),
            Self::Schemathesis => return schemathesis::run(root, sources, work).await,
            Self::Prism => return prism::run(root, work).await,
        };
        match client {
            Ok(client) => Ok(run_cases(&client).await),
            Err(error) => {
                let name = self.to_possible_value();
                let name = name.as_ref().map_or("?", |value| value.get_name());
                Ok(vec![Row::skipped(name, &error)])
            }
        }
    }
}

async fn run_cases(client: &Client) -> Vec<Row> {
    let mut rows = Vec::new();
    for &service in client.services {
        for case in Case::all(service, client) {
            eprintln!("{}, {}, {}", client.name, service::name(service), case.name);
            let outcome = match case.not_applicable {
                Some(reason) => Outcome::NotApplicable(reason.to_owned()),
                None => case.run(client).await.into(),
            };
            rows.push(Row::new(client.name, service, case.name, outcome));
        }
        eprintln!(
            "{}, {}, {}",
            client.name,
            service::name(service),
            life::NAME
        );
        let outcome = life::run(client, service).await;
        rows.push(Row::new(client.name, service, life::NAME, outcome));
    }
    rows
}
