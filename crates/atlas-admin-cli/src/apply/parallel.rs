//! Many things at once, but not too many.

use std::future::Future;

use futures_util::{Stream, StreamExt, stream};

use super::stop::Stop;

/// Does `work` on each item, `concurrency` of them at once and on all processors,
/// and gives what comes of each as it comes. Once `stop` is set it begins nothing
/// more, and ends when what was begun has ended.
pub(super) fn each<I, F>(
    items: Vec<I>,
    concurrency: usize,
    stop: &Stop,
    work: impl Fn(I) -> F,
) -> impl Stream<Item = F::Output>
where
    F: Future<Output: Send + 'static> + Send + 'static,
{
    stream::iter(items)
        .take_until(Box::pin(stop.wait()))
        .map(move |item| tokio::spawn(work(item)))
        .buffer_unordered(concurrency)
        .map(|ended| {
            // Nobody cancels these tasks: what fails here is a panic, which goes on.
            ended.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))
        })
}
