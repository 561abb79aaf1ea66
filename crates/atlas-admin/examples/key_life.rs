//! An API key's life on each service: it is created, assigned to a project, restricted to this
//! machine, used, given other roles there, and deleted. All on the bundled local server.
//!
//! Run it with `cargo run -p examples --example key_life`. It prints:
//!
//! ```text
//! Atlas v2
//!   created    …
//!   assigned   [ReadOnly]
//!   restricted ["203.0.113.0/24", "127.0.0.1/32"]
//!   signed in  as …
//!   added      [ReadOnly, Owner]
//!   removed    [Owner]
//!   deleted    2 keys are left
//! …
//! Ops Manager
//! …
//!   deleted    2 keys are left
//! ```

use std::{error::Error, time::SystemTime};

use atlas_admin::{Client, ClientBuilder, CreatedApiKey, Credentials, OrgRole, ProjectRole};
use atlas_emulator::Emulator;

/// Returns a builder of clients of one service on the local server.
type Service = fn(&Emulator) -> ClientBuilder;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let services: [(&str, Service); 3] = [
        ("Atlas v2", |emulator| {
            Client::builder().base_url(emulator.base_url())
        }),
        ("Atlas v1.0", |emulator| {
            Client::builder().base_url(emulator.base_url()).atlas_v1()
        }),
        ("Ops Manager", |emulator| {
            Client::builder().ops_manager(emulator.base_url())
        }),
    ];
    for (name, service) in services {
        println!("{name}");
        let emulator = Emulator::start().await?;
        let owner = Credentials::digest(emulator.public_key(), emulator.private_key());
        let life = KeyLife {
            client: service(&emulator).credentials(owner).build()?,
            service: service(&emulator),
            org: emulator.org_id(),
            project: emulator.project_id(),
        };
        life.run().await?;
    }
    Ok(())
}

struct KeyLife<'a> {
    /// Signs in as an owner of the organization.
    client: Client,
    /// Builds clients of the same service.
    service: ClientBuilder,
    org: &'a str,
    project: &'a str,
}

impl KeyLife<'_> {
    async fn run(&self) -> Result<(), atlas_admin::Error> {
        let org = self.client.org(self.org);

        let new = self.create().await?;
        let (org_key, project_key) = (
            org.api_key(&new.id),
            self.client.project(self.project).api_key(&new.id),
        );

        let key = project_key.assign([ProjectRole::ReadOnly]).await?;
        let roles: Vec<_> = key.project_roles(self.project).collect();
        println!("  assigned   {roles:?}");

        // The key can then be used from these addresses alone.
        let list = org_key.access_list();
        list.add(["203.0.113.0/24", "127.0.0.1"]).await?;
        let entries = list.list().all().await?;
        let networks: Vec<_> = entries.iter().map(|it| it.network.to_string()).collect();
        println!("  restricted {networks:?}");

        // Its credentials are in no other response.
        let as_new = self.service.clone().credentials(new.credentials());
        let own = as_new.build()?.org(self.org).api_key(&new.id).get().await?;
        println!(
            "  signed in  as {}",
            own.public_key.as_deref().unwrap_or("?")
        );

        // These read the roles first, and keep the others.
        let edit = project_key.add_roles([ProjectRole::Owner]).await?;
        println!("  added      {:?}", edit.roles);
        let edit = project_key.remove_roles([ProjectRole::ReadOnly]).await?;
        println!("  removed    {:?}", edit.roles);

        project_key.remove().await?;
        org_key.delete().await?;
        org_key.delete().missing_ok().await?;
        let left = org.api_keys().list().page().await?;
        println!("  deleted    {} keys are left", left.results.len());
        Ok(())
    }

    /// Creates a key. If nobody knows whether that worked, says what may be left of it.
    async fn create(&self) -> Result<CreatedApiKey, atlas_admin::Error> {
        let keys = self.client.org(self.org).api_keys();
        let start = SystemTime::now();
        let create = keys.create("nightly backups").roles([OrgRole::Member]);
        match create.await {
            Ok(new) => {
                println!("  created    {} {}", new.id, new.public_key);
                Ok(new.into_inner())
            }
            Err(error) if error.outcome_unknown() => {
                for key in keys.find_created("nightly backups", start).await? {
                    println!("  possibly created {}", key.id);
                }
                Err(error)
            }
            Err(error) => Err(error),
        }
    }
}
