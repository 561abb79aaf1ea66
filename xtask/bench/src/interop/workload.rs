//! Updates by both operations in turn.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use anyhow::{Context, Result};
use atlas_admin::{Client, Credentials, Error, OrgRole, ProjectRole};
use tokio::{task::JoinSet, time::timeout};

use super::credentials;

const PATIENCE: Duration = Duration::from_secs(120);
const ORG: &str = "64a000000000000000000001";
const PROJECT: &str = "64a000000000000000000002";
const KEY: &str = "64a000000000000000000003";

/// How many updates, and how.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Workload {
    pub(crate) updates: u64,
    pub(crate) tasks: u64,
    /// Pauses during the run, each long enough for a nonce to expire.
    pub(crate) pauses: u64,
}

/// Longer than the shortest life of a nonce that a server is told.
const PAUSE: Duration = Duration::from_millis(2_100);

pub(crate) struct Outcome {
    pub(crate) failures: u64,
    pub(crate) first_failure: Option<Error>,
}

impl Workload {
    pub(crate) async fn run(self, address: SocketAddr, password: &str) -> Result<Outcome> {
        let atlas = Client::builder()
            .base_url(format!("http://{address}"))?
            .credentials(Credentials::digest(credentials::USER, password))
            .build()?;
        let parts = self.pauses + 1;
        let mut outcome = Outcome {
            failures: 0,
            first_failure: None,
        };
        for part in 0..parts {
            if part > 0 {
                tokio::time::sleep(PAUSE).await;
            }
            let updates = (part * self.updates / parts)..((part + 1) * self.updates / parts);
            timeout(PATIENCE, self.part(&atlas, updates, &mut outcome))
                .await
                .context("the updates take too long")?;
        }
        Ok(outcome)
    }

    async fn part(self, atlas: &Client, updates: std::ops::Range<u64>, outcome: &mut Outcome) {
        let next = Arc::new(AtomicU64::new(updates.start));
        let mut tasks = JoinSet::new();
        for _ in 0..self.tasks {
            let (atlas, next) = (atlas.clone(), Arc::clone(&next));
            tasks.spawn(async move {
                let mut failures = Vec::new();
                loop {
                    let index = next.fetch_add(1, Relaxed);
                    if index >= updates.end {
                        return failures;
                    }
                    failures.extend(update(&atlas, index).await.err());
                }
            });
        }
        for failures in tasks.join_all().await {
            outcome.failures += failures.len() as u64;
            outcome.first_failure = outcome.first_failure.take().or(failures.into_iter().next());
        }
    }
}

async fn update(atlas: &Client, index: u64) -> Result<(), Error> {
    if index.is_multiple_of(2) {
        let key = atlas.org(ORG).api_key(KEY);
        key.update()
            .desc("interop")
            .roles([OrgRole::ReadOnly])
            .send()
            .await?;
    } else {
        let key = atlas.project(PROJECT).api_key(KEY);
        key.replace_roles([ProjectRole::ReadOnly]).send().await?;
    }
    Ok(())
}
