//! Meets failures: some are retried, some are matched, and one leaves open whether a key was
//! created.
//!
//! Run it with `cargo run -p examples --example errors`. It starts a local server and prints:
//!
//! ```text
//! a key: demoted with 2 requests
//! an unknown key: no such key
//! the last owner: kept
//! with an outage: demoted with 3 requests
//! unknown: Service
//! keys with the description: 1
//! signed in as: nightly backup
//! ```

use std::{
    error::Error,
    time::{Duration, SystemTime},
};

use atlas_admin::{Client, CreatedApiKey, Credentials, ErrorCode, OrgRole, RetryPolicy};
use atlas_emulator::{Emulator, Fault, Faults};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let emulator = Emulator::start().await?;
    let pair = Credentials::digest(emulator.public_key(), emulator.private_key());
    // Exponential backoff with jitter, up to four times.
    let policy = RetryPolicy::standard()
        .max_attempts(5)
        .max_delay(Duration::from_millis(100));
    let atlas = Client::builder()
        .base_url(emulator.base_url())
        .credentials(pair)
        .retry(policy)
        .build()?;
    let (org, key) = (emulator.org_id(), emulator.api_key_id());

    println!("a key: {}", demote(&atlas, org, key).await?);
    let unknown = "000000000000000000000000";
    println!("an unknown key: {}", demote(&atlas, org, unknown).await?);
    let owner = emulator.calling_api_key_id();
    println!("the last owner: {}", demote(&atlas, org, owner).await?);

    // A proxy has no connection to the service, twice, and then it has one.
    emulator.set_faults(Faults::new().with(Fault::gateway(503, true).times(2)));
    println!("with an outage: {}", demote(&atlas, org, key).await?);

    // The service creates the key, and the response with its private key gets lost.
    let lost = Fault::gateway(502, false).after_update().times(1);
    emulator.set_faults(Faults::new().with(lost));
    let new = create(&atlas, org, "nightly backup").await?;
    let keys = emulator.api_keys(org);
    let same = keys.iter().filter(|key| key.desc == "nightly backup");
    println!("keys with the description: {}", same.count());
    let as_new = atlas.with_credentials(new.credentials())?;
    let own = as_new.org(org).api_key(&new.id).get().await?;
    println!("signed in as: {}", own.desc.as_deref().unwrap_or_default());
    Ok(())
}

/// Takes all roles but one from a key, and says what came of it.
async fn demote(atlas: &Client, org: &str, key: &str) -> Result<String, atlas_admin::Error> {
    let update = atlas.org(org).api_key(key).update();
    match update.roles([OrgRole::ReadOnly]).await {
        Ok(key) => Ok(format!("demoted with {} requests", key.requests_sent())),
        Err(error) if error.is_not_found() => Ok("no such key".to_owned()),
        Err(error) if error.code() == Some(ErrorCode::CANNOT_DEMOTE_LAST_ORG_OWNER) => {
            Ok("kept".to_owned())
        }
        Err(error) => Err(error),
    }
}

/// Creates a key; deletes what an attempt has left behind whose response was lost.
async fn create(
    atlas: &Client,
    org: &str,
    desc: &str,
) -> Result<CreatedApiKey, atlas_admin::Error> {
    let keys = atlas.org(org).api_keys();
    let start = SystemTime::now();
    match keys.create(desc).roles([OrgRole::Member]).await {
        Ok(new) => return Ok(new.into_inner()),
        Err(error) if error.outcome_unknown() => println!("unknown: {:?}", error.kind()),
        Err(error) => return Err(error),
    }
    for lost in keys.find_created(desc, start).await? {
        atlas
            .org(org)
            .api_key(&lost.id)
            .delete()
            .missing_ok()
            .await?;
    }
    let new = keys.create(desc).roles([OrgRole::Member]).await?;
    Ok(new.into_inner())
}
