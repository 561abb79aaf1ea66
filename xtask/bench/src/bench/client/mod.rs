//! The clients, and how one is run: as a process that is given a job.

mod atlas_admin;
mod curl;
mod diqwest;
mod floor;

use std::{
    env,
    ffi::OsString,
    io::{self, Read},
    process::Stdio,
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use clap::ValueEnum;
use tokio::{io::AsyncWriteExt, process::Command, time::timeout};

use super::job::{Job, Sample};

/// The longest time that one run may take.
const PATIENCE: Duration = Duration::from_secs(300);

/// A client that can be measured.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    pub(crate) name: &'static str,
    pub(crate) auth: &'static str,
    /// A program that takes a [`Job`] and prints a [`Sample`], with arguments.
    pub(crate) command: Vec<OsString>,
}

/// The clients that this program has in it.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum BuiltIn {
    Floor,
    AtlasAdminDigest,
    AtlasAdminBearer,
    Diqwest,
    Curl,
}

/// The floor, which is first, and the clients measured in every benchmark.
pub(crate) fn built_in() -> Result<Vec<Client>> {
    [
        (BuiltIn::Floor, "reqwest", "bearer"),
        (BuiltIn::AtlasAdminDigest, "atlas-admin", "digest"),
        (BuiltIn::AtlasAdminBearer, "atlas-admin", "bearer"),
        (BuiltIn::Diqwest, "diqwest", "digest"),
    ]
    .into_iter()
    .map(|(client, name, auth)| client.named(name, auth))
    .collect()
}

impl BuiltIn {
    pub(crate) fn named(self, name: &'static str, auth: &'static str) -> Result<Client> {
        let value = self
            .to_possible_value()
            .context("every client has a name")?;
        let command = vec![
            env::current_exe()?.into(),
            "client".into(),
            value.get_name().into(),
        ];
        Ok(Client {
            name,
            auth,
            command,
        })
    }

    /// The client's own side: reads the job, does it, prints how it went.
    pub(crate) async fn run(self) -> Result<()> {
        let mut text = String::new();
        io::stdin().read_to_string(&mut text)?;
        let job: Job = serde_json::from_str(&text)?;
        let sample = match self {
            Self::Floor => floor::run(&job).await,
            Self::AtlasAdminDigest => atlas_admin::digest(&job).await,
            Self::AtlasAdminBearer => atlas_admin::bearer(&job).await,
            Self::Diqwest => diqwest::run(&job).await,
            Self::Curl => curl::run(&job).await,
        }?;
        println!("{}", serde_json::to_string(&sample)?);
        Ok(())
    }
}

impl Client {
    /// Runs the client's process on a job. It is killed when this is dropped.
    pub(crate) async fn run(&self, job: &Job) -> Result<Sample> {
        let (program, arguments) = self.command.split_first().context("an empty command")?;
        let mut process = Command::new(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| program.display().to_string())?;
        let mut input = process
            .stdin
            .take()
            .context("the client's input is piped")?;
        input.write_all(&serde_json::to_vec(job)?).await?;
        drop(input);
        let output = timeout(PATIENCE, process.wait_with_output())
            .await
            .with_context(|| format!("{} took too long", self.name))??;
        ensure!(output.status.success(), "{}: {}", self.name, output.status);
        serde_json::from_slice(&output.stdout)
            .with_context(|| format!("{} printed something else than a sample", self.name))
    }
}
