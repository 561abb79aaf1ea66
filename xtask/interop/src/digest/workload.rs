//! Updates, mostly with both operations in turn.

use std::{
    net::SocketAddr,
    ops::Range,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use anyhow::{Context, Result};
use tokio::{task::JoinSet, time::timeout};

use super::client::{Client, Kind};

const TIMEOUT: Duration = Duration::from_secs(120);

/// Longer than the shortest nonce lifetime among the settings.
const PAUSE: Duration = Duration::from_millis(2_100);

/// A number of updates, and how to make them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Workload {
    pub(crate) updates: u64,
    pub(crate) tasks: u64,
    /// How often all tasks pause, so that nonces expire.
    pub(crate) pauses: u64,
    /// Whether the server gives one nonce to all who ask within a second, for one URI only. Then
    /// all updates are of one operation, and those that others overtake are sent again.
    pub(crate) shared_nonces: bool,
}

impl Workload {
    /// Makes the updates. Returns the errors of those that failed.
    pub(crate) async fn run(
        self,
        kind: Kind,
        address: SocketAddr,
        password: &str,
    ) -> Result<Vec<anyhow::Error>> {
        let client = Client::new(kind, address, password)?;
        let parts = self.pauses + 1;
        let mut errors = Vec::new();
        for part in 0..parts {
            if part > 0 {
                tokio::time::sleep(PAUSE).await;
            }
            let updates = (part * self.updates / parts)..((part + 1) * self.updates / parts);
            let part = timeout(TIMEOUT, self.part(&client, updates)).await;
            errors.extend(part.context("the updates took too long")?);
        }
        Ok(errors)
    }

    async fn part(self, client: &Client, updates: Range<u64>) -> Vec<anyhow::Error> {
        let next = Arc::new(AtomicU64::new(updates.start));
        let mut tasks = JoinSet::new();
        for _ in 0..self.tasks {
            let (client, next) = (client.clone(), Arc::clone(&next));
            tasks.spawn(async move {
                let mut errors = Vec::new();
                loop {
                    let number = next.fetch_add(1, Relaxed);
                    if number >= updates.end {
                        return errors;
                    }
                    let number = if self.shared_nonces { 0 } else { number };
                    errors.extend(client.update(number).await.err());
                }
            });
        }
        tasks.join_all().await.into_iter().flatten().collect()
    }
}
