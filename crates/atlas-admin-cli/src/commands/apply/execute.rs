//! Applying the updates of a plan.

use std::sync::Arc;

use atlas_admin::{ApiKey, Client, Error, Response};
use futures_util::StreamExt;
use parking_lot::Mutex;
use tokio::task::block_in_place;

use super::{
    cancellation::{Cancellation, Reason},
    concurrent,
    desired::{DesiredKey, Update},
    journal::{Journal, Outcome},
    plan::KeyPlan,
    summary::Summary,
};
use crate::{
    error::{CliError, call_error_to_json, describe},
    ui::{Output, progress::Progress},
};

/// Applies all updates: many keys at once, the updates of each key one after the other, and the
/// key that signs in when all others are finished. Returns the summary with these updates added,
/// and why the journal could not be written, if so.
pub(super) async fn execute(
    client: &Client,
    keys: Vec<KeyPlan>,
    concurrency: usize,
    cancellation: &Cancellation,
    journal: Journal,
    mut summary: Summary,
    output: &Output,
) -> (Summary, Option<CliError>) {
    let total: usize = keys.iter().map(|key| key.updates().len()).sum();
    summary.not_started = total;
    let executor = Arc::new(Executor {
        client: client.clone(),
        cancellation: cancellation.clone(),
        journal,
        progress: Progress::new("updates finished", total, output),
        result: Mutex::new((summary, None)),
    });
    let update = |key| {
        let executor = Arc::clone(&executor);
        async move { executor.update_key(key).await }
    };
    let (calling, others) = keys.into_iter().partition(|key| key.is_calling_key);
    for keys in [others, calling] {
        concurrent::for_each(keys, concurrency, cancellation, update)
            .collect::<Vec<()>>()
            .await;
    }
    let mut result = executor.result.lock();
    (std::mem::take(&mut result.0), result.1.take())
}

struct Executor {
    client: Client,
    cancellation: Cancellation,
    journal: Journal,
    progress: Progress,
    /// The summary, and why the journal cannot be written.
    result: Mutex<(Summary, Option<CliError>)>,
}

impl Executor {
    async fn update_key(&self, key: KeyPlan) {
        for (update, change) in key.updates() {
            if self.cancellation.reason().is_some() || !self.start(&key.desired, update) {
                break;
            }
            let (sets_desc, sets_roles) = (change.desc.is_some(), change.changes_roles());
            let call = update.call(&self.client, &key.desired.id, sets_desc, sets_roles);
            let response = async { call?.send().await }.await;
            self.finish(&key.desired, update, &response);
        }
    }

    /// Records that an update is about to be sent. Returns whether it may be.
    fn start(&self, key: &DesiredKey, update: &Update) -> bool {
        match block_in_place(|| self.journal.start(key, update)) {
            Ok(()) => true,
            Err(error) => {
                self.stop(&mut self.result.lock().1, error);
                false
            }
        }
    }

    /// Stops the run because the journal cannot be written.
    fn stop(&self, journal_error: &mut Option<CliError>, error: CliError) {
        self.cancellation.trigger(Reason::Journal);
        journal_error.get_or_insert(error);
    }

    /// Records an outcome before the key's next update starts.
    fn finish(
        &self,
        key: &DesiredKey,
        update: &Update,
        response: &Result<Response<ApiKey>, Error>,
    ) {
        let (outcome, requests_sent) = match response {
            Ok(key) => (Outcome::Applied, key.requests_sent()),
            Err(error) if error.outcome_unknown() => (Outcome::Unknown, error.requests_sent()),
            Err(error) => (Outcome::Failed, error.requests_sent()),
        };
        let error = response.as_ref().err();
        if let Some(error) = error {
            let label = match outcome {
                Outcome::Unknown => "unknown",
                _ => "failed",
            };
            self.progress
                .println(&format!("{label}: {}", describe(error)));
            self.cancellation.on_error(error);
        }
        let error = error.map(call_error_to_json);
        let mut result = self.result.lock();
        let (summary, journal_error) = &mut *result;
        summary.count(outcome);
        summary.not_started -= 1;
        summary.requests_sent += u64::from(requests_sent);
        summary.record_error(error.as_ref());
        if let Err(error) = self.journal.finish(key, update, outcome, error) {
            self.stop(journal_error, error);
        }
        self.progress.increment();
    }
}
