//! Updates a key and its roles in a project on every service, against the bundled local server, or
//! on the service that the environment names.
//!
//! Run it with `cargo run -p examples --example quickstart`. It prints:
//!
//! ```text
//! Atlas v2, digest
//!   before                 "a key to be updated": ORG_MEMBER, GROUP_READ_ONLY
//!   organization key       "Atlas v2, digest": ORG_MEMBER, ORG_READ_ONLY, GROUP_READ_ONLY
//!   roles in the project   "Atlas v2, digest": ORG_MEMBER, ORG_READ_ONLY, GROUP_READ_ONLY, …
//! …
//!   roles in the project   "Ops Manager, digest": …, GROUP_DATA_ACCESS_READ_WRITE
//! ```

use std::{env, error::Error};

use atlas_admin::{ApiKey, Client, ClientBuilder, Credentials, OrgRole, ProjectRole};
use atlas_emulator::Emulator;

const USAGE: &str = "\
Usage: cargo run -p examples --example quickstart [-- --live]

Without --live, a local server is started and used.

With --live, an API key is really updated, on the service that these variables name:
  MONGODB_ATLAS_PUBLIC_API_KEY, MONGODB_ATLAS_PRIVATE_API_KEY   an API key that may do it, or
  MONGODB_ATLAS_CLIENT_ID, MONGODB_ATLAS_CLIENT_SECRET          a service account, or
  MONGODB_ATLAS_ACCESS_TOKEN                                    its token
  MONGODB_ATLAS_ORG_ID, MONGODB_ATLAS_PROJECT_ID                where the key to be updated is
  MONGODB_ATLAS_API_KEY_ID                                      the id of the key to be updated
  MONGODB_ATLAS_BASE_URL, MONGODB_ATLAS_OPS_MANAGER_URL         another host than Atlas, or Ops Manager";

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    match env::args().nth(1).as_deref() {
        None => local().await,
        Some("--live") => live().await,
        Some(_) => {
            println!("{USAGE}");
            Ok(())
        }
    }
}

/// What makes a client of one service on the local server.
type Connect = fn(&Emulator) -> ClientBuilder;

async fn local() -> Result<(), Box<dyn Error>> {
    let services: [(&str, Connect); 4] = [
        ("Atlas v2, digest", |emulator| {
            atlas(emulator).credentials(key_pair(emulator))
        }),
        ("Atlas v2, service account", |emulator| {
            atlas(emulator).credentials(account(emulator))
        }),
        ("Atlas v1.0, digest", |emulator| {
            atlas(emulator).atlas_v1().credentials(key_pair(emulator))
        }),
        ("Ops Manager, digest", |emulator| {
            Client::builder()
                .ops_manager(emulator.base_url())
                .credentials(key_pair(emulator))
        }),
    ];
    for (name, builder) in services {
        let emulator = Emulator::start().await?;
        println!("{name}");
        if let Some(key) = emulator.api_key(emulator.api_key_id()) {
            let roles = key
                .org_roles
                .iter()
                .chain(key.project_roles.values().flatten());
            print(
                "before",
                &key.desc,
                &roles.map(String::as_str).collect::<Vec<_>>(),
            );
        }
        let target = Target {
            org: emulator.org_id().to_owned(),
            project: emulator.project_id().to_owned(),
            key: emulator.api_key_id().to_owned(),
        };
        target.update(&builder(&emulator).build()?, name).await?;
    }
    Ok(())
}

fn atlas(emulator: &Emulator) -> ClientBuilder {
    Client::builder().base_url(emulator.base_url())
}

fn key_pair(emulator: &Emulator) -> Credentials {
    Credentials::digest(emulator.public_key(), emulator.private_key())
}

fn account(emulator: &Emulator) -> Credentials {
    Credentials::service_account(emulator.client_id(), emulator.client_secret())
}

async fn live() -> Result<(), Box<dyn Error>> {
    let variable = |name| env::var(name).map_err(|_| format!("{name} is not set\n\n{USAGE}"));
    let target = Target {
        org: variable("MONGODB_ATLAS_ORG_ID")?,
        project: variable("MONGODB_ATLAS_PROJECT_ID")?,
        key: variable("MONGODB_ATLAS_API_KEY_ID")?,
    };
    target
        .update(&Client::from_env()?, "atlas-admin quickstart")
        .await
}

/// The key to be updated.
struct Target {
    org: String,
    project: String,
    key: String,
}

impl Target {
    async fn update(&self, client: &Client, desc: &str) -> Result<(), Box<dyn Error>> {
        let update = client.org(&self.org).api_key(&self.key).update();
        let key = update
            .desc(desc)
            .roles([OrgRole::Member, OrgRole::ReadOnly])
            .send()
            .await?;
        print_key("organization key", &key);

        let key = client
            .project(&self.project)
            .api_key(&self.key)
            .replace_roles([ProjectRole::ReadOnly, ProjectRole::DataAccessReadWrite])
            .send()
            .await?;
        print_key("roles in the project", &key);
        Ok(())
    }
}

fn print_key(what: &str, key: &ApiKey) {
    let roles: Vec<&str> = key
        .roles
        .iter()
        .map(|role| role.role_name.as_str())
        .collect();
    print(what, key.desc.as_deref().unwrap_or_default(), &roles);
}

fn print(what: &str, desc: &str, roles: &[&str]) {
    println!("  {what:<22} {desc:?}: {}", roles.join(", "));
}
