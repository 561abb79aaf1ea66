//! Warnings about versions that will be withdrawn.

use std::collections::HashSet;

use http::HeaderMap;

use crate::{model::response::Deprecation, mutex::Mutex};

/// Warns once for each operation of a client.
#[derive(Debug, Default)]
pub(crate) struct SunsetWarnings(Mutex<HashSet<&'static str>>);

impl SunsetWarnings {
    /// Logs the withdrawal that these headers announce, unless it was logged before.
    pub(crate) fn warn(&self, operation: &'static str, headers: &HeaderMap) {
        let Some(deprecation) = Deprecation::read(headers) else {
            return;
        };
        if self.0.lock().insert(operation) {
            tracing::warn!(
                operation,
                deprecated_at = deprecation.deprecated_at.map(tracing::field::display),
                sunset_at = deprecation.sunset_at.map(tracing::field::display),
                "the service will withdraw the version of this operation; request a newer one"
            );
        }
    }
}
