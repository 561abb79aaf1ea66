//! curl: one process for all updates. It reads its configuration from standard input, so that no
//! secret appears among its arguments.

use std::{fmt::Write as _, time::Instant};

use anyhow::{Context, Result, ensure};
use nix::sys::resource::UsageWho;
use tokio::process::Command;
use xtask_support::finish;

use super::TIMEOUT;
use crate::{
    job::{Job, Sample},
    load::cpu_time,
    ratio::median,
};

pub(super) async fn run(job: &Job) -> Result<Sample> {
    let config = config(job);
    let cpu = cpu_time(UsageWho::RUSAGE_CHILDREN)?;
    let start = Instant::now();
    let mut curl = Command::new("curl");
    curl.args(["--disable", "--no-progress-meter", "--config", "-"]);
    // If a transfer fails, so does curl. The statuses count these failures.
    let output = finish(&mut curl, config.as_bytes(), TIMEOUT).await?.stdout;
    let seconds = start.elapsed().as_secs_f64();
    let cpu = cpu_time(UsageWho::RUSAGE_CHILDREN)?.saturating_sub(cpu);

    // One line for each update: its status and its time.
    let output = String::from_utf8(output)?;
    let mut times = Vec::new();
    let mut successes = 0;
    for line in output.lines() {
        let (status, time) = line.split_once(' ').context("an unexpected line of curl")?;
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
        p50: median(times).context("the job has no updates")?,
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
        // curl understands JSON's escapes.
        let value = serde_json::Value::from(value);
        let _ = writeln!(config, "{option} = {value}");
    }
    for _ in 0..job.updates {
        let _ = writeln!(config, "url = \"{}\"\noutput = \"/dev/null\"", target.url);
    }
    config
}
