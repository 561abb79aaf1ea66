//! The runtime of commands that speak to a service.

use std::{future::Future, io};

use tokio::runtime::Builder;

use crate::exit::Failure;

/// Runs one call, on this thread.
pub(crate) fn block_on<T>(future: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    finish(Builder::new_current_thread().enable_all().build(), future)
}

/// Runs many things at once, on all processors.
pub(crate) fn block_on_many<T>(
    future: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    finish(Builder::new_multi_thread().enable_all().build(), future)
}

fn finish<T>(
    runtime: io::Result<tokio::runtime::Runtime>,
    future: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    runtime
        .map_err(|error| Failure::local("cannot start", error))?
        .block_on(future)
}
