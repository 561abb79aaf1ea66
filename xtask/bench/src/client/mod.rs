//! The clients. Each run is a process that reads a [`Job`] and prints a [`Sample`].

mod atlas_admin;
mod baseline;
mod curl;
mod diqwest;
mod http_digest_session;
mod third_party;

use std::{env, ffi::OsString, io, time::Duration};

use anyhow::{Context, Result};
use clap::ValueEnum;
use tokio::process::Command;
use xtask_support::output;

use super::job::{Job, Sample};

pub(crate) use third_party::prepare as third_party;

/// The longest time for one run.
const TIMEOUT: Duration = Duration::from_secs(300);

/// A client to measure.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    pub(crate) name: &'static str,
    pub(crate) auth: &'static str,
    /// The program and its arguments.
    pub(crate) command: Vec<OsString>,
}

/// A client that this program contains.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum BuiltIn {
    Baseline,
    AtlasAdminDigest,
    AtlasAdminBearer,
    HttpDigestSession,
    Diqwest,
    Curl,
}

/// Returns the baseline and then the clients that every benchmark measures.
pub(crate) fn built_in() -> Result<Vec<Client>> {
    [
        (BuiltIn::Baseline, "reqwest", "bearer"),
        (BuiltIn::AtlasAdminDigest, "atlas-admin", "digest"),
        (BuiltIn::AtlasAdminBearer, "atlas-admin", "bearer"),
        (BuiltIn::HttpDigestSession, "http-digest-session", "digest"),
        (BuiltIn::Diqwest, "diqwest", "digest"),
    ]
    .into_iter()
    .map(|(client, name, auth)| client.named(name, auth))
    .collect()
}

impl BuiltIn {
    fn named(self, name: &'static str, auth: &'static str) -> Result<Client> {
        let value = self.to_possible_value().context("a client has no name")?;
        let program = env::current_exe()?;
        Ok(Client {
            name,
            auth,
            command: vec![program.into(), "client".into(), value.get_name().into()],
        })
    }

    /// Runs in the client's own process.
    pub(crate) async fn run(self) -> Result<()> {
        let job: Job = serde_json::from_reader(io::stdin())?;
        let sample = match self {
            Self::Baseline => baseline::run(&job).await,
            Self::AtlasAdminDigest => atlas_admin::digest(&job).await,
            Self::AtlasAdminBearer => atlas_admin::bearer(&job).await,
            Self::HttpDigestSession => http_digest_session::run(&job).await,
            Self::Diqwest => diqwest::run(&job).await,
            Self::Curl => curl::run(&job).await,
        }?;
        println!("{}", serde_json::to_string(&sample)?);
        Ok(())
    }
}

impl Client {
    pub(crate) async fn run(&self, job: &Job) -> Result<Sample> {
        let (program, arguments) = self.command.split_first().context("an empty command")?;
        let mut command = Command::new(program);
        command.args(arguments);
        let sample = output(&mut command, &serde_json::to_vec(job)?, TIMEOUT).await;
        let sample = sample.with_context(|| self.name)?;
        serde_json::from_slice(&sample).with_context(|| format!("{} printed no sample", self.name))
    }
}
