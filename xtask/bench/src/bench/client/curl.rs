//! curl: one process that makes all updates, configured on its standard input
//! so that no secret shows among the arguments.

use std::{fmt::Write as _, process::Stdio, time::Instant};

use anyhow::{Context, Result, ensure};
use nix::sys::resource::UsageWho;
use tokio::{io::AsyncWriteExt, process::Command};

use super::super::{
    job::{Job, Sample},
    load::cpu_time,
    ratio::median,
};

pub(super) async fn run(job: &Job) -> Result<Sample> {
    let config = config(job);
    let cpu = cpu_time(UsageWho::RUSAGE_CHILDREN)?;
    let start = Instant::now();
    let mut curl = Command::new("curl")
        .args(["--disable", "--no-progress-meter", "--config", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .context("curl")?;
    let mut input = curl.stdin.take().context("curl's input is piped")?;
    input.write_all(config.as_bytes()).await?;
    drop(input);
    let output = curl.wait_with_output().await?;
    let seconds = start.elapsed().as_secs_f64();
    let cpu = cpu_time(UsageWho::RUSAGE_CHILDREN)?.saturating_sub(cpu);

    // One line for each update: its status and its time.
    let output = String::from_utf8(output.stdout)?;
    let mut times = Vec::new();
    let mut successes = 0;
    for line in output.lines() {
        let (status, time) = line
            .split_once(' ')
            .context("curl printed something else")?;
        successes += u64::from(status == "200");
        times.push(time.parse()?);
    }
    ensure!(
        times.len() as u64 == job.updates,
        "curl made {} updates",
        times.len()
    );
    Ok(Sample {
        seconds,
        p50: median(times).context("a job with no updates")?,
        cpu_seconds: cpu.as_secs_f64(),
        failures: job.updates - successes,
    })
}

fn config(job: &Job) -> String {
    let target = &job.target;
    let mut config = String::from("digest\nrequest = PATCH\n");
    if job.concurrency > 1 {
        config += &format!("parallel\nparallel-max = {}\n", job.concurrency);
    }
    let user = format!("{}:{}", target.public_key, target.private_key);
    for (option, value) in [
        ("user", user),
        ("header", format!("accept: {}", target.media_type)),
        ("header", format!("content-type: {}", target.media_type)),
        ("data", target.body.clone()),
        ("write-out", "%{http_code} %{time_total}\n".to_owned()),
    ] {
        // JSON's escapes are curl's too.
        let value = serde_json::Value::from(value);
        let _ = writeln!(config, "{option} = {value}");
    }
    for _ in 0..job.updates {
        let _ = writeln!(config, "url = \"{}\"\noutput = \"/dev/null\"", target.url);
    }
    config
}
