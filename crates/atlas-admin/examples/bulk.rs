//! Reads a list of keys as a stream, and changes those that need it, many at a time and within the
//! service's rate limit.
//!
//! Run it with `cargo run -p examples --example bulk`. It starts a local server and prints:
//!
//! ```text
//! 101 keys to change
//! 0 keys to change
//! ```

use std::{error::Error, sync::Arc};

use atlas_admin::{ApiKeyId, Client, Credentials, OrgRole};
use atlas_emulator::Emulator;
use tokio::{sync::Semaphore, task::JoinSet};

/// How many calls run at the same time.
const CONCURRENCY: usize = 16;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let emulator = Emulator::builder().keys_per_org(100).start().await?;
    let pair = Credentials::digest(emulator.public_key(), emulator.private_key());
    let atlas = Client::builder()
        .base_url(emulator.base_url())
        .credentials(pair)
        .limit_rate(true)
        .build()?;
    let org = emulator.org_id();

    for _ in 0..2 {
        let mut to_change = Vec::new();
        let mut keys = atlas
            .org(org)
            .api_keys()
            .list()
            .items_per_page(500)
            .stream();
        while let Some(key) = keys.next().await {
            let key = key?;
            let is_read_only = key.org_roles().eq([OrgRole::ReadOnly]);
            // Never the key that signs in.
            if !is_read_only && key.id != *emulator.calling_api_key_id() {
                to_change.push(key.id);
            }
        }
        println!("{} keys to change", to_change.len());
        for (id, error) in demote(&atlas, org, to_change).await {
            // Each error says by itself whether its key may have been changed.
            println!("{id}: {error}");
        }
    }
    Ok(())
}

/// Takes all roles but one from these keys; returns the keys that failed, and why.
async fn demote(
    atlas: &Client,
    org: &str,
    keys: Vec<ApiKeyId>,
) -> Vec<(ApiKeyId, atlas_admin::Error)> {
    let permits = Arc::new(Semaphore::new(CONCURRENCY));
    let mut calls = JoinSet::new();
    for id in keys {
        let (key, permits) = (atlas.org(org).api_key(&id), Arc::clone(&permits));
        calls.spawn(async move {
            let _permit = permits.acquire_owned().await;
            let update = key.update().roles([OrgRole::ReadOnly]);
            update.await.err().map(|error| (id, error))
        });
    }
    calls.join_all().await.into_iter().flatten().collect()
}
