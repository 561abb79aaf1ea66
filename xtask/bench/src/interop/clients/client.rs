//! A foreign client: how it is made ready, and how it is run on a job.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    process::{Output, Stdio},
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use atlas_emulator::Service;
use tokio::{io::AsyncWriteExt, process::Command, time::timeout};

use super::{
    curl,
    job::{Answer, Job},
    service,
};
use crate::install;

/// The longest time that one job may take.
const PATIENCE: Duration = Duration::from_secs(120);

pub(crate) struct Client {
    pub(crate) name: &'static str,
    pub(crate) services: &'static [Service],
    pub(crate) sends: Sends,
    /// Whether it signs in as a service account.
    pub(crate) has_accounts: bool,
    pub(crate) challenges: Challenges,
    program: Program,
}

/// What a client does with digest challenges.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Challenges {
    /// Goes on with a nonce, but gives up when its answer to a challenge meets
    /// another.
    KeepsNonce,
    /// Answers another challenge too.
    AnswersTwice,
    /// Asks for one before every request, so that no nonce gets old, and gives up
    /// as well.
    AsksAlways,
}

/// How much nonsense a client can be made to send.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
pub(crate) enum Sends {
    /// Bodies of a type, without fields that are empty.
    Filled,
    /// Bodies of a type.
    Typed,
    /// Any text, under any header.
    Anything,
}

enum Program {
    /// Told by its own configuration; bodies go to this folder.
    Curl { folder: PathBuf },
    /// Takes a [`Job`] and prints a list of [`Answer`]s.
    Script(Vec<OsString>),
}

impl Client {
    pub(crate) fn curl(work: &Path) -> Result<Self> {
        install::succeed(std::process::Command::new("curl").arg("--version"))?;
        Ok(Self {
            name: "curl",
            services: service::ALL,
            sends: Sends::Anything,
            has_accounts: true,
            challenges: Challenges::AnswersTwice,
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
            sends: Sends::Anything,
            has_accounts: true,
            challenges: Challenges::KeepsNonce,
            program: Program::Script(vec![python.into(), script.into(), library.into()]),
        })
    }

    /// The official SDK, which is for Atlas v2 alone.
    pub(crate) fn go_sdk(sources: &Path, work: &Path) -> Result<Self> {
        Ok(Self {
            name: "Go SDK (v2 only)",
            services: &[Service::AtlasV2],
            sends: Sends::Typed,
            has_accounts: true,
            challenges: Challenges::AsksAlways,
            program: Self::go(sources, work, "v2")?,
        })
    }

    /// Its forerunner for Atlas v1.0, which knows no service accounts.
    pub(crate) fn go_v1(sources: &Path, work: &Path) -> Result<Self> {
        Ok(Self {
            name: "Go client (v1.0 only)",
            services: &[Service::AtlasV1],
            sends: Sends::Filled,
            has_accounts: false,
            challenges: Challenges::AsksAlways,
            program: Self::go(sources, work, "v1")?,
        })
    }

    fn go(sources: &Path, work: &Path, client: &str) -> Result<Program> {
        let program = work.join("go-clients");
        install::go(&sources.join("go"), &program)?;
        Ok(Program::Script(vec![program.into(), client.into()]))
    }

    /// One answer for each update.
    pub(crate) async fn run(&self, job: &Job) -> Result<Vec<Answer>> {
        let answers = match &self.program {
            Program::Curl { folder } => curl::run(job, folder).await?,
            Program::Script(command) => {
                let (program, arguments) = command.split_first().context("an empty command")?;
                let mut command = Command::new(program);
                let input = serde_json::to_vec(job)?;
                let output = output(command.args(arguments), &input).await?;
                serde_json::from_slice(&output).context("no list of answers was printed")?
            }
        };
        let (wanted, had) = (job.updates.len(), answers.len());
        ensure!(wanted == had, "{had} answers for {wanted} updates");
        Ok(answers)
    }
}

/// What a program that succeeds prints.
pub(super) async fn output(command: &mut Command, input: &[u8]) -> Result<Vec<u8>> {
    let name = command.as_std().get_program().display().to_string();
    let output = finish(command, input, PATIENCE).await?;
    let said = String::from_utf8_lossy(&output.stderr);
    let said = said.trim().lines().next_back().unwrap_or_default();
    ensure!(output.status.success(), "{name}: {}: {said}", output.status);
    Ok(output.stdout)
}

/// Runs a program to its end, which comes within `patience`.
pub(super) async fn finish(
    command: &mut Command,
    input: &[u8],
    patience: Duration,
) -> Result<Output> {
    let name = command.as_std().get_program().display().to_string();
    let mut process = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .with_context(|| name.clone())?;
    let mut pipe = process.stdin.take().context("the input is piped")?;
    pipe.write_all(input).await?;
    drop(pipe);
    let output = timeout(patience, process.wait_with_output()).await;
    Ok(output.with_context(|| format!("{name} takes too long"))??)
}
