//! curl: one process for all updates. It reads its configuration from standard input, so that no
//! secret appears among its arguments.

use std::{fmt::Write as _, fs, path::Path};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tokio::process::Command;

use super::{
    job::{Auth, Job, Response},
    program::output,
};

const ARGUMENTS: [&str; 4] = ["--disable", "--no-progress-meter", "--config", "-"];

/// The line that curl prints for each response.
const WRITE_OUT: &str = "%{http_code}\t%{content_type}\t%header{x-error-code}\n";

pub(super) async fn run(job: &Job, folder: &Path) -> Result<Vec<Response>> {
    fs::create_dir_all(folder)?;
    let auth = match &job.auth {
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
            let response = request_token(job, client_id, client_secret, folder).await?;
            let Some(token) = response.body["access_token"].as_str() else {
                return Ok(vec![response; job.requests.len()]);
            };
            let header = Value::from(format!("authorization: Bearer {token}"));
            format!("header = {header}\n")
        }
    };
    let transfers = job.requests.iter().map(|request| {
        let mut config = auth.clone();
        let mut options = vec![
            ("request", request.method.to_owned()),
            ("header", format!("accept: {}", request.accept)),
            ("url", [&*job.base_url, &request.path].concat()),
        ];
        if !request.body.is_empty() {
            let media_type = format!("content-type: {}", request.content_type);
            options.push(("header", media_type));
            options.push(("data-raw", request.body.clone()));
        }
        for (option, value) in options {
            // curl understands JSON's escapes.
            let _ = writeln!(config, "{option} = {}", Value::from(value));
        }
        config
    });
    transfer(transfers, folder).await
}

async fn request_token(job: &Job, id: &str, secret: &str, folder: &Path) -> Result<Response> {
    let user = Value::from(format!("{id}:{secret}"));
    let url = Value::from([&*job.base_url, "/api/oauth/token"].concat());
    let config = format!("user = {user}\ndata = \"grant_type=client_credentials\"\nurl = {url}\n");
    let responses = transfer([config].into_iter(), folder).await?;
    responses.into_iter().next().context("curl printed nothing")
}

/// Makes transfers that have a configuration each.
async fn transfer(configs: impl Iterator<Item = String>, folder: &Path) -> Result<Vec<Response>> {
    let mut all = Vec::new();
    let mut files = Vec::new();
    let write_out = Value::from(WRITE_OUT);
    for config in configs {
        let file = folder.join(format!("{}.body", files.len()));
        // If there is no body, curl would leave the file of an earlier response.
        fs::write(&file, "")?;
        let output = Value::from(file.display().to_string());
        all.push(format!(
            "{config}output = {output}\nwrite-out = {write_out}\n"
        ));
        files.push(file);
    }
    let config = all.join("next\n");
    let output = output(Command::new("curl").args(ARGUMENTS), config.as_bytes()).await?;
    let output = String::from_utf8(output)?;
    let lines: Vec<_> = output.lines().collect();
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
            Ok(Response {
                status: field().context("curl printed no status")?.parse()?,
                media_type: field().map(str::to_owned),
                error_code: field().map(str::to_owned),
                body: serde_json::from_slice(&fs::read(file)?).unwrap_or_default(),
            })
        })
        .collect()
}
