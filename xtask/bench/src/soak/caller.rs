//! One task of the soak: it updates keys that nobody else does, one after the other.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
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

use super::ledger::{Ledger, Told};

/// A request that its caller gave up may still be on its way for so long.
const ON_ITS_WAY: Duration = Duration::from_millis(100);

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

/// What all tasks share.
pub(super) struct Surroundings {
    /// How many updates are to be made.
    pub(super) left: AtomicU64,
    pub(super) until: Option<Instant>,
    pub(super) seed: u64,
    pub(super) emulator: Emulator,
}

impl Surroundings {
    /// Takes one of the updates that are left.
    fn take(&self) -> Option<u64> {
        if self.until.is_some_and(|until| Instant::now() >= until) {
            return None;
        }
        let less = |left: u64| left.checked_sub(1);
        self.left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, less)
            .ok()
    }
}

pub(super) struct Caller {
    surroundings: Arc<Surroundings>,
    client: Client,
    rng: SmallRng,
    /// The keys, with the state that each should be in.
    keys: Vec<(String, State)>,
    ledger: Ledger,
}

/// What an update can change, and what it must not.
#[derive(Debug, Clone, PartialEq, Eq)]
struct State {
    desc: String,
    org_roles: Vec<String>,
    project_roles: BTreeMap<String, Vec<String>>,
    access_list: Vec<String>,
}

/// A client for each kind of credentials, with replays and without. Tasks share them.
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
    .map(|(credentials, replays)| {
        let policy = RetryPolicy::standard()
            .initial_delay(Duration::from_millis(5))
            .max_delay(Duration::from_millis(20))
            .retry_ambiguous(replays);
        let client = Client::builder()
            .credentials(credentials.clone())
            .base_url(emulator.base_url())?
            .retry(policy)
            .attempt_timeout(Duration::from_secs(2))
            .timeout(Duration::from_secs(10))
            .build()?;
        Ok(client)
    })
    .collect()
}

impl Caller {
    pub(super) fn new(
        number: u64,
        client: Client,
        keys: &[String],
        surroundings: Arc<Surroundings>,
    ) -> Result<Self> {
        let emulator = &surroundings.emulator;
        let keys = keys
            .iter()
            .map(|id| Ok((id.clone(), State::of(emulator, id)?)))
            .collect::<Result<_>>()?;
        Ok(Self {
            rng: SmallRng::seed_from_u64(surroundings.seed ^ number),
            surroundings,
            client,
            keys,
            ledger: Ledger::default(),
        })
    }

    /// Makes updates while there are any left.
    pub(super) async fn run(mut self) -> Result<Ledger> {
        while let Some(left) = self.surroundings.take() {
            self.update(left).await?;
        }
        for (id, expected) in &self.keys {
            let is_changed = State::of(&self.surroundings.emulator, id)? != *expected;
            self.ledger.changed_unasked += u64::from(is_changed);
        }
        Ok(self.ledger)
    }

    async fn update(&mut self, number: u64) -> Result<()> {
        let at = self.rng.random_range(0..self.keys.len());
        let (id, old) = self.keys[at].clone();
        let emulator = &self.surroundings.emulator;
        self.ledger.changed_unasked += u64::from(State::of(emulator, &id)? != old);

        let mut new = old.clone();
        new.desc = format!("update {number}");
        let result = if self.rng.random() {
            let roles = some_of(&ORG_ROLES, &mut self.rng);
            new.org_roles = names(&roles);
            let key = self.client.org(emulator.org_id()).api_key(&id);
            key.update().desc(&new.desc).roles(roles).send().await
        } else {
            let roles = some_of(&PROJECT_ROLES, &mut self.rng);
            let project = emulator.project_id();
            new.project_roles.insert(project.to_owned(), names(&roles));
            let key = self.client.project(project).api_key(&id);
            key.replace_roles(roles).desc(&new.desc).send().await
        };

        let told = told(&result);
        if told == Told::Unknown {
            sleep(ON_ITS_WAY).await;
        }
        let now = State::of(emulator, &id)?;
        let is_right_answer = result.as_ref().map_or(true, |key| {
            key.id == id && key.desc.as_ref() == Some(&new.desc)
        });
        let is_so = match told {
            Told::Done => now == new && is_right_answer,
            Told::NotDone => now == old,
            Told::Unknown => now == new || now == old,
        };
        if !is_so {
            eprintln!("{id}: {result:?}\n  before {old:?}\n  asked  {new:?}\n  now    {now:?}");
        }
        self.ledger.enter(told, now == new, is_so);
        self.ledger.requests += u64::from(match &result {
            Ok(key) => key.requests_sent(),
            Err(error) => error.requests_sent(),
        });
        if let Err(error) = &result {
            self.ledger.failed(error.kind());
        }
        self.keys[at].1 = now;
        Ok(())
    }
}

fn told(result: &Result<Response<ApiKey>, Error>) -> Told {
    match result {
        Ok(_) => Told::Done,
        Err(error) if error.outcome_unknown() => Told::Unknown,
        Err(_) => Told::NotDone,
    }
}

/// At least one of these, each once.
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
    fn of(emulator: &Emulator, id: &str) -> Result<Self> {
        let KeyState {
            desc,
            org_roles,
            project_roles,
            access_list,
            ..
        } = emulator.api_key(id).context("a key is gone")?;
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
