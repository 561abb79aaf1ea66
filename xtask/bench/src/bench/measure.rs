//! One scenario: all clients in turn, each between two runs of the floor.

use anyhow::{Context, Result};

use super::{
    client::Client,
    job::{Job, Sample},
    ratio::{Ratios, median},
    report::{Cost, Row},
    scenario::Scenario,
    server::Server,
};

/// One run of one client.
struct Run {
    sample: Sample,
    requests: u64,
    connections: u64,
}

/// A row for each client. The first of them is the floor.
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
    let (floor, others) = clients.split_first().context("there is a floor")?;
    // Warms the machine up: not counted.
    let short = Job {
        updates: (scenario.concurrency * 10).min(job.updates),
        ..job.clone()
    };
    run(&mut server, floor, &short).await?;

    let mut floors = Vec::new();
    let mut runs: Vec<Vec<(Run, Ratios)>> = others.iter().map(|_| Vec::new()).collect();
    for round in 1..=scenario.rounds {
        eprintln!(
            "{} ms, {} at once: round {round} of {}",
            scenario.latency.as_millis(),
            scenario.concurrency,
            scenario.rounds
        );
        let mut before = run(&mut server, floor, &job).await?;
        for (client, runs) in others.iter().zip(&mut runs) {
            let measured = run(&mut server, client, &job).await?;
            let after = run(&mut server, floor, &job).await?;
            let ratios = Ratios::new(before.sample, measured.sample, after.sample);
            runs.push((measured, ratios));
            floors.push(std::mem::replace(&mut before, after));
        }
        floors.push(before);
    }

    let floor_cpu = median(floors.iter().map(|run| run.sample.cpu_seconds))
        .context("a scenario without rounds")?;
    let equal = Ratios {
        throughput: 1.0,
        p50: 1.0,
    };
    let floors = floors.into_iter().map(|run| (run, equal)).collect();
    let mut rows = vec![row(scenario, floor, floors, floor_cpu)?];
    for (client, runs) in others.iter().zip(runs) {
        rows.push(row(scenario, client, runs, floor_cpu)?);
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

/// The median of the ratios, and the worst of the counts. Processor time differs
/// more from run to run than over time: it stands beside that of all floor runs.
fn row(
    scenario: &Scenario,
    client: &Client,
    runs: Vec<(Run, Ratios)>,
    floor_cpu: f64,
) -> Result<Row> {
    let ratios: Vec<Ratios> = runs.iter().map(|(_, ratios)| *ratios).collect();
    let ratios = Ratios::median(&ratios).context("a scenario without rounds")?;
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
        throughput_vs_floor: ratios.throughput,
        p50_vs_floor: ratios.p50,
        cpu_vs_floor: cpu_seconds / floor_cpu,
        cost: Cost {
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
    fn processor_time_stands_beside_that_of_the_floor() {
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
        assert_eq!((row.cpu_vs_floor, row.cost.cpu_us), (1.5, 3_000.0));
    }
}
