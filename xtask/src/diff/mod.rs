//! Compares two documents, for our operations.
//!
//! Both are trimmed first, so prose, examples and everything that our operations do not
//! reach are ignored. References are followed on both sides at once: a schema under another
//! name is the same schema.

mod rules;
mod sign_in;
mod site;
mod successes;
mod walk;

pub mod report;

use std::{cmp::Reverse, fmt};

use anyhow::{Result, ensure};
use serde::Serialize;
use serde_json::Value;

use crate::{
    pipeline::services::{Operation, Service, Services},
    pipeline::trim,
};

/// How much a change matters, from the least to the most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// It has no effect on users.
    Cosmetic,
    /// It adds something, and everything else works as before.
    Additive,
    /// Something may behave differently.
    Behavioural,
    /// Something that worked may be refused, or cannot be read.
    Breaking,
}

impl Severity {
    /// All severities, the worst first.
    pub const WORST_FIRST: [Self; 4] = [
        Self::Breaking,
        Self::Behavioural,
        Self::Additive,
        Self::Cosmetic,
    ];
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Cosmetic => "cosmetic",
            Self::Additive => "additive",
            Self::Behavioural => "behavioural",
            Self::Breaking => "breaking",
        })
    }
}

/// One change.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Change {
    /// Its severity.
    pub severity: Severity,
    /// The service.
    pub service: String,
    /// The operations that it affects, or `all`.
    pub operation: String,
    /// Its location, as a JSON pointer into the new document, or into the old one for a
    /// removal.
    pub pointer: String,
    /// The old value; null for an addition.
    pub before: Value,
    /// The new value; null for a removal.
    pub after: Value,
    /// Its impact on users of `atlas-admin`.
    pub impact: String,
    /// The rule behind the severity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<&'static str>,
}

impl Change {
    /// Returns whether `other` is the same change, for another operation.
    fn is_same(&self, other: &Self) -> bool {
        self.pointer == other.pointer
            && self.rule == other.rule
            && self.before == other.before
            && self.after == other.after
    }
}

/// All changes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// The worst severity, or `unchanged`.
    pub verdict: String,
    /// The changes, the worst first.
    pub changes: Vec<Change>,
}

impl Report {
    /// Returns whether something that worked may be refused.
    pub fn is_breaking(&self) -> bool {
        self.of(Severity::Breaking).next().is_some()
    }

    /// Returns the changes of one severity.
    pub fn of(&self, severity: Severity) -> impl Iterator<Item = &Change> {
        self.changes
            .iter()
            .filter(move |change| change.severity == severity)
    }

    /// Removes the names of rules.
    #[must_use]
    pub fn without_rules(mut self) -> Self {
        for change in &mut self.changes {
            change.rule = None;
        }
        self
    }
}

/// What stands in the place of an operation's name for all of them.
const ALL: &str = "all";

/// Compares two documents of the service named `service`.
pub fn diff(old: &Value, new: &Value, service: &str, services: &Services) -> Result<Report> {
    let known = services.service(service)?;
    let (old, new) = (slice(old, known, services)?, slice(new, known, services)?);
    ensure!(
        has_operations(&old, known, services) || has_operations(&new, known, services),
        "neither document has an operation below {}",
        known.base_path
    );
    let mut changes: Vec<Change> = Vec::new();
    for change in walk::changes(&old, &new, service, services) {
        match changes.iter_mut().find(|other| other.is_same(&change)) {
            Some(twin) if twin.operation.split(", ").any(|id| id == change.operation) => {}
            Some(twin) => twin.operation = format!("{}, {}", twin.operation, change.operation),
            None => changes.push(change),
        }
    }
    for change in &mut changes {
        if change.operation.split(", ").count() == services.operations.len() {
            change.operation = ALL.to_owned();
        }
    }
    changes.sort_by_key(|change| Reverse(change.severity));
    let verdict = match changes.first() {
        Some(worst) => worst.severity.to_string(),
        None => "unchanged".to_owned(),
    };
    Ok(Report { verdict, changes })
}

/// Returns the service whose operations a document has, by its paths.
pub fn service_of<'a>(document: &Value, services: &'a Services) -> Option<&'a str> {
    let mut all = services.services.iter();
    all.find_map(|(id, service)| has_operations(document, service, services).then_some(id.as_str()))
}

fn has_operations(document: &Value, service: &Service, services: &Services) -> bool {
    present(document, service, services).next().is_some()
}

fn present<'a>(
    document: &'a Value,
    service: &'a Service,
    services: &'a Services,
) -> impl Iterator<Item = &'a Operation> {
    let operations = services.operations.values();
    operations.filter(|operation| operation.find(document, &service.base_path).is_ok())
}

/// Returns the part of a document that belongs to our operations.
fn slice(document: &Value, service: &Service, services: &Services) -> Result<Value> {
    trim::slice(
        document,
        &service.base_path,
        present(document, service, services),
    )
}

/// Returns whether two values are equal, where `250` is `250.0`.
fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => {
            one == other || one.as_f64() == other.as_f64()
        }
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            let is_same = |(key, value)| other.get(key).is_some_and(|other| same(value, other));
            one.len() == other.len() && one.iter().all(is_same)
        }
        (one, other) => one == other,
    }
}
