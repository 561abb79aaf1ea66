//! Bounded concurrency.

use std::future::Future;

use futures_util::{Stream, StreamExt, stream};

use super::cancellation::Cancellation;

/// Runs `work` on each item, `concurrency` of them at once on all processors, and yields the
/// results as they finish. After cancellation no further item is started; those in flight
/// finish.
pub(super) fn for_each<I, F>(
    items: Vec<I>,
    concurrency: usize,
    cancellation: &Cancellation,
    work: impl Fn(I) -> F,
) -> impl Stream<Item = F::Output>
where
    F: Future<Output: Send + 'static> + Send + 'static,
{
    stream::iter(items)
        .take_until(Box::pin(cancellation.wait()))
        .map(move |item| tokio::spawn(work(item)))
        .buffer_unordered(concurrency)
        .map(|joined| {
            // The tasks are never aborted, so a join error is a panic.
            joined.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))
        })
}
