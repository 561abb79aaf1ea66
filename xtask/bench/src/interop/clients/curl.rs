//! curl: one process for all updates, configured on its standard input so that
//! no secret shows among the arguments.

use std::{fmt::Write as _, fs, path::Path};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tokio::process::Command;

use super::{
    client::output,
    job::{Answer, Auth, Job},
};

const ARGUMENTS: [&str; 4] = ["--disable", "--no-progress-meter", "--config", "-"];

/// What is printed of each answer: a line of three fields.
const TOLD: &str = "%{http_code}\t%{content_type}\t%header{x-error-code}\n";

pub(super) async fn run(job: &Job, folder: &Path) -> Result<Vec<Answer>> {
    fs::create_dir_all(folder)?;
    let sign_in = match &job.auth {
        Auth::Digest {
            public_key,
            private_key,
        } => {
            let user = Value::from(format!("{public_key}:{private_key}"));
            format!("digest\nuser = {user}\n")
        }
        Auth::ServiceAccount {
            client_id,
            client_secret,
        } => {
            let answer = token(job, client_id, client_secret, folder).await?;
            let Some(token) = answer.body["access_token"].as_str() else {
                return Ok(vec![answer; job.updates.len()]);
            };
            let header = Value::from(format!("authorization: Bearer {token}"));
            format!("header = {header}\n")
        }
    };
    let transfers = job.updates.iter().map(|update| {
        let mut config = sign_in.clone() + "request = PATCH\n";
        for (option, value) in [
            ("header", format!("accept: {}", update.accept)),
            ("header", format!("content-type: {}", update.content_type)),
            ("data-raw", update.body.clone()),
            ("url", [&*job.base_url, &update.path].concat()),
        ] {
            // JSON's escapes are curl's too.
            let _ = writeln!(config, "{option} = {}", Value::from(value));
        }
        config
    });
    transfer(transfers, folder).await
}

async fn token(job: &Job, id: &str, secret: &str, folder: &Path) -> Result<Answer> {
    let user = Value::from(format!("{id}:{secret}"));
    let url = Value::from([&*job.base_url, "/api/oauth/token"].concat());
    let config = format!("user = {user}\ndata = \"grant_type=client_credentials\"\nurl = {url}\n");
    let answers = transfer([config].into_iter(), folder).await?;
    answers.into_iter().next().context("curl told nothing")
}

/// Makes transfers that are configured one by one.
async fn transfer(configs: impl Iterator<Item = String>, folder: &Path) -> Result<Vec<Answer>> {
    let mut all = Vec::new();
    let mut files = Vec::new();
    for config in configs {
        let file = folder.join(format!("{}.body", files.len()));
        // Without a body curl writes no file, and an old one is not this answer's.
        fs::write(&file, "")?;
        let output = Value::from(file.display().to_string());
        all.push(format!(
            "{config}output = {output}\nwrite-out = {}\n",
            Value::from(TOLD)
        ));
        files.push(file);
    }
    let config = all.join("next\n");
    let told = output(Command::new("curl").args(ARGUMENTS), config.as_bytes()).await?;
    let told = String::from_utf8(told)?;
    let lines: Vec<_> = told.lines().collect();
    ensure!(
        lines.len() == files.len(),
        "curl made {} transfers",
        lines.len()
    );
    lines
        .into_iter()
        .zip(files)
        .map(|(line, file)| {
            let mut fields = line.split('\t');
            let mut field = || fields.next().filter(|field| !field.is_empty());
            Ok(Answer {
                status: field().context("curl tells no status")?.parse()?,
                media_type: field().map(str::to_owned),
                error_code: field().map(str::to_owned),
                body: serde_json::from_slice(&fs::read(file)?).unwrap_or_default(),
            })
        })
        .collect()
}
