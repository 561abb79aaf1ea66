//! Applying the updates of a plan.

use std::{pin::pin, sync::Arc};

use atlas_admin::{ApiKey, Client, Error, Response};
use futures_util::StreamExt;
use parking_lot::Mutex;

use super::{
    cancellation::{Cancellation, Reason},
    concurrent,
    desired::{DesiredKey, Update},
    journal::{Journal, Outcome},
    plan::KeyPlan,
    summary::Summary,
};
use crate::{
    error::{CliError, call_error_to_json},
    ui::{Output, progress::Progress},
};

/// Applies all updates: many keys at once, the updates of each key one after the other. Returns
/// why the journal could not be written as well, if it could not.
pub(super) async fn execute(
    client: &Client,
    keys: Vec<KeyPlan>,
    concurrency: usize,
    cancellation: &Cancellation,
    journal: Journal,
    output: &Output,
) -> (Summary, Option<CliError>) {
    let total: usize = keys.iter().map(|key| key.updates().count()).sum();
    let executor = Arc::new(Executor {
        client: client.clone(),
        cancellation: cancellation.clone(),
        journal,
        progress: Progress::new("updates finished", total, output),
        journal_error: Mutex::new(None),
    });
    let update = |key| {
        let executor = Arc::clone(&executor);
        async move { executor.update_key(key).await }
    };
    let mut summary = Summary::default();
    {
        let mut keys = pin!(concurrent::for_each(
            keys,
            concurrency,
            cancellation,
            update
        ));
        while let Some(key) = keys.next().await {
            summary += key;
        }
    }
    summary.not_started = total - summary.started();
    let journal_error = executor.journal_error.lock().take();
    (summary, journal_error)
}

struct Executor {
    client: Client,
    cancellation: Cancellation,
    journal: Journal,
    progress: Progress,
    journal_error: Mutex<Option<CliError>>,
}

impl Executor {
    async fn update_key(&self, key: KeyPlan) -> Summary {
        let mut summary = Summary::default();
        for (update, change) in key.updates() {
            if self.cancellation.reason().is_some() {
                break;
            }
            let (sets_desc, sets_roles) = (change.desc.is_some(), change.changes_roles());
            let call = update.call(&self.client, &key.desired.id, sets_desc, sets_roles);
            let response = call.send().await;
            self.record(&key.desired, update, &response, &mut summary);
        }
        summary
    }

    /// Records an outcome before the key's next update starts.
    fn record(
        &self,
        key: &DesiredKey,
        update: &Update,
        response: &Result<Response<ApiKey>, Error>,
        summary: &mut Summary,
    ) {
        let (outcome, requests_sent) = match response {
            Ok(key) => (Outcome::Applied, key.requests_sent()),
            Err(error) if error.outcome_unknown() => (Outcome::Unknown, error.requests_sent()),
            Err(error) => (Outcome::Failed, error.requests_sent()),
        };
        summary.count(outcome);
        summary.requests_sent += u64::from(requests_sent);
        let error = response.as_ref().err();
        if let Some(error) = error {
            let label = match outcome {
                Outcome::Unknown => "unknown",
                _ => "failed",
            };
            self.progress.println(&format!("{label}: {error}"));
            self.cancellation.on_error(error);
        }
        let error = error.map(call_error_to_json);
        summary.record_error(error.as_ref());
        if let Err(error) = self.journal.record(key, update, outcome, error) {
            self.cancellation.trigger(Reason::Journal);
            *self.journal_error.lock() = Some(error);
        }
        self.progress.increment();
    }
}
