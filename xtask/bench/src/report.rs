//! The result as JSON and as tables.

use serde::{Serialize, Serializer};
use xtask_support::table;

use super::scenario::{MANY_TASKS, NETWORK_MS};

/// The result of one client in one scenario.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Row {
    pub(crate) client: &'static str,
    pub(crate) auth: &'static str,
    pub(crate) latency_ms: u64,
    pub(crate) concurrency: u64,
    pub(crate) updates: u64,
    /// Counted by the server, in the run with the most.
    pub(crate) requests: u64,
    pub(crate) connections: u64,
    pub(crate) failures: u64,
    #[serde(serialize_with = "rounded")]
    pub(crate) throughput_vs_baseline: f64,
    #[serde(serialize_with = "rounded")]
    pub(crate) p50_vs_baseline: f64,
    #[serde(serialize_with = "rounded")]
    pub(crate) cpu_vs_baseline: f64,
    /// Not in the JSON, because it depends on the machine more than on the client.
    #[serde(skip)]
    pub(crate) absolute: Absolute,
}

/// The median run on this machine.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Absolute {
    pub(crate) updates_per_second: f64,
    pub(crate) p50_ms: f64,
    pub(crate) cpu_us: f64,
}

impl Row {
    pub(crate) fn requests_per_update(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "thousands, not quadrillions")]
        let (requests, updates) = (self.requests as f64, self.updates as f64);
        requests / updates
    }

    pub(crate) fn is_from(&self, latency_ms: u64, concurrency: u64) -> bool {
        (self.latency_ms, self.concurrency) == (latency_ms, concurrency)
    }
}

fn rounded<S: Serializer>(ratio: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64((ratio * 1e4).round() / 1e4)
}

/// Formats all results.
pub(crate) fn full_table(rows: &[Row]) -> String {
    let header = [
        "client",
        "auth",
        "latency ms",
        "tasks",
        "updates",
        "requests",
        "connections",
        "failures",
        "throughput",
        "p50",
        "CPU",
        "updates/s",
        "p50 ms",
        "CPU µs",
    ];
    let cells = rows.iter().map(|row| {
        [
            row.client.to_owned(),
            row.auth.to_owned(),
            row.latency_ms.to_string(),
            row.concurrency.to_string(),
            row.updates.to_string(),
            row.requests.to_string(),
            row.connections.to_string(),
            row.failures.to_string(),
            format!("{:.3}", row.throughput_vs_baseline),
            format!("{:.3}", row.p50_vs_baseline),
            format!("{:.2}", row.cpu_vs_baseline),
            format!("{:.0}", row.absolute.updates_per_second),
            format!("{:.2}", row.absolute.p50_ms),
            format!("{:.0}", row.absolute.cpu_us),
        ]
    });
    table(header, 2, cells)
}

/// Formats one line for each client, with the figures that readers of README.md look for.
pub(crate) fn readme_table(rows: &[Row]) -> String {
    let header = [
        "client",
        "auth",
        "requests per update",
        "connections",
        "failures",
        "throughput",
        "p50, 1 task",
        "CPU",
        "CPU, no latency",
    ];
    let cells = rows
        .iter()
        .filter(|row| row.is_from(NETWORK_MS, MANY_TASKS))
        .map(|row| {
            let elsewhere = |latency_ms, concurrency, cell: fn(&Row) -> String| {
                let is_same = |other: &&Row| (other.client, other.auth) == (row.client, row.auth);
                let mut same = rows.iter().filter(is_same);
                same.find(|other| other.is_from(latency_ms, concurrency))
                    .map_or("–".to_owned(), cell)
            };
            [
                row.client.to_owned(),
                row.auth.to_owned(),
                format!("{:.3}", row.requests_per_update()),
                row.connections.to_string(),
                row.failures.to_string(),
                format!("{:.2}", row.throughput_vs_baseline),
                elsewhere(NETWORK_MS, 1, |row| format!("{:.2}", row.p50_vs_baseline)),
                format!("{:.2}", row.cpu_vs_baseline),
                elsewhere(0, MANY_TASKS, |row| format!("{:.2}", row.cpu_vs_baseline)),
            ]
        });
    table(header, 2, cells)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn rows() -> Vec<Row> {
        let row = |client, auth, concurrency, requests, throughput: f64| Row {
            client,
            auth,
            latency_ms: NETWORK_MS,
            concurrency,
            updates: 2_000,
            requests,
            connections: concurrency,
            failures: 0,
            throughput_vs_baseline: throughput,
            p50_vs_baseline: 1.0 / throughput,
            cpu_vs_baseline: 1.234_567,
            absolute: Absolute {
                updates_per_second: 1_500.0 * throughput,
                p50_ms: 21.0 / throughput,
                cpu_us: 24.0,
            },
        };
        vec![
            row("reqwest", "bearer", 1, 2_000, 1.0),
            row("atlas-admin", "digest", 1, 2_001, 0.995),
            row("reqwest", "bearer", 32, 2_000, 1.0),
            row("atlas-admin", "digest", 32, 2_032, 0.98),
            row("curl", "digest", 32, 4_000, 0.5),
            Row {
                latency_ms: 0,
                cpu_vs_baseline: 1.31,
                ..row("atlas-admin", "digest", 32, 2_032, 0.8)
            },
        ]
    }

    #[test]
    fn json_has_one_flat_object_for_each_row() {
        let row = rows().remove(3);
        insta::assert_snapshot!(
            serde_json::to_string(&row).unwrap(),
            @r#"{"client":"atlas-admin","auth":"digest","latency_ms":20,"concurrency":32,"updates":2000,"requests":2032,"connections":32,"failures":0,"throughput_vs_baseline":0.98,"p50_vs_baseline":1.0204,"cpu_vs_baseline":1.2346}"#
        );
    }

    #[test]
    fn the_readme_has_one_line_for_each_client() {
        insta::assert_snapshot!(readme_table(&rows()), @r"
        | client      | auth   | requests per update | connections | failures | throughput | p50, 1 task |  CPU | CPU, no latency |
        |-------------|--------|---------------------|-------------|----------|------------|-------------|------|-----------------|
        | reqwest     | bearer |               1.000 |          32 |        0 |       1.00 |        1.00 | 1.23 |               – |
        | atlas-admin | digest |               1.016 |          32 |        0 |       0.98 |        1.01 | 1.23 |            1.31 |
        | curl        | digest |               2.000 |          32 |        0 |       0.50 |           – | 1.23 |               – |
        ");
    }
}
