//! Making the updates.

use std::{
    pin::pin,
    sync::{Arc, Mutex, PoisonError},
};

use atlas_admin::{ApiKey, Client, Error, Response};
use futures_util::StreamExt;

use super::{
    parallel,
    plan::{Change, KeyPlan},
    progress::Progress,
    report::{Outcome, Report},
    stop::{Reason, Stop},
    summary::Tally,
    wanted::{Target, Update, WantedKey},
};
use crate::{
    exit::{self, Failure},
    output::Output,
};

/// Makes the updates of all keys: many keys at once, each key's one by one. Also
/// tells why the report could not be written to its end, if so.
pub(crate) async fn run(
    client: &Client,
    keys: Vec<KeyPlan>,
    concurrency: usize,
    keep_going: bool,
    stop: &Stop,
    report: Report,
    output: &Output,
) -> (Tally, Option<Failure>) {
    let total: usize = keys.iter().map(|key| key.updates().count()).sum();
    let runner = Arc::new(Runner {
        client: client.clone(),
        keep_going,
        stop: stop.clone(),
        report,
        progress: Progress::new("updates made", total, output),
        failure: Mutex::new(None),
    });
    let work = |key| {
        let runner = Arc::clone(&runner);
        async move { runner.key(key).await }
    };
    let mut tally = Tally::default();
    {
        let mut keys = pin!(parallel::each(keys, concurrency, stop, work));
        while let Some(one) = keys.next().await {
            tally += one;
        }
    }
    tally.left = total - tally.attempted();
    let mut failure = runner
        .failure
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    (tally, failure.take())
}

struct Runner {
    client: Client,
    keep_going: bool,
    stop: Stop,
    report: Report,
    progress: Progress,
    /// Why the report cannot be written.
    failure: Mutex<Option<Failure>>,
}

impl Runner {
    async fn key(&self, key: KeyPlan) -> Tally {
        let mut tally = Tally::default();
        for (update, change) in key.updates() {
            if self.stop.reason().is_some() {
                break;
            }
            let answer = send(&self.client, &key.wanted, update, Some(change)).await;
            self.note(&key.wanted, update, &answer, &mut tally);
        }
        tally
    }

    /// Writes down what became of an update, before anything else is begun.
    fn note(
        &self,
        key: &WantedKey,
        update: &Update,
        answer: &Result<Response<ApiKey>, Error>,
        tally: &mut Tally,
    ) {
        let (outcome, requests) = match answer {
            Ok(key) => (Outcome::Done, key.requests_sent()),
            Err(error) if error.outcome_unknown() => (Outcome::Unknown, error.requests_sent()),
            Err(error) => (Outcome::Failed, error.requests_sent()),
        };
        tally.count(outcome);
        tally.requests += u64::from(requests);
        let error = answer.as_ref().err();
        if let Some(error) = error {
            let verdict = match outcome {
                Outcome::Unknown => "unknown",
                _ => "failed",
            };
            self.progress.say(&format!("{verdict}: {error}"));
            if error.is_credentials() {
                self.stop.set(Reason::Credentials);
            } else if !self.keep_going {
                self.stop.set(Reason::Failure);
            }
        }
        let error = error.map(exit::describe);
        tally.failed_by(error.as_ref());
        let written = self.report.record(key, update, outcome, error);
        if let Err(failure) = written {
            self.stop.set(Reason::Report);
            *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(failure);
        }
        self.progress.step();
    }
}

/// Sends what is to change, and nothing that is as wanted; all of it where no
/// change is known.
pub(crate) async fn send(
    client: &Client,
    key: &WantedKey,
    update: &Update,
    change: Option<&Change>,
) -> Result<Response<ApiKey>, Error> {
    let roles = update.roles.as_ref();
    match &update.target {
        Target::Org(org) => {
            let mut call = client.org(org).api_key(&key.id).update();
            let changes_desc = change.is_none_or(|change| change.desc.is_some());
            if let Some(desc) = update.desc.as_ref().filter(|_| changes_desc) {
                call = call.desc(desc);
            }
            let changes_roles = change.is_none_or(Change::changes_roles);
            if let Some(roles) = roles.filter(|_| changes_roles) {
                call = call.roles(roles.iter().map(String::as_str));
            }
            call.send().await
        }
        Target::Project(project) => {
            let call = client.project(project).api_key(&key.id);
            let roles = roles.into_iter().flatten().map(String::as_str);
            call.replace_roles(roles).send().await
        }
    }
}
