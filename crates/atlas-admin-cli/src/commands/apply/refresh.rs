//! Reading the present state of the keys: by the lists of their organizations, and one by one.

use std::{collections::HashMap, pin::pin};

use atlas_admin::{ApiKey, ApiKeyId, Client, Error, ErrorCode, ErrorKind, Network, OrgId};
use chrono::TimeDelta;
use futures_util::StreamExt;

use super::{
    cancellation::Cancellation,
    concurrent,
    desired::{DesiredKey, IfMissing, KeyName, LostCreation},
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

/// What the service's clock and ours may differ by.
const CLOCK_SLACK: TimeDelta = TimeDelta::seconds(60);

/// A key, and its place in the manifest.
type Numbered = (usize, DesiredKey);

/// The plan of a key, or why it cannot be read.
type Read = Result<KeyPlan, Box<(DesiredKey, Error)>>;

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
    refresh.read_access_lists().await;

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
            Err(unreadable) => plan.unreadable.push(*unreadable),
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
    // Only the list tells which key has a description.
    let needs_list = |(_, key): &Numbered| key.name.id().is_none();
    let (lists, few): (Vec<_>, Vec<_>) = orgs
        .into_iter()
        .partition(|(_, keys)| keys.len() >= MIN_LISTED || keys.iter().any(needs_list));
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
                let read = Listed::read(&client, &org, keys, caller.as_deref());
                cancellation.or_stop(read).await
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
            for (index, result) in listed.results {
                if let Err(unreadable) = &result {
                    fail(&self.progress, self.cancellation, &unreadable.1);
                }
                self.results.push((index, result));
                self.progress.increment();
            }
            // Rejected credentials would be rejected for each key as well.
            if let Some(error) = listed.error
                && error.is_credentials()
                && let Some((index, key)) = listed.missing.pop()
            {
                fail(&self.progress, self.cancellation, &error);
                self.results.push((index, Err(Box::new((key, error)))));
            }
            missing.append(&mut listed.missing);
        }
    }

    /// Reads these keys one by one.
    async fn read_keys(&mut self, keys: Vec<Numbered>) {
        let read = |(index, key): Numbered| {
            let (client, cancellation) = (self.session.client.clone(), self.cancellation.clone());
            async move {
                // By description, keys are found by lists alone.
                let id = key.name.id()?.clone();
                let get = client.org(&key.org).api_key(&id).get();
                let response = cancellation.or_stop(get.send()).await?;
                Some((index, key, response))
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
            let requests_sent = response
                .as_ref()
                .map_or_else(Error::requests_sent, |key| key.requests_sent());
            self.requests_sent += u64::from(requests_sent);
            let result = match response {
                Ok(key) => {
                    let caller = self.session.public_key.as_deref();
                    Ok(KeyPlan::new(desired, &key, caller))
                }
                Err(error)
                    if desired.if_missing == IfMissing::Nothing
                        && error.code() == Some(ErrorCode::API_KEY_NOT_FOUND) =>
                {
                    Ok(KeyPlan::missing(desired, Vec::new()))
                }
                Err(error) => {
                    fail(&self.progress, self.cancellation, &error);
                    Err(Box::new((desired, error)))
                }
            };
            self.progress.increment();
            self.results.push((index, result));
        }
    }

    /// Reads the access lists that the plan needs, each with a request of its own.
    async fn read_access_lists(&mut self) {
        let results = std::mem::take(&mut self.results);
        let mut keys = Vec::new();
        for (index, result) in results {
            match result {
                Ok(plan) if plan.reads_access_list().is_some() => keys.push((index, plan)),
                result => self.results.push((index, result)),
            }
        }
        let read = |(index, plan): (usize, KeyPlan)| {
            let (client, cancellation) = (self.session.client.clone(), self.cancellation.clone());
            async move {
                let key = client
                    .org(&plan.desired.org)
                    .api_key(plan.reads_access_list()?);
                let mut entries = listing::whole(key.access_list().list()).stream();
                let read = async {
                    let mut networks = Vec::new();
                    while let Some(entry) = entries.next().await {
                        networks.push(Network::from(&entry?).to_string());
                    }
                    networks.sort_unstable();
                    Ok::<_, Error>(networks)
                };
                let networks = cancellation.or_stop(read).await?;
                Some((index, plan, networks, entries.requests_sent()))
            }
        };
        let mut responses = pin!(concurrent::for_each(
            keys,
            self.concurrency,
            self.cancellation,
            read
        ));
        while let Some(response) = responses.next().await {
            let Some((index, mut plan, networks, requests_sent)) = response else {
                continue;
            };
            self.requests_sent += u64::from(requests_sent);
            let result = match networks {
                Ok(networks) => {
                    plan.compare_access_list(&networks);
                    Ok(plan)
                }
                Err(error) => {
                    self.requests_sent += u64::from(error.requests_sent());
                    fail(&self.progress, self.cancellation, &error);
                    Err(Box::new((plan.desired, error)))
                }
            };
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
    results: Vec<(usize, Read)>,
    /// The last key of the manifest first.
    missing: Vec<Numbered>,
    requests_sent: u64,
    error: Option<Error>,
}

impl Listed {
    /// Reads the list until all these keys are found, or to its end if some are known by their
    /// description. For keys known by their ids, it gives up when it has sent more requests than
    /// there are keys, which an organization with many other keys can cause.
    async fn read(client: &Client, org: &OrgId, keys: Vec<Numbered>, caller: Option<&str>) -> Self {
        let limit = keys.len() as u64;
        let mut by_id: HashMap<ApiKeyId, Numbered> = HashMap::new();
        let mut by_desc: HashMap<String, (Numbered, Vec<ApiKey>)> = HashMap::new();
        for numbered in keys {
            match &numbered.1.name {
                KeyName::Id(id) => by_id.insert(id.clone(), numbered).is_some(),
                KeyName::Desc(desc) => {
                    let found = (numbered.clone(), Vec::new());
                    by_desc.insert(desc.clone(), found).is_some()
                }
            };
        }
        let mut results = Vec::with_capacity(by_id.len() + by_desc.len());
        let mut error = None;
        let mut requests_sent = 0;
        // A list moves while its pages are read, and a key that was missed would be created again.
        for _ in 0..2 {
            let mut list = listing::whole(client.org(org).api_keys().list()).stream();
            let mut length = 0;
            let is_within_limit = |sent: u32| requests_sent + u64::from(sent) <= limit;
            while !by_desc.is_empty()
                || (!by_id.is_empty() && is_within_limit(list.requests_sent()))
            {
                let key: ApiKey = match list.next().await {
                    Some(Ok(key)) => key,
                    Some(Err(failure)) => {
                        error = Some(failure);
                        break;
                    }
                    None => break,
                };
                length += 1;
                if let Some((index, desired)) = by_id.remove(&key.id) {
                    results.push((index, Ok(KeyPlan::new(desired, &key, caller))));
                } else if let Some(desc) = &key.desc
                    && let Some((_, found)) = by_desc.get_mut(desc)
                    && found.iter().all(|known| known.id != key.id)
                {
                    found.push(key);
                }
            }
            requests_sent += u64::from(list.requests_sent());
            let is_missing = by_desc.values().any(|(_, found)| found.is_empty());
            if error.is_some() || !is_missing || length <= listing::ITEMS_PER_PAGE {
                break;
            }
        }
        let failed = error.as_ref().map_or(0, Error::requests_sent);
        for ((index, desired), found) in by_desc.into_values() {
            let result = match &error {
                Some(error) => {
                    let message = format!("API key {} cannot be found: {error}", desired.name);
                    Err(Box::new((desired, Error::new(error.kind(), message))))
                }
                None => only(desired, found, caller),
            };
            results.push((index, result));
        }
        let mut missing: Vec<_> = by_id.into_values().collect();
        missing.sort_unstable_by_key(|(index, _)| std::cmp::Reverse(*index));
        Self {
            results,
            missing,
            requests_sent: requests_sent + u64::from(failed),
            error,
        }
    }
}

/// Plans for a key that is known by its description, which these keys have.
fn only(desired: DesiredKey, mut found: Vec<ApiKey>, caller: Option<&str>) -> Read {
    let lost = desired.lost.as_ref();
    let is_orphan = |key: &ApiKey| match lost {
        Some(LostCreation::Since(start)) => key.created_at() >= *start - CLOCK_SLACK,
        Some(LostCreation::Keys(ids)) => ids.contains(&key.id),
        None => false,
    };
    let orphans: Vec<_> = found
        .extract_if(.., |key| is_orphan(key))
        .map(|key| key.id)
        .collect();
    match found.as_slice() {
        [] => Ok(KeyPlan::missing(desired, orphans)),
        [key] => Ok(KeyPlan::new(desired, key, caller)),
        keys => {
            let ids: Vec<_> = keys.iter().map(|key| key.id.to_string()).collect();
            let message = format!(
                "{} API keys have the description {}; name one of them by its id: {}",
                keys.len(),
                desired.name,
                ids.join(", ")
            );
            Err(Box::new((
                desired,
                Error::new(ErrorKind::Conflict, message),
            )))
        }
    }
}
