//! A third-party client: its installation, and how it runs a job.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};
use atlas_emulator::Service;
use tokio::process::Command;
use xtask_support::install;

use super::{
    curl,
    job::{Job, Response},
    program::output,
    service,
};

pub(crate) struct Client {
    pub(crate) name: &'static str,
    pub(crate) services: &'static [Service],
    pub(crate) bodies: Bodies,
    pub(crate) supports_service_accounts: bool,
    /// Whether it has the operation of Atlas that assigns a key by POST.
    pub(crate) assigns_by_post: bool,
    pub(crate) challenges: Challenges,
    program: Program,
}

/// What a client does with digest challenges.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Challenges {
    /// Reuses a nonce, but gives up if its credentials for a challenge meet another challenge.
    ReusesNonce,
    /// Also responds to a second challenge.
    RetriesOnce,
    /// Requests a challenge before every request, so that no nonce becomes stale. Gives up like
    /// `ReusesNonce`.
    AlwaysRequests,
}

/// How invalid the bodies can be that a client sends.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
pub(crate) enum Bodies {
    /// Typed, without empty fields.
    NonEmpty,
    /// Typed.
    Typed,
    /// Any text, with any headers.
    Any,
}

enum Program {
    /// curl, which writes bodies to this folder.
    Curl { folder: PathBuf },
    /// A program that reads a [`Job`] and prints a list of [`Response`]s.
    Script(Vec<OsString>),
}

impl Client {
    pub(crate) fn curl(work: &Path) -> Result<Self> {
        install::curl()?;
        Ok(Self {
            name: "curl",
            services: service::ALL,
            bodies: Bodies::Any,
            supports_service_accounts: true,
            assigns_by_post: true,
            challenges: Challenges::RetriesOnce,
            program: Program::Curl {
                folder: work.join("curl"),
            },
        })
    }

    pub(crate) fn python(library: &'static str, sources: &Path, work: &Path) -> Result<Self> {
        let sources = sources.join("python");
        let requirements = sources.join("requirements.txt");
        let python = install::python(&work.join("python"), &requirements)?.join("python");
        let script = sources.join("client.py");
        Ok(Self {
            name: library,
            services: service::ALL,
            bodies: Bodies::Any,
            supports_service_accounts: true,
            assigns_by_post: true,
            challenges: Challenges::ReusesNonce,
            program: Program::Script(vec![python.into(), script.into(), library.into()]),
        })
    }

    pub(crate) fn go_sdk(sources: &Path, work: &Path) -> Result<Self> {
        Ok(Self {
            name: "Go SDK (v2 only)",
            services: &[Service::AtlasV2],
            bodies: Bodies::Typed,
            supports_service_accounts: true,
            assigns_by_post: true,
            challenges: Challenges::AlwaysRequests,
            program: Self::go(sources, work, "v2")?,
        })
    }

    /// The predecessor of the Go SDK.
    pub(crate) fn go_v1(sources: &Path, work: &Path) -> Result<Self> {
        Ok(Self {
            name: "Go client (v1.0 only)",
            services: &[Service::AtlasV1],
            bodies: Bodies::NonEmpty,
            supports_service_accounts: false,
            assigns_by_post: false,
            challenges: Challenges::AlwaysRequests,
            program: Self::go(sources, work, "v1")?,
        })
    }

    fn go(sources: &Path, work: &Path, client: &str) -> Result<Program> {
        let program = work.join("go-clients");
        install::go(&sources.join("go"), &program)?;
        Ok(Program::Script(vec![program.into(), client.into()]))
    }

    /// Returns one response for each request.
    pub(crate) async fn run(&self, job: &Job) -> Result<Vec<Response>> {
        let responses = match &self.program {
            Program::Curl { folder } => curl::run(job, folder).await?,
            Program::Script(command) => {
                let (program, arguments) = command.split_first().context("an empty command")?;
                let mut command = Command::new(program);
                let input = serde_json::to_vec(job)?;
                let output = output(command.args(arguments), &input).await?;
                serde_json::from_slice(&output).context("the client printed no responses")?
            }
        };
        let (requests, count) = (job.requests.len(), responses.len());
        ensure!(
            requests == count,
            "{count} responses for {requests} requests"
        );
        Ok(responses)
    }
}
