//! Asynchronous runtimes.

use std::{future::Future, io};

use tokio::runtime::{Builder, Runtime};

use crate::error::CliError;

/// Runs a single call on this thread.
pub(crate) fn block_on<T>(
    future: impl Future<Output = Result<T, CliError>>,
) -> Result<T, CliError> {
    run(Builder::new_current_thread().enable_all().build(), future)
}

/// Runs concurrent work on all processors.
pub(crate) fn block_on_multi_thread<T>(
    future: impl Future<Output = Result<T, CliError>>,
) -> Result<T, CliError> {
    run(Builder::new_multi_thread().enable_all().build(), future)
}

fn run<T>(
    runtime: io::Result<Runtime>,
    future: impl Future<Output = Result<T, CliError>>,
) -> Result<T, CliError> {
    let runtime = runtime.map_err(|error| CliError::local("cannot start the runtime", error))?;
    let result = runtime.block_on(future);
    // A thread that waits for a disk or a resolver would delay the result.
    runtime.shutdown_background();
    result
}
