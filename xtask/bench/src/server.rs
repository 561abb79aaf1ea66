//! The server of the benchmark: the emulator in a process of its own, so that its work does not
//! count as a client's.
//!
//! It prints the target as a line of JSON when it listens, then its counters after every line on
//! its standard input. It stops when that ends.

use std::{env, process::Stdio, time::Duration};

use anyhow::{Context, Result};
use atlas_admin::ApiVersion;
use atlas_emulator::Emulator;
use clap::Args;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout, Command},
    time::timeout,
};

use super::job::{DESC, ROLE, Target, url};

/// The longest time for one line of the server.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The server's own process.
#[derive(Args)]
pub(crate) struct Serve {
    #[arg(long, value_parser = humantime::parse_duration)]
    latency: Duration,
    #[arg(long)]
    strict_nc: bool,
}

/// What the server has counted so far.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Counters {
    pub(crate) requests: u64,
    pub(crate) connections: u64,
}

impl Serve {
    pub(crate) async fn run(self) -> Result<()> {
        let emulator = Emulator::builder()
            .no_rate_limits()
            .log_capacity(0)
            .latency(self.latency)
            .strict_nc(self.strict_nc)
            .start()
            .await?;
        print(&target(&emulator).await?)?;
        let mut lines = BufReader::new(tokio::io::stdin()).lines();
        while lines.next_line().await?.is_some() {
            print(&Counters {
                requests: emulator.requests(),
                connections: emulator.connections(),
            })?;
        }
        Ok(())
    }
}

fn print(value: &impl Serialize) -> Result<()> {
    println!("{}", serde_json::to_string(value)?);
    Ok(())
}

async fn target(emulator: &Emulator) -> Result<Target> {
    let (base_url, org_id) = (emulator.base_url(), emulator.org_id());
    Ok(Target {
        base_url: base_url.to_owned(),
        url: url(base_url, org_id, emulator.api_key_id()),
        media_type: format!("application/vnd.atlas.{}+json", ApiVersion::LATEST),
        body: serde_json::json!({ "desc": DESC, "roles": [ROLE] }).to_string(),
        org_id: org_id.to_owned(),
        api_key_id: emulator.api_key_id().to_owned(),
        public_key: emulator.public_key().to_owned(),
        private_key: emulator.private_key().to_owned(),
        token: token(emulator).await?,
    })
}

/// Requests a bearer token, so that no client's run includes that request.
async fn token(emulator: &Emulator) -> Result<String> {
    let response: serde_json::Value = reqwest::Client::new()
        .post(format!("{}/api/oauth/token", emulator.base_url()))
        .basic_auth(emulator.client_id(), Some(emulator.client_secret()))
        .header("content-type", "application/x-www-form-urlencoded")
        .body("grant_type=client_credentials")
        .send()
        .await?
        .error_for_status()?
        .json()
        .await?;
    let token = response["access_token"].as_str();
    Ok(token
        .context("a token response without a token")?
        .to_owned())
}

/// The server as the benchmark sees it. Dropping it kills the process.
pub(crate) struct Server {
    pub(crate) target: Target,
    stdin: ChildStdin,
    stdout: Lines<BufReader<ChildStdout>>,
    _process: Child,
}

impl Server {
    pub(crate) async fn start(latency: Duration, strict_nc: bool) -> Result<Self> {
        let mut process = Command::new(env::current_exe()?)
            .args(["serve", "--latency"])
            .arg(humantime::format_duration(latency).to_string())
            .args(strict_nc.then_some("--strict-nc"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let stdin = process.stdin.take().context("no standard input")?;
        let stdout = process.stdout.take().context("no standard output")?;
        let mut stdout = BufReader::new(stdout).lines();
        Ok(Self {
            target: read(&mut stdout).await?,
            stdin,
            stdout,
            _process: process,
        })
    }

    pub(crate) async fn counters(&mut self) -> Result<Counters> {
        self.stdin.write_all(b"\n").await?;
        read(&mut self.stdout).await
    }
}

async fn read<T: DeserializeOwned>(stdout: &mut Lines<BufReader<ChildStdout>>) -> Result<T> {
    let line = timeout(TIMEOUT, stdout.next_line())
        .await
        .context("the server does not respond")??
        .context("the server has stopped")?;
    Ok(serde_json::from_str(&line)?)
}
