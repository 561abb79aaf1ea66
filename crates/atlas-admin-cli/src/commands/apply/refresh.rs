//! Reading the present state of the keys: by the lists of their organizations, and one by one.

use std::{collections::HashMap, pin::pin};

use atlas_admin::{ApiKey, ApiKeyId, Client, Error, OrgId};
use futures_util::StreamExt;

use super::{
    cancellation::Cancellation,
    concurrent,
    desired::DesiredKey,
    plan::{KeyPlan, Plan},
};
use crate::{
    client::Session,
    commands::listing,
    error::describe,
    ui::{Output, progress::Progress},
};

/// The least number of keys for which their organization's list is read. A list of up to 500
/// keys is one request; one that is refused is one more than without it.
const MIN_LISTED: usize = 3;

/// A key, and its place in the manifest.
type Numbered = (usize, DesiredKey);

/// The plan of a key, or why it cannot be read.
type Read = Result<KeyPlan, (DesiredKey, Error)>;

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
    let mut refresh = Refresh {
        session,
        concurrency,
        cancellation,
        progress: Progress::new("keys read", total, output),
        results: Vec::with_capacity(total),
        requests_sent: 0,
    };
    let (lists, mut single) = by_organization(keys);
    refresh.read_lists(lists, &mut single).await;
    // A failure then stops it where a manifest of these keys alone would.
    single.sort_unstable_by_key(|(index, _)| *index);
    refresh.read_keys(single).await;

    let mut results = refresh.results;
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
    (plan, refresh.requests_sent)
}

/// Returns the keys of each organization whose list is worth reading, in the order of the
/// manifest, and all other keys.
fn by_organization(keys: Vec<DesiredKey>) -> (Vec<(OrgId, Vec<Numbered>)>, Vec<Numbered>) {
    let mut places = HashMap::new();
    let mut orgs: Vec<(OrgId, Vec<Numbered>)> = Vec::new();
    for (index, key) in keys.into_iter().enumerate() {
        let place = *places.entry(key.org.clone()).or_insert_with(|| {
            orgs.push((key.org.clone(), Vec::new()));
            orgs.len() - 1
        });
        orgs[place].1.push((index, key));
    }
    let (lists, few): (Vec<_>, Vec<_>) = orgs
        .into_iter()
        .partition(|(_, keys)| keys.len() >= MIN_LISTED);
    let single = few.into_iter().flat_map(|(_, keys)| keys).collect();
    (lists, single)
}

struct Refresh<'a> {
    session: &'a Session,
    concurrency: usize,
    cancellation: &'a Cancellation,
    progress: Progress,
    results: Vec<(usize, Read)>,
    requests_sent: u64,
}

impl Refresh<'_> {
    /// Reads these lists, and adds the keys that they lack to `missing`: a list moves while its
    /// pages are read, and the caller may not be allowed to read it. Reading such a key by itself
    /// settles it.
    async fn read_lists(
        &mut self,
        lists: Vec<(OrgId, Vec<Numbered>)>,
        missing: &mut Vec<Numbered>,
    ) {
        let caller = &self.session.public_key;
        let read = |(org, keys): (OrgId, Vec<Numbered>)| {
            let (client, caller) = (self.session.client.clone(), caller.clone());
            let cancellation = self.cancellation.clone();
            async move {
                // A read changes nothing, so it can stop at any point.
                tokio::select! {
                    listed = Listed::read(&client, &org, keys, caller.as_deref()) => Some(listed),
                    () = cancellation.wait() => None,
                }
            }
        };
        let mut listed = pin!(concurrent::for_each(
            lists,
            self.concurrency,
            self.cancellation,
            read
        ));
        while let Some(listed) = listed.next().await {
            let Some(mut listed) = listed else { continue };
            self.requests_sent += listed.requests_sent;
            for (index, plan) in listed.found {
                self.results.push((index, Ok(plan)));
                self.progress.increment();
            }
            // Rejected credentials would be rejected for each key as well.
            if let Some(error) = listed.error
                && error.is_credentials()
                && let Some((index, key)) = listed.missing.pop()
            {
                fail(&self.progress, self.cancellation, &error);
                self.results.push((index, Err((key, error))));
            }
            missing.append(&mut listed.missing);
        }
    }

    /// Reads these keys one by one.
    async fn read_keys(&mut self, keys: Vec<Numbered>) {
        let read = |(index, key): Numbered| {
            let (client, cancellation) = (self.session.client.clone(), self.cancellation.clone());
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
        let mut responses = pin!(concurrent::for_each(
            keys,
            self.concurrency,
            self.cancellation,
            read
        ));
        while let Some(response) = responses.next().await {
            let Some((index, desired, response)) = response else {
                continue;
            };
            let result = match response {
                Ok(key) => {
                    self.requests_sent += u64::from(key.requests_sent());
                    let caller = self.session.public_key.as_deref();
                    Ok(KeyPlan::new(desired, &key, caller))
                }
                Err(error) => {
                    self.requests_sent += u64::from(error.requests_sent());
                    fail(&self.progress, self.cancellation, &error);
                    Err((desired, error))
                }
            };
            self.progress.increment();
            self.results.push((index, result));
        }
    }
}

/// Reports a failed read.
fn fail(progress: &Progress, cancellation: &Cancellation, error: &Error) {
    progress.println(&format!("failed: {}", describe(error)));
    cancellation.on_error(error);
}

/// What the list of an organization says of its keys.
struct Listed {
    found: Vec<(usize, KeyPlan)>,
    /// The last key of the manifest first.
    missing: Vec<Numbered>,
    requests_sent: u64,
    error: Option<Error>,
}

impl Listed {
    /// Reads the list until all these keys are found. It gives up when it has sent more requests
    /// than there are keys, which an organization with many other keys can cause.
    async fn read(client: &Client, org: &OrgId, keys: Vec<Numbered>, caller: Option<&str>) -> Self {
        let limit = keys.len() as u64;
        let mut desired: HashMap<ApiKeyId, Numbered> = keys
            .into_iter()
            .map(|numbered| (numbered.1.id.clone(), numbered))
            .collect();
        let mut found = Vec::with_capacity(desired.len());
        let mut error = None;
        let mut list = listing::whole(client.org(org).api_keys().list()).stream();
        while !desired.is_empty() && u64::from(list.requests_sent()) <= limit {
            let key: ApiKey = match list.next().await {
                Some(Ok(key)) => key,
                Some(Err(failure)) => {
                    error = Some(failure);
                    break;
                }
                None => break,
            };
            if let Some((index, desired)) = desired.remove(&key.id) {
                found.push((index, KeyPlan::new(desired, &key, caller)));
            }
        }
        let failed = error.as_ref().map_or(0, Error::requests_sent);
        let mut missing: Vec<_> = desired.into_values().collect();
        missing.sort_unstable_by_key(|(index, _)| std::cmp::Reverse(*index));
        Self {
            found,
            missing,
            requests_sent: u64::from(list.requests_sent()) + u64::from(failed),
            error,
        }
    }
}
