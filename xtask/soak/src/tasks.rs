//! What the tasks of the soak test share: clients, roles, and the work that is left.

use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::{Duration, Instant},
};

use anyhow::Result;
use atlas_admin::{Client, ClientBuilder, Credentials, OrgRole, ProjectRole, RetryPolicy};
use atlas_emulator::Emulator;
use rand::{RngExt, rngs::SmallRng, seq::IndexedRandom};

/// The longest time until the emulator has handled a request that the client gave up.
pub(super) const IN_FLIGHT: Duration = Duration::from_millis(100);

pub(super) const ORG_ROLES: [OrgRole; 4] = [
    OrgRole::Member,
    OrgRole::ReadOnly,
    OrgRole::GroupCreator,
    OrgRole::BillingAdmin,
];

pub(super) const PROJECT_ROLES: [ProjectRole; 4] = [
    ProjectRole::ReadOnly,
    ProjectRole::ClusterManager,
    ProjectRole::DataAccessReadOnly,
    ProjectRole::DataAccessReadWrite,
];

/// The changes that all tasks of one kind still have to make.
pub(super) struct Budget {
    left: AtomicU64,
    deadline: Option<Instant>,
}

impl Budget {
    pub(super) fn new(changes: u64, deadline: Option<Instant>) -> Self {
        Self {
            left: AtomicU64::new(changes),
            deadline,
        }
    }

    /// Takes one change. Returns its number, or `None` at the end.
    pub(super) fn take(&self) -> Option<u64> {
        if self.deadline.is_some_and(|end| Instant::now() >= end) {
            return None;
        }
        self.left
            .fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1))
            .ok()
    }
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
        let client = client(emulator, credentials.clone(), retry_ambiguous).build()?;
        Ok(client)
    })
    .collect()
}

pub(super) fn client(
    emulator: &Emulator,
    credentials: Credentials,
    retry_ambiguous: bool,
) -> ClientBuilder {
    let policy = RetryPolicy::standard()
        .initial_delay(Duration::from_millis(5))
        .max_delay(Duration::from_millis(20))
        .retry_ambiguous(retry_ambiguous);
    Client::builder()
        .credentials(credentials)
        .base_url(emulator.base_url())
        .retry(policy)
        .attempt_timeout(Duration::from_secs(2))
        .timeout(Duration::from_secs(10))
}

/// Chooses at least one of these, each at most once.
pub(super) fn some_of<T: Clone>(all: &[T], rng: &mut SmallRng) -> Vec<T> {
    let count = rng.random_range(1..=all.len());
    all.sample(rng, count).cloned().collect()
}
