//! The time of each stage, on a full document and on enlarged ones.

use std::{
    fmt,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use serde_json::{Map, Value};

use crate::{
    check_operations::every_operation,
    diff::diff,
    document::{parse, to_yaml},
    pipeline::emit::progenitor::{Part, format, tokens},
    pipeline::lower::lower,
    pipeline::rename::rename,
    pipeline::services::Services,
    pipeline::trim::trim,
};

/// The enlargements that are measured.
const SIZES: &[usize] = &[1, 2, 4];

/// How often each is measured. The best counts, since the rest includes other load.
const RUNS: usize = 5;

/// Times by stage, for each size.
pub struct Table {
    sizes: Vec<usize>,
    rows: Vec<(&'static str, Vec<Duration>)>,
}

/// Measures the stages on the document `text` of `service`.
pub fn measure(text: &str, service: &str, services: &Services) -> Result<Table> {
    let document = parse(text)?;
    let mut table = Table {
        sizes: Vec::new(),
        rows: Vec::new(),
    };
    for copies in SIZES {
        let text = match copies {
            1 => text.to_owned(),
            _ => to_yaml(&enlarged(&document, *copies)?)?,
        };
        table.sizes.push(text.len());
        for _ in 0..RUNS {
            run(&text, service, services, &mut table)?;
        }
    }
    Ok(table)
}

fn run(text: &str, service_name: &str, services: &Services, table: &mut Table) -> Result<()> {
    let service = services
        .services
        .get(service_name)
        .context("no such service")?;
    let document = table.time("parse", || parse(text))?;
    let all = every_operation(&document, service, services)?;
    let trimmed = table.time("trim", || {
        trim(&document, &service.base_path, all.operations.values())
    })?;
    table.time("diff", || diff(&document, &trimmed, service_name, services))?;
    let named = table.time("name", || rename(&trimmed, service, &all))?;
    let lowered = table.time("lower", || Ok(lower(&named)))?;
    let tokens = table.time("generate", || tokens(Part::Client, &lowered))?;
    table.time("format", || format(tokens))?;
    Ok(())
}

impl Table {
    /// Runs a stage and keeps its time if it is the fastest at this size.
    fn time<T>(&mut self, stage: &'static str, work: impl FnOnce() -> Result<T>) -> Result<T> {
        let start = Instant::now();
        let result = work();
        let time = start.elapsed();
        let column = self.sizes.len() - 1;
        let row = match self.rows.iter().position(|(name, _)| *name == stage) {
            Some(row) => row,
            None => {
                self.rows.push((stage, Vec::new()));
                self.rows.len() - 1
            }
        };
        let times = &mut self.rows[row].1;
        match times.get_mut(column) {
            Some(best) => *best = time.min(*best),
            None => times.push(time),
        }
        result
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut line = |name: &str, cells: Vec<String>| {
            write!(f, "{name:<10}")?;
            cells.iter().try_for_each(|cell| write!(f, "{cell:>12}"))?;
            writeln!(f)
        };
        let ms = |time: Duration| format!("{:.0} ms", time.as_secs_f64() * 1000.0);
        let mb = |size: &usize| format!("{:.1} MB", *size as f64 / 1e6);
        line(
            "",
            SIZES.iter().map(|copies| format!("{copies}x")).collect(),
        )?;
        line("", self.sizes.iter().map(mb).collect())?;
        for (stage, times) in &self.rows {
            line(stage, times.iter().copied().map(ms).collect())?;
        }
        let total = |column| self.rows.iter().map(|(_, times)| times[column]).sum();
        line("all", (0..self.sizes.len()).map(total).map(ms).collect())
    }
}

/// Returns a document with each path, operation and schema `copies` times, under distinct
/// names.
fn enlarged(document: &Value, copies: usize) -> Result<Value> {
    let mut large = document.clone();
    for part in ["/paths", "/components/schemas"] {
        let originals = document
            .pointer(part)
            .and_then(Value::as_object)
            .with_context(|| format!("{part}: missing"))?;
        let mut all = Map::new();
        for copy in 0..copies {
            let suffix = if copy == 0 {
                String::new()
            } else {
                format!("Copy{copy}")
            };
            for (key, value) in originals {
                let key = match part {
                    "/paths" if copy > 0 => format!("{key}/{suffix}"),
                    _ => format!("{key}{suffix}"),
                };
                all.insert(key, renamed(value, &suffix));
            }
        }
        *large.pointer_mut(part).context("found above")? = all.into();
    }
    Ok(large)
}

/// Returns a value with a suffix on the names of operations and schemas.
fn renamed(value: &Value, suffix: &str) -> Value {
    match value {
        Value::Array(items) => items.iter().map(|item| renamed(item, suffix)).collect(),
        Value::Object(object) => object
            .iter()
            .map(|(key, value)| {
                let value = match value {
                    Value::String(text)
                        if key == "operationId" || text.starts_with("#/components/schemas/") =>
                    {
                        format!("{text}{suffix}").into()
                    }
                    _ => renamed(value, suffix),
                };
                (key.clone(), value)
            })
            .collect(),
        plain => plain.clone(),
    }
}
