//! One scenario: all clients in turn, each between two runs of the baseline.

use anyhow::{Context, Result};

use super::{
    client::Client,
    job::{Job, Sample},
    ratio::{Ratios, median},
    report::{Absolute, Row},
    scenario::Scenario,
    server::Server,
};

/// One run of one client.
struct Run {
    sample: Sample,
    requests: u64,
    connections: u64,
}

/// Returns a row for each client. The first client is the baseline.
pub(crate) async fn measure(
    scenario: &Scenario,
    clients: &[Client],
    strict_nc: bool,
) -> Result<Vec<Row>> {
    let mut server = Server::start(scenario.latency, strict_nc).await?;
    let job = Job {
        updates: scenario.updates,
        concurrency: scenario.concurrency,
        target: server.target.clone(),
    };
    let (baseline, others) = clients.split_first().context("no baseline")?;
    // Warms up the machine; not counted.
    let short = Job {
        updates: (scenario.concurrency * 10).min(job.updates),
        ..job.clone()
    };
    run(&mut server, baseline, &short).await?;

    let mut baseline_runs = Vec::new();
    let mut runs: Vec<Vec<(Run, Ratios)>> = others.iter().map(|_| Vec::new()).collect();
    for round in 1..=scenario.rounds {
        eprintln!(
            "{} ms, {} at once: round {round} of {}",
            scenario.latency.as_millis(),
            scenario.concurrency,
            scenario.rounds
        );
        let mut before = run(&mut server, baseline, &job).await?;
        for (client, runs) in others.iter().zip(&mut runs) {
            let measured = run(&mut server, client, &job).await?;
            let after = run(&mut server, baseline, &job).await?;
            let ratios = Ratios::new(before.sample, measured.sample, after.sample);
            runs.push((measured, ratios));
            baseline_runs.push(std::mem::replace(&mut before, after));
        }
        baseline_runs.push(before);
    }

    let baseline_cpu = median(baseline_runs.iter().map(|run| run.sample.cpu_seconds))
        .context("the scenario has no rounds")?;
    let equal = Ratios {
        throughput: 1.0,
        p50: 1.0,
    };
    let baseline_runs = baseline_runs.into_iter().map(|run| (run, equal)).collect();
    let mut rows = vec![row(scenario, baseline, baseline_runs, baseline_cpu)?];
    for (client, runs) in others.iter().zip(runs) {
        rows.push(row(scenario, client, runs, baseline_cpu)?);
    }
    Ok(rows)
}

async fn run(server: &mut Server, client: &Client, job: &Job) -> Result<Run> {
    let before = server.counters().await?;
    let sample = client.run(job).await?;
    let after = server.counters().await?;
    Ok(Run {
        sample,
        requests: after.requests - before.requests,
        connections: after.connections - before.connections,
    })
}

/// Takes the median of the ratios and the worst of the counts. Processor time varies more from one
/// run to the next than over time, so it is divided by the median of all baseline runs.
fn row(
    scenario: &Scenario,
    client: &Client,
    runs: Vec<(Run, Ratios)>,
    baseline_cpu: f64,
) -> Result<Row> {
    let ratios: Vec<Ratios> = runs.iter().map(|(_, ratios)| *ratios).collect();
    let ratios = Ratios::median(&ratios).context("the scenario has no rounds")?;
    let worst = |count: fn(&Run) -> u64| runs.iter().map(|(run, _)| count(run)).max().unwrap_or(0);
    let typical = |value: fn(&Sample) -> f64| {
        median(runs.iter().map(|(run, _)| value(&run.sample))).unwrap_or(f64::NAN)
    };
    let cpu_seconds = typical(|sample| sample.cpu_seconds);
    #[expect(clippy::cast_precision_loss, reason = "thousands, not quadrillions")]
    let updates = scenario.updates as f64;
    Ok(Row {
        client: client.name,
        auth: client.auth,
        latency_ms: u64::try_from(scenario.latency.as_millis())?,
        concurrency: scenario.concurrency,
        updates: scenario.updates,
        requests: worst(|run| run.requests),
        connections: worst(|run| run.connections),
        failures: worst(|run| run.sample.failures),
        throughput_vs_baseline: ratios.throughput,
        p50_vs_baseline: ratios.p50,
        cpu_vs_baseline: cpu_seconds / baseline_cpu,
        absolute: Absolute {
            updates_per_second: updates / typical(|sample| sample.seconds),
            p50_ms: 1e3 * typical(|sample| sample.p50),
            cpu_us: 1e6 * cpu_seconds / updates,
        },
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn processor_time_is_relative_to_all_baseline_runs() {
        let scenario = Scenario {
            latency: Duration::ZERO,
            concurrency: 1,
            updates: 1_000,
            rounds: 3,
        };
        let client = Client {
            name: "client",
            auth: "digest",
            command: Vec::new(),
        };
        let run = |cpu_seconds| {
            let sample = Sample {
                seconds: 1.0,
                p50: 1.0,
                cpu_seconds,
                failures: 0,
            };
            let run = Run {
                sample,
                requests: 1_000,
                connections: 1,
            };
            (run, Ratios::new(sample, sample, sample))
        };
        let row = row(&scenario, &client, vec![run(9.0), run(3.0), run(2.0)], 2.0).unwrap();
        assert_eq!((row.cpu_vs_baseline, row.absolute.cpu_us), (1.5, 3_000.0));
    }
}
