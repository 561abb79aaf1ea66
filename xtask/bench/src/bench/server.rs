//! The server of a benchmark: the emulator in a process of its own, so that
//! its work is not counted as a client's.
//!
//! It prints one line of JSON when it listens, then answers every line on its
//! standard input with its counters. It stops at the end of the input.

use std::{env, process::Stdio, time::Duration};

use anyhow::{Context, Result, ensure};
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

/// The longest time for the server to start or to tell its counters.
const PATIENCE: Duration = Duration::from_secs(10);

/// The server's own side.
#[derive(Args)]
pub(crate) struct Serve {
    #[arg(long, value_parser = humantime::parse_duration)]
    latency: Duration,
    #[arg(long)]
    strict_nc: bool,
}

#[derive(Serialize, Deserialize)]
struct Access {
    base_url: String,
    org_id: String,
    api_key_id: String,
    public_key: String,
    private_key: String,
    client_id: String,
    client_secret: String,
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
        print(&Access {
            base_url: emulator.base_url().to_owned(),
            org_id: emulator.org_id().to_owned(),
            api_key_id: emulator.api_key_id().to_owned(),
            public_key: emulator.public_key().to_owned(),
            private_key: emulator.private_key().to_owned(),
            client_id: emulator.client_id().to_owned(),
            client_secret: emulator.client_secret().to_owned(),
        })?;
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

/// A server as the benchmark sees it. It is killed when this is dropped.
pub(crate) struct Server {
    pub(crate) target: Target,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
    _process: Child,
}

impl Server {
    pub(crate) async fn start(latency: Duration, strict_nc: bool) -> Result<Self> {
        let mut command = Command::new(env::current_exe()?);
        command
            .args(["serve", "--latency"])
            .arg(humantime::format_duration(latency).to_string())
            .args(strict_nc.then_some("--strict-nc"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true);
        let mut process = command.spawn()?;
        let input = process
            .stdin
            .take()
            .context("the server's input is piped")?;
        let output = process
            .stdout
            .take()
            .context("the server's output is piped")?;
        let mut output = BufReader::new(output).lines();
        let access: Access = read(&mut output).await?;
        Ok(Self {
            target: target(access).await?,
            input,
            output,
            _process: process,
        })
    }

    pub(crate) async fn counters(&mut self) -> Result<Counters> {
        self.input.write_all(b"\n").await?;
        read(&mut self.output).await
    }
}

async fn read<T: DeserializeOwned>(output: &mut Lines<BufReader<ChildStdout>>) -> Result<T> {
    let line = timeout(PATIENCE, output.next_line())
        .await
        .context("the server is silent")??
        .context("the server has stopped")?;
    Ok(serde_json::from_str(&line)?)
}

async fn target(access: Access) -> Result<Target> {
    let Access {
        base_url,
        org_id,
        api_key_id,
        ..
    } = access;
    let token = token(&base_url, &access.client_id, &access.client_secret).await?;
    Ok(Target {
        url: url(&base_url, &org_id, &api_key_id),
        media_type: format!("application/vnd.atlas.{}+json", ApiVersion::LATEST),
        body: serde_json::json!({ "desc": DESC, "roles": [ROLE] }).to_string(),
        base_url,
        org_id,
        api_key_id,
        public_key: access.public_key,
        private_key: access.private_key,
        token,
    })
}

/// A bearer token, so that no client's run holds the request for one.
async fn token(base_url: &str, id: &str, secret: &str) -> Result<String> {
    #[derive(Deserialize)]
    struct Granted {
        access_token: String,
    }
    let response = reqwest::Client::new()
        .post(format!("{base_url}/api/oauth/token"))
        .basic_auth(id, Some(secret))
        .header("content-type", "application/x-www-form-urlencoded")
        .body("grant_type=client_credentials")
        .send()
        .await?;
    ensure!(
        response.status().is_success(),
        "no token: {}",
        response.status()
    );
    Ok(response.json::<Granted>().await?.access_token)
}
