//! Tests a function that calls a service: against a fake one without a network, and against the
//! local server, which checks what it gets and keeps it.
//!
//! Run it with `cargo run -p examples --example testing`. It prints:
//!
//! ```text
//! fake service: 2 requests
//! emulator: ["ORG_READ_ONLY"]
//! ```

use std::error::Error;

use atlas_admin::{
    Client, Credentials, OrgRole,
    testing::{FakeResponse, FakeService, Operation},
};
use atlas_emulator::Emulator;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    with_fake_service().await?;
    with_emulator().await
}

/// The code under test. Returns whether there is such a key.
async fn demote(atlas: &Client, org: &str, key: &str) -> Result<bool, atlas_admin::Error> {
    let update = atlas.org(org).api_key(key).update();
    match update.roles([OrgRole::ReadOnly]).await {
        Ok(_) => Ok(true),
        Err(error) if error.is_not_found() => Ok(false),
        Err(error) => Err(error),
    }
}

/// A fake service responds as the test says. Everything else is as in production: the first
/// response makes the client retry.
async fn with_fake_service() -> Result<(), Box<dyn Error>> {
    let fake = FakeService::new();
    fake.once(Operation::UpdateOrgApiKey, FakeResponse::unavailable());
    fake.once(Operation::UpdateOrgApiKey, FakeResponse::key_not_found());
    let atlas = fake.builder().build()?;

    let found = demote(
        &atlas,
        "32b6e34b3d91647abb20e7b8",
        "6a793f752c88faeba59bba49",
    )
    .await?;
    assert!(!found);
    let sent = fake.requests();
    let body = sent[1].body.as_ref().ok_or("no body")?;
    assert_eq!(body["roles"][0], "ORG_READ_ONLY");
    println!("fake service: {} requests", sent.len());
    Ok(())
}

/// The emulator knows what the services accept, and what a change does.
async fn with_emulator() -> Result<(), Box<dyn Error>> {
    let emulator = Emulator::start().await?;
    let atlas = Client::builder()
        .base_url(emulator.base_url())
        .credentials(Credentials::digest(
            emulator.public_key(),
            emulator.private_key(),
        ))
        .build()?;

    let key = emulator.api_key_id();
    assert!(demote(&atlas, emulator.org_id(), key).await?);
    let state = emulator.api_key(key).ok_or("the key is gone")?;
    assert_eq!(state.org_roles, ["ORG_READ_ONLY"]);
    println!("emulator: {:?}", state.org_roles);
    Ok(())
}
