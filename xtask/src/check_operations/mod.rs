//! Generates every operation of a full document, each alone: a test of the pipeline beyond
//! our own operations.

use std::{
    collections::BTreeMap,
    fmt, fs,
    path::Path,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::{
    document::{escape, sanitize::sanitize},
    pipeline::emit::progenitor::Part,
    pipeline::emit::worker,
    pipeline::lower::lower,
    pipeline::names,
    pipeline::rename::rename,
    pipeline::services::{Effect, Operation, Service, Services},
    pipeline::trim::trim,
    trial::{self, Trial},
};

/// The methods that a path item may hold.
const METHODS: &[&str] = &[
    "delete", "get", "head", "options", "patch", "post", "put", "trace",
];

/// The operations of a document, and those that cannot be generated.
pub struct OperationsCheck {
    /// The operations as entries of `services.toml`, by name.
    pub services: Services,
    /// The errors of those that cannot be generated, by name.
    pub refused: BTreeMap<String, anyhow::Error>,
}

/// Takes each operation of `document` through all stages, alone.
pub fn check(document: &Value, service: &Service, services: &Services) -> Result<OperationsCheck> {
    let services = every_operation(document, service, services)?;
    let operations: Vec<_> = services.operations.iter().collect();
    let next = AtomicUsize::new(0);
    let work = || {
        let mut refused = Vec::new();
        while let Some((id, operation)) = operations.get(next.fetch_add(1, Ordering::Relaxed)) {
            let one = Services {
                operations: BTreeMap::from([((*id).clone(), (*operation).clone())]),
                ..services.clone()
            };
            let client = lowered(document, service, &one).and_then(|lowered| {
                names::check(&lowered)?;
                worker::make(Part::Client, &lowered)
            });
            if let Err(error) = client {
                refused.push(((*id).clone(), error));
            }
        }
        refused
    };
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let refused = thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        workers
            .into_iter()
            .flat_map(|worker| worker.join().expect("a worker returns its errors"))
            .collect()
    });
    Ok(OperationsCheck { services, refused })
}

/// Returns the lowered document with all operations of `services`.
pub fn lowered(document: &Value, service: &Service, services: &Services) -> Result<Value> {
    let trimmed = trim(document, &service.base_path, services.operations.values())?;
    Ok(lower(&rename(&trimmed, service, services)?))
}

/// Returns an entry for every operation of `document`, with the document's own names.
pub fn every_operation(
    document: &Value,
    service: &Service,
    services: &Services,
) -> Result<Services> {
    let mut operations = BTreeMap::new();
    let paths = document
        .get("paths")
        .and_then(Value::as_object)
        .context("/paths: missing")?;
    for (path, item) in paths {
        let below = match path.strip_prefix(&service.base_path) {
            Some("") => "/",
            Some(below) => below,
            // Another version's.
            None => continue,
        };
        for (method, operation) in item.as_object().into_iter().flatten() {
            if !METHODS.contains(&method.as_str()) {
                continue;
            }
            let id = operation
                .get("operationId")
                .and_then(Value::as_str)
                .with_context(|| format!("/paths/{}/{method}: no operationId", escape(path)))?;
            let entry = Operation {
                method: method.to_uppercase(),
                path: below.to_owned(),
                effect: Effect::of_method(method),
                body: None,
                response: None,
                error: None,
            };
            ensure!(
                operations.insert(id.to_owned(), entry).is_none(),
                "/paths/{}/{method}: another operation is called {id}",
                escape(path)
            );
        }
    }
    Ok(Services {
        operations,
        types: BTreeMap::new(),
        keep_names: true,
        ..services.clone()
    })
}

impl OperationsCheck {
    /// Compiles all operations that can be generated, in one crate.
    pub fn compile(&self, root: &Path, document: &Value, service: &Service) -> Result<()> {
        let lowered = lowered(document, service, &self.passed())?;
        let trial = Trial::new(
            root,
            trial::target(root)?.join("check-operations"),
            &[trial::RAW],
        )?;
        fs::write(
            trial.folder.join(trial::CLIENT),
            worker::make(Part::Client, &lowered)?,
        )?;
        trial.cargo(&["check"])
    }

    /// Returns the operations that can be generated.
    pub fn passed(&self) -> Services {
        let mut passed = self.services.clone();
        passed
            .operations
            .retain(|id, _| !self.refused.contains_key(id));
        passed
    }
}

impl fmt::Display for OperationsCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = self.services.operations.len();
        let mut reasons = BTreeMap::<String, Vec<(&String, &anyhow::Error)>>::new();
        for (id, error) in &self.refused {
            reasons
                .entry(error.root_cause().to_string())
                .or_default()
                .push((id, error));
        }
        writeln!(f, "{:>5}  generated, of {all}", all - self.refused.len())?;
        for (reason, refused) in reasons {
            writeln!(f, "{:>5}  {}", refused.len(), sanitize(&reason))?;
            for (id, error) in refused {
                write!(f, "         {}", sanitize(id))?;
                let places = error.chain().take(error.chain().len() - 1);
                places
                    .into_iter()
                    .try_for_each(|place| write!(f, ": {}", sanitize(&place.to_string())))?;
                writeln!(f)?;
            }
        }
        Ok(())
    }
}
