//! Reading the keys, to see what would change.

use std::pin::pin;

use atlas_admin::Client;
use futures_util::StreamExt;

use super::{
    parallel,
    plan::{KeyPlan, Plan},
    progress::Progress,
    stop::{Reason, Stop},
    wanted::WantedKey,
};
use crate::{output::Output, read_key::read_key};

/// What came of reading the keys.
pub(crate) struct Survey {
    pub(crate) plan: Plan,
    pub(crate) requests: u64,
}

/// Reads each key, so many at once, and compares it with what is wanted. Stops
/// early by `stop`, which a failure sets unless `keep_going`.
pub(crate) async fn survey(
    client: &Client,
    keys: Vec<WantedKey>,
    concurrency: usize,
    keep_going: bool,
    stop: &Stop,
    output: &Output,
) -> Survey {
    let total = keys.len();
    let progress = Progress::new("keys read", total, output);
    let work = |(index, wanted): (usize, WantedKey)| {
        let (client, stop) = (client.clone(), stop.clone());
        async move {
            // To leave a reading in the middle changes nothing, however long it would wait.
            let answer = tokio::select! {
                answer = read_key(client, &wanted.org, &wanted.id) => answer,
                () = stop.wait() => return None,
            };
            Some((index, wanted, answer))
        }
    };
    let keys = keys.into_iter().enumerate().collect();
    let mut answers = pin!(parallel::each(keys, concurrency, stop, work));
    let mut compared = Vec::new();
    let mut requests = 0;
    while let Some(answer) = answers.next().await {
        let Some((index, wanted, answer)) = answer else {
            continue;
        };
        progress.step();
        let outcome = match answer {
            Ok(key) => {
                requests += u64::from(key.requests_sent());
                Ok(KeyPlan::new(wanted, &key))
            }
            Err(error) => {
                requests += u64::from(error.requests_sent());
                progress.say(&format!("failed: {error}"));
                if error.is_credentials() {
                    stop.set(Reason::Credentials);
                } else if !keep_going {
                    stop.set(Reason::Failure);
                }
                Err((wanted, error))
            }
        };
        compared.push((index, outcome));
    }
    compared.sort_unstable_by_key(|(index, _)| *index);

    let mut plan = Plan {
        not_read: total - compared.len(),
        ..Plan::default()
    };
    for (_, outcome) in compared {
        match outcome {
            Ok(key) if key.is_as_wanted() => plan.as_wanted.push(key.wanted),
            Ok(key) => plan.keys.push(key),
            Err(unreadable) => plan.unreadable.push(unreadable),
        }
    }
    Survey { plan, requests }
}
