//! Signs in with an API key and with a service account, shares the account's token between
//! clients, and hands a new key, restricted to this machine, to another program.
//!
//! Run it with `cargo run -p examples --example authentication`. It starts a local server and
//! prints:
//!
//! ```text
//! API key: 2 requests, then 1
//! service account: 2 requests, then 1
//! new key:         "ci deploys"
//! a service account as an API key: Credentials
//! a wrong private key: Credentials
//! ```

use std::error::Error;

use atlas_admin::{Client, Credentials, Error as AtlasError, MemoryStore, OrgRole};
use atlas_emulator::Emulator;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // Atlas shows an access list only to callers whose own key has one.
    let emulator = Emulator::builder()
        .access_list(["127.0.0.1"])
        .start()
        .await?;
    let url = emulator.base_url();
    let builder = || Client::builder().base_url(url);
    let (org, key) = (emulator.org_id(), emulator.api_key_id());

    // HTTP digest: each request is signed, and the private key stays here. The first one asks for
    // a nonce, which later ones reuse.
    let pair = Credentials::digest(emulator.public_key(), emulator.private_key());
    let owner = builder().credentials(pair).build()?;
    let first = owner.org(org).api_key(key).get().await?.requests_sent();
    let second = owner.org(org).api_key(key).get().await?.requests_sent();
    println!("API key: {first} requests, then {second}");

    // OAuth: the first client requests a token, and the second one finds it in the store.
    let store = MemoryStore::new();
    let with_account = || {
        let account = Credentials::service_account(emulator.client_id(), emulator.client_secret());
        let builder = builder().credentials(account);
        builder.token_store(store.clone()).build()
    };
    let (one, two) = (with_account()?, with_account()?);
    let first = one.org(org).api_key(key).get().await?.requests_sent();
    let second = two.org(org).api_key(key).get().await?.requests_sent();
    println!("service account: {first} requests, then {second}");

    // A new key, for another program: its private key is in this response alone.
    let keys = owner.org(org).api_keys();
    let new = keys.create("ci deploys").roles([OrgRole::Member]).await?;
    let list = owner.org(org).api_key(&new.id).access_list();
    list.add(["127.0.0.1"]).await?;
    let ci = owner.with_credentials(new.credentials())?;
    let own = ci.org(org).api_key(&new.id).get().await?;
    println!(
        "new key:         {:?}",
        own.desc.as_deref().unwrap_or_default()
    );

    // Wrong credentials are an error before anything is sent, or once the service refuses them.
    let swapped = Credentials::digest(emulator.client_id(), emulator.client_secret());
    explain(
        "a service account as an API key",
        builder().credentials(swapped).build().err(),
    );
    let wrong = Credentials::digest(emulator.public_key(), "not-the-private-key");
    let client = builder().credentials(wrong).build()?;
    explain(
        "a wrong private key",
        client.org(org).api_key(key).get().await.err(),
    );
    Ok(())
}

fn explain(mistake: &str, error: Option<AtlasError>) {
    if let Some(error) = error {
        println!("{mistake}: {:?}", error.kind());
    }
}
