//! Warnings of versions that will be withdrawn.

use std::{
    collections::HashSet,
    sync::{Mutex, PoisonError},
};

use http::HeaderMap;

use crate::model::deprecation::Deprecation;

/// The operations that have been warned of, each once for a client.
#[derive(Debug, Default)]
pub(crate) struct Sunsets(Mutex<HashSet<&'static str>>);

impl Sunsets {
    /// Logs what these headers say of a withdrawal, if it is news.
    pub(crate) fn warn(&self, operation: &'static str, headers: &HeaderMap) {
        let Some(deprecation) = Deprecation::read(headers) else {
            return;
        };
        let mut warned = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if warned.insert(operation) {
            tracing::warn!(
                operation,
                deprecated_at = deprecation.deprecated_at.map(tracing::field::display),
                sunset_at = deprecation.sunset_at.map(tracing::field::display),
                "the version that serves this operation will be withdrawn: ask for a newer one"
            );
        }
    }
}
