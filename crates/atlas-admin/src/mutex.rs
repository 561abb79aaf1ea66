//! A mutex that stays usable after a panic.

use std::sync::{self, MutexGuard, PoisonError};

/// [`sync::Mutex`] without poisoning: what it guards here is valid after each statement.
#[derive(Debug, Default)]
pub(crate) struct Mutex<T>(sync::Mutex<T>);

impl<T> Mutex<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(sync::Mutex::new(value))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
