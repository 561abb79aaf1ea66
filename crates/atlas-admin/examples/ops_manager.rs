//! Updates a key on Ops Manager, which has other roles than Atlas and takes no service account.
//!
//! Run it with `cargo run -p examples --example ops_manager`. It starts a local server and prints:
//!
//! ```text
//! roles in the project: [MonitoringAdmin]
//! a description in a project: Input
//! a service account: Credentials
//! ```
//!
//! For a server of your own, set `MONGODB_ATLAS_OPS_MANAGER_URL`, the variables of an API key, and
//! `MONGODB_ATLAS_ORG_ID`, and pass the file of its certificate authority if it is a private one.
//! Then nothing is changed: the program lists the keys.

use std::{env, error::Error, fs};

use atlas_admin::{Client, ClientBuilder, Credentials, ProjectRole};
use atlas_emulator::Emulator;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    if env::var_os("MONGODB_ATLAS_OPS_MANAGER_URL").is_some() {
        return list_on_real_server().await;
    }
    let emulator = Emulator::start().await?;
    let builder = || Client::builder().ops_manager(emulator.base_url());
    let pair = Credentials::digest(emulator.public_key(), emulator.private_key());
    let ops_manager = builder().credentials(pair).build()?;
    let key = ops_manager
        .project(emulator.project_id())
        .api_key(emulator.api_key_id());

    // A role that Atlas does not have.
    let updated = key.replace_roles([ProjectRole::MonitoringAdmin]).await?;
    let roles: Vec<_> = updated.project_roles(emulator.project_id()).collect();
    println!("roles in the project: {roles:?}");

    // What Ops Manager does not accept is an error before anything is sent.
    let with_desc = key
        .replace_roles([ProjectRole::ReadOnly])
        .desc("ci deploys");
    if let Err(error) = with_desc.await {
        println!("a description in a project: {:?}", error.kind());
    }
    let account = Credentials::service_account(emulator.client_id(), emulator.client_secret());
    if let Err(error) = builder().credentials(account).build() {
        println!("a service account: {:?}", error.kind());
    }
    Ok(())
}

async fn list_on_real_server() -> Result<(), Box<dyn Error>> {
    let mut builder = ClientBuilder::from_env()?;
    if let Some(file) = env::args_os().nth(1) {
        builder = builder.add_root_certificate(fs::read(file)?);
    }
    let org = env::var("MONGODB_ATLAS_ORG_ID")?;
    let mut keys = builder.build()?.org(&org).api_keys().list().stream();
    while let Some(key) = keys.next().await {
        let key = key?;
        println!("{} {}", key.id, key.desc.as_deref().unwrap_or_default());
    }
    Ok(())
}
