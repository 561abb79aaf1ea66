//! Applying the updates of a plan.

use std::{path::Path, sync::Arc};

use atlas_admin::{ApiKeyId, Client, CreatedApiKey, Error, secrecy::ExposeSecret};
use futures_util::StreamExt;
use parking_lot::Mutex;
use tokio::task::block_in_place;

use super::{
    cancellation::{Cancellation, Reason},
    concurrent,
    desired::{DesiredKey, IfMissing, Update},
    journal::{Journal, Outcome, Step},
    plan::{Action, Change, KeyPlan},
    requests,
    summary::Summary,
};
use crate::{
    client::Call,
    commands::secret_file::SecretFile,
    error::CliError,
    ui::{Output, progress::Progress},
};

/// What to do about a creation whose outcome is not known.
const LOST_CREATION: &str = "nobody has the private key of a key that this created; resume with \
     the journal, which deletes it, or delete the newest key with this description";

/// Applies all updates: many keys at once, and the updates of each key one after the other. Keys
/// are deleted when all others are finished, since they may be what new keys replace, and the key
/// that signs in comes last. Returns the summary with these updates added,
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
    let total: usize = keys.iter().map(KeyPlan::update_count).sum();
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
    let (calling, others): (_, Vec<_>) = keys.into_iter().partition(|key| key.is_calling_key);
    let (deleted, kept) = others
        .into_iter()
        .partition(|key| key.action() == Action::Delete);
    for keys in [kept, deleted, calling] {
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
        let mut id = key.id.clone();
        for orphan in &key.orphans {
            let deletion = Update::deletion(key.desired.org.clone());
            let step = Step {
                key: &key.desired,
                id: Some(orphan),
                update: &deletion,
                secret_file: None,
            };
            let calls = requests::calls(&self.client, orphan, &deletion, &Change::whole(&deletion));
            // Otherwise two keys would have the description.
            if !self.update(step, calls).await {
                return;
            }
        }
        for (update, change) in key.updates() {
            let Some(id) = &id else {
                let IfMissing::Create(file) = &key.desired.if_missing else {
                    return;
                };
                // Without the key there is nothing to update.
                id = match self.create(&key.desired, update, file).await {
                    Some(id) => Some(id),
                    None => return,
                };
                continue;
            };
            let step = Step {
                key: &key.desired,
                id: Some(id),
                update,
                secret_file: None,
            };
            let calls = requests::calls(&self.client, id, update, change);
            self.update(step, calls).await;
        }
    }

    /// Makes a change, unless the run stops early. Returns whether it was made.
    async fn update(&self, step: Step<'_>, calls: Result<Vec<Call<u32>>, Error>) -> bool {
        if !self.start(step) {
            return false;
        }
        let mut requests_sent = 0;
        let result = async {
            for call in calls? {
                requests_sent += call.send().await?;
            }
            Ok(())
        };
        let result: Result<(), Error> = result.await;
        let is_made = result.is_ok();
        self.finish(step, result.map_err(CliError::Call), requests_sent);
        is_made
    }

    /// Creates a key, and stores its private key. Returns its id, unless that failed.
    async fn create(&self, key: &DesiredKey, update: &Update, file: &Path) -> Option<ApiKeyId> {
        let mut step = Step {
            key,
            id: None,
            update,
            secret_file: Some(file),
        };
        if !self.start(step) {
            return None;
        }
        let opened = block_in_place(|| SecretFile::create_or_take_over(file));
        let mut requests_sent = 0;
        let result = async {
            let mut file = opened?;
            let call = requests::creation(&self.client, &key.org, update)?;
            match call.send().await {
                Ok(created) => {
                    requests_sent = created.requests_sent();
                    store(&mut file, &created).map(|()| created.id.clone())
                }
                Err(error) => {
                    if let Some(created) = error.created() {
                        store(&mut file, created)?;
                    }
                    Err(match error.outcome_unknown() {
                        true => CliError::CallWithHint(error, LOST_CREATION.to_owned()),
                        false => error.into(),
                    })
                }
            }
        };
        let (id, result) = match result.await {
            Ok(id) => (Some(id), Ok(())),
            Err(error) => (None, Err(error)),
        };
        step.id = id.as_ref();
        self.finish(step, result, requests_sent);
        id
    }

    /// Records that an update is about to be sent. Returns whether it may be.
    fn start(&self, step: Step<'_>) -> bool {
        if self.cancellation.reason().is_some() {
            return false;
        }
        match block_in_place(|| self.journal.start(step)) {
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

    /// Records an outcome before the key's next update starts. `requests_sent` is the number of
    /// requests that succeeded.
    fn finish(&self, step: Step<'_>, result: Result<(), CliError>, requests_sent: u32) {
        let mut requests_sent = u64::from(requests_sent);
        let mut outcome = Outcome::Applied;
        let mut json = None;
        if let Err(error) = &result {
            outcome = outcome_of(error);
            let label = match outcome {
                Outcome::Unknown => "unknown",
                _ => "failed",
            };
            match error {
                CliError::Call(call) | CliError::CallWithHint(call, _) => {
                    requests_sent += u64::from(call.requests_sent());
                    self.cancellation.on_error(call);
                }
                _ => self.cancellation.on_failure(),
            }
            self.progress.println(&format!("{label}: {error}"));
            json = Some(error.to_json()["error"].take());
        }
        let mut result = self.result.lock();
        let (summary, journal_error) = &mut *result;
        summary.count(outcome);
        summary.not_started -= 1;
        summary.requests_sent += requests_sent;
        summary.record_error(json.as_ref());
        if let Err(error) = self.journal.finish(step, outcome, json) {
            self.stop(journal_error, error);
        }
        self.progress.increment();
    }
}

/// Stores the private key of a new key.
fn store(file: &mut SecretFile, key: &CreatedApiKey) -> Result<(), CliError> {
    let secret = key.private_key().expose_secret();
    block_in_place(|| file.write(secret)).map_err(|error| CliError::LostSecret {
        key: key.id.clone(),
        file: file.path().to_owned(),
        error,
    })
}

fn outcome_of(error: &CliError) -> Outcome {
    match error {
        CliError::Call(error) | CliError::CallWithHint(error, _) if error.outcome_unknown() => {
            Outcome::Unknown
        }
        // A run that resumes deletes the key.
        CliError::LostSecret { .. } => Outcome::Unknown,
        _ => Outcome::Failed,
    }
}
