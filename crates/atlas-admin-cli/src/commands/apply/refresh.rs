//! Reading the present state of the keys.

use std::pin::pin;

use futures_util::StreamExt;

use super::{
    cancellation::Cancellation,
    concurrent,
    desired::DesiredKey,
    plan::{KeyPlan, Plan},
};
use crate::{
    client::Session,
    error::describe,
    ui::{Output, progress::Progress},
};

/// Reads every key, and plans what changes. Returns the number of requests sent as well. The
/// first failure may stop it early.
pub(super) async fn refresh(
    session: &Session,
    keys: Vec<DesiredKey>,
    concurrency: usize,
    cancellation: &Cancellation,
    output: &Output,
) -> (Plan, u64) {
    let total = keys.len();
    let progress = Progress::new("keys read", total, output);
    let read = |(index, key): (usize, DesiredKey)| {
        let (client, cancellation) = (session.client.clone(), cancellation.clone());
        async move {
            // A read changes nothing, so it can stop at any point.
            tokio::select! {
                response = client.org(&key.org).api_key(&key.id).get().send() => {
                    Some((index, key, response))
                }
                () = cancellation.wait() => None,
            }
        }
    };
    let keys = keys.into_iter().enumerate().collect();
    let mut responses = pin!(concurrent::for_each(keys, concurrency, cancellation, read));
    let mut results = Vec::new();
    let mut requests_sent = 0;
    while let Some(response) = responses.next().await {
        let Some((index, desired, response)) = response else {
            continue;
        };
        progress.increment();
        let result = match response {
            Ok(key) => {
                requests_sent += u64::from(key.requests_sent());
                Ok(KeyPlan::new(desired, &key, session.public_key.as_deref()))
            }
            Err(error) => {
                requests_sent += u64::from(error.requests_sent());
                progress.println(&format!("failed: {}", describe(&error)));
                cancellation.on_error(&error);
                Err((desired, error))
            }
        };
        results.push((index, result));
    }
    results.sort_unstable_by_key(|(index, _)| *index);

    let mut plan = Plan {
        not_read: total - results.len(),
        ..Plan::default()
    };
    for (_, result) in results {
        match result {
            Ok(key) if key.is_unchanged() => plan.unchanged.push(key.desired),
            Ok(key) => plan.changed.push(key),
            Err(unreadable) => plan.unreadable.push(unreadable),
        }
    }
    (plan, requests_sent)
}
