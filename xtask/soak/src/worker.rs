//! One task of the soak test. It updates keys that no other task does, one after the other.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use atlas_admin::{
    ApiKey, Client, Credentials, Error, OrgRole, ProjectRole, Response, RetryPolicy,
};
use atlas_emulator::{Emulator, KeyState};
use rand::{RngExt, SeedableRng, rngs::SmallRng, seq::IndexedRandom};
use tokio::time::sleep;

use super::tally::{Reported, Tally};

/// The longest time until the emulator has handled a request that the client gave up.
const IN_FLIGHT: Duration = Duration::from_millis(100);

const ORG_ROLES: [OrgRole; 4] = [
    OrgRole::Member,
    OrgRole::ReadOnly,
    OrgRole::GroupCreator,
    OrgRole::BillingAdmin,
];

const PROJECT_ROLES: [ProjectRole; 4] = [
    ProjectRole::ReadOnly,
    ProjectRole::ClusterManager,
    ProjectRole::DataAccessReadOnly,
    ProjectRole::DataAccessReadWrite,
];

/// The updates that all tasks still have to make.
pub(super) struct Budget {
    left: AtomicU64,
    deadline: Option<Instant>,
}

impl Budget {
    pub(super) fn new(updates: u64, deadline: Option<Instant>) -> Self {
        Self {
            left: AtomicU64::new(updates),
            deadline,
        }
    }

    /// Takes one update. Returns its number, or `None` at the end.
    fn take(&self) -> Option<u64> {
        if self.deadline.is_some_and(|end| Instant::now() >= end) {
            return None;
        }
        self.left
            .fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1))
            .ok()
    }

    pub(super) fn use_up(&self) {
        self.left.store(0, Relaxed);
    }

    pub(super) fn is_used_up(&self) -> bool {
        self.left.load(Relaxed) == 0
    }
}

pub(super) struct Worker {
    emulator: Arc<Emulator>,
    client: Client,
    rng: SmallRng,
    /// The keys with their expected states.
    keys: Vec<(String, State)>,
    tally: Tally,
}

/// What an update can change, and an access list, which it must not.
#[derive(Debug, Clone, PartialEq, Eq)]
struct State {
    desc: String,
    org_roles: Vec<String>,
    project_roles: BTreeMap<String, Vec<String>>,
    access_list: Vec<String>,
}

/// Creates clients with both kinds of credentials, which retry ambiguous failures or do not. Tasks
/// share them.
pub(super) fn clients(emulator: &Emulator) -> Result<Vec<Client>> {
    let digest = Credentials::digest(emulator.public_key(), emulator.private_key());
    let account = Credentials::service_account(emulator.client_id(), emulator.client_secret());
    [
        (&digest, false),
        (&account, false),
        (&digest, true),
        (&account, true),
    ]
    .into_iter()
    .map(|(credentials, retry_ambiguous)| {
        let policy = RetryPolicy::standard()
            .initial_delay(Duration::from_millis(5))
            .max_delay(Duration::from_millis(20))
            .retry_ambiguous(retry_ambiguous);
        let client = Client::builder()
            .credentials(credentials.clone())
            .base_url(emulator.base_url())
            .retry(policy)
            .attempt_timeout(Duration::from_secs(2))
            .timeout(Duration::from_secs(10))
            .build()?;
        Ok(client)
    })
    .collect()
}

impl Worker {
    pub(super) fn new(
        seed: u64,
        client: Client,
        keys: &[String],
        emulator: Arc<Emulator>,
    ) -> Result<Self> {
        let keys = keys
            .iter()
            .map(|id| Ok((id.clone(), State::of(&emulator, id)?)))
            .collect::<Result<_>>()?;
        Ok(Self {
            emulator,
            client,
            rng: SmallRng::seed_from_u64(seed),
            keys,
            tally: Tally::default(),
        })
    }

    /// Makes updates until none are left.
    pub(super) async fn run(mut self, budget: Arc<Budget>) -> Result<Tally> {
        while let Some(number) = budget.take() {
            self.update(number).await?;
        }
        for (id, expected) in &self.keys {
            let is_changed = State::of(&self.emulator, id)? != *expected;
            self.tally.unexpected_changes += u64::from(is_changed);
        }
        Ok(self.tally)
    }

    async fn update(&mut self, number: u64) -> Result<()> {
        let index = self.rng.random_range(0..self.keys.len());
        let (id, before) = self.keys[index].clone();
        let is_changed = State::of(&self.emulator, &id)? != before;
        self.tally.unexpected_changes += u64::from(is_changed);

        let mut desired = before.clone();
        desired.desc = format!("update {number}");
        let result = if self.rng.random() {
            let roles = some_of(&ORG_ROLES, &mut self.rng);
            desired.org_roles = names(&roles);
            let key = self.client.org(self.emulator.org_id()).api_key(&id);
            key.update().desc(&desired.desc).roles(roles).send().await
        } else {
            let roles = some_of(&PROJECT_ROLES, &mut self.rng);
            let project = self.emulator.project_id();
            let project_roles = &mut desired.project_roles;
            project_roles.insert(project.to_owned(), names(&roles));
            let key = self.client.project(project).api_key(&id);
            key.replace_roles(roles).desc(&desired.desc).send().await
        };

        let reported = reported(&result);
        if reported == Reported::Unknown {
            sleep(IN_FLIGHT).await;
        }
        let after = State::of(&self.emulator, &id)?;
        let is_shown = result
            .as_ref()
            .map_or(true, |key| key.id == id && desired.is_shown_by(key));
        let is_right = match reported {
            Reported::Applied => after == desired && is_shown,
            Reported::NotApplied => after == before,
            Reported::Unknown => after == desired || after == before,
        };
        if !is_right {
            eprintln!(
                "{id}: {result:?}\n  before  {before:?}\n  desired {desired:?}\n  after   {after:?}"
            );
        }
        self.tally.add(reported, after == desired, is_right);
        self.tally.requests += u64::from(match &result {
            Ok(key) => key.requests_sent(),
            Err(error) => error.requests_sent(),
        });
        if let Err(error) = &result {
            self.tally.add_failure(error.kind());
        }
        self.keys[index].1 = after;
        Ok(())
    }
}

fn reported(result: &Result<Response<ApiKey>, Error>) -> Reported {
    match result {
        Ok(_) => Reported::Applied,
        Err(error) if error.outcome_unknown() => Reported::Unknown,
        Err(_) => Reported::NotApplied,
    }
}

/// Chooses at least one of these, each at most once.
fn some_of<T: Clone>(all: &[T], rng: &mut SmallRng) -> Vec<T> {
    let count = rng.random_range(1..=all.len());
    all.sample(rng, count).cloned().collect()
}

fn names(roles: &[impl ToString]) -> Vec<String> {
    sorted(roles.iter().map(ToString::to_string).collect())
}

fn sorted(mut names: Vec<String>) -> Vec<String> {
    names.sort();
    names
}

impl State {
    /// Returns whether a response has this description and these roles.
    fn is_shown_by(&self, key: &ApiKey) -> bool {
        let (mut org_roles, mut project_roles) = (Vec::new(), BTreeMap::new());
        for role in &key.roles {
            let roles = match &role.project_id {
                Some(project) => project_roles.entry(project.to_string()).or_default(),
                None => &mut org_roles,
            };
            roles.push(role.role_name.clone());
        }
        project_roles.values_mut().for_each(|roles| roles.sort());
        key.desc.as_ref() == Some(&self.desc)
            && sorted(org_roles) == self.org_roles
            && project_roles == self.project_roles
    }

    fn of(emulator: &Emulator, id: &str) -> Result<Self> {
        let KeyState {
            desc,
            org_roles,
            project_roles,
            access_list,
            ..
        } = emulator.api_key(id).context("a key has disappeared")?;
        Ok(Self {
            desc,
            org_roles: sorted(org_roles),
            project_roles: project_roles
                .into_iter()
                .map(|(project, roles)| (project, sorted(roles)))
                .collect(),
            access_list,
        })
    }
}
