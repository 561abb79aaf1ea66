//! Test doubles of the services, for programs that use this crate. They need the feature
//! `test-util`, in the development dependencies, or `mock-httpmock`, which adds typed mocks:
//!
//! ```toml
//! [dev-dependencies]
//! atlas-admin = { version = "0.1", features = ["test-util"] }
//! ```
//!
//! # Which test double to use
//!
//! | the test is about | use | network |
//! | --- | --- | --- |
//! | how a program handles responses and failures | [`FakeService`] | none |
//! | exact requests; a program in another process; several clients of one server | typed mocks for httpmock (`mock-httpmock`) | a loopback port |
//! | updates that persist; authentication, roles, versions, rate limits; random faults | the emulator, crate `atlas-emulator` | a loopback port |
//!
//! The first two respond as the test says. Only the emulator knows what the services accept:
//! requests that it accepts are requests that the services accept.
//!
//! # Without a network
//!
//! [`FakeService`] is an in-process service. Only the connection of its clients is fake:
//! versions, retries, decoding and errors are those of production.
//!
//! ```
//! use atlas_admin::{Client, Error, OrgRole};
//! use atlas_admin::testing::{FakeResponse, FakeService, Operation};
//!
//! /// The program under test.
//! async fn demote(atlas: &Client, org: &str, key: &str) -> Result<&'static str, Error> {
//!     let update = atlas.org(org).api_key(key).update().roles([OrgRole::ReadOnly]);
//!     match update.send().await {
//!         Ok(_) => Ok("demoted"),
//!         Err(error) if error.is_not_found() => Ok("gone already"),
//!         Err(error) => Err(error),
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), Error> {
//! # let (org, key) = ("32b6e34b3d91647abb20e7b8", "6a793f752c88faeba59bba49");
//! let fake = FakeService::new();
//! fake.once(Operation::UpdateOrgApiKey, FakeResponse::unavailable());
//! fake.once(Operation::UpdateOrgApiKey, FakeResponse::key_not_found());
//! let atlas = fake.builder().build()?;
//!
//! assert_eq!(demote(&atlas, org, key).await?, "gone already");
//! let sent = fake.requests();
//! assert_eq!(sent.len(), 2);
//! assert_eq!(sent[0].body.as_ref().unwrap()["roles"][0], "ORG_READ_ONLY");
//! # Ok(())
//! # }
//! ```
//!
//! Clients wait between attempts, as in production. With Tokio's clock paused
//! (`#[tokio::test(start_paused = true)]`, Tokio's feature `test-util`) that takes no time.
//!
//! # With a mock server
//!
//! The typed mocks in the module `mock` run on [httpmock], with its recorded calls, delays and
//! assertions; see there for an example. They have a feature of their own, `mock-httpmock`,
//! because they need one version of httpmock.
//!
//! # With the emulator
//!
//! The emulator runs in the test's process, and stops with it.
//!
//! ```
//! # use atlas_admin::{Client, Credentials, OrgRole};
//! # use atlas_emulator::Emulator;
//! # // Rustdoc runs `main` only.
//! # mod tokio { pub use ::tokio::{main as test, *}; }
//! # fn main() -> Result<(), Box<dyn std::error::Error>> { a_key_is_demoted() }
//! #[tokio::test]
//! async fn a_key_is_demoted() -> Result<(), Box<dyn std::error::Error>> {
//!     let service = Emulator::start().await?;
//!     let login = Credentials::digest(service.public_key(), service.private_key());
//!     let atlas = Client::builder().base_url(service.base_url()).credentials(login).build()?;
//!     let key = atlas.org(service.org_id()).api_key(service.api_key_id());
//!     key.update().roles([OrgRole::ReadOnly]).send().await?;
//!     assert_eq!(service.api_key(service.api_key_id()).unwrap().org_roles, ["ORG_READ_ONLY"]);
//!     Ok(())
//! }
//! ```
//!
//! [httpmock]: https://docs.rs/httpmock

mod failure;
mod fake_response;
mod fake_service;
mod key;
#[cfg(feature = "mock-httpmock")]
pub mod mock;
mod operation;
mod recorded_request;

pub use fake_response::FakeResponse;
pub use fake_service::FakeService;
pub use key::Key;
pub use operation::Operation;
pub use recorded_request::RecordedRequest;
