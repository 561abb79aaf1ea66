//! Updates an API key with atlas-admin, which uses rustls with ring.

use std::error::Error;

use atlas_admin::{Client, Credentials, OrgRole};
use rustls::crypto::ring;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    ring::default_provider().install_default().expect("no other provider");
    let atlas = Client::builder().credentials(Credentials::from_env()?).build()?;
    let key = atlas.org("32b6e34b3d91647abb20e7b8").api_key("6a793f752c88faeba59bba49");
    let key = key.update().desc("ci deploys").roles([OrgRole::ReadOnly]).send().await?;
    println!("{:?}", key.roles);
    Ok(())
}
