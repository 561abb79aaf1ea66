//! Doubles of the services, for the tests of programs that use this crate. They need
//! the feature `test-util`, which belongs among the dependencies for development:
//!
//! ```toml
//! [dev-dependencies]
//! atlas-admin = { version = "0.1", features = ["test-util"] }
//! ```
//!
//! # Which double for which test
//!
//! | what is tested | double | network |
//! | --- | --- | --- |
//! | what a program makes of an answer or of a failure | [`FakeService`] | none |
//! | what a program sends, to the letter; a program in another process; several clients of one server | [`mock`]s of httpmock | a loopback port |
//! | that updates arrive and last; signing in, roles, versions, rate limits; faults at random | the emulator, crate `atlas-emulator` | a loopback port |
//!
//! The first two say what they are told to. Only the emulator knows what the services
//! accept: a program that its tests show to work there has been refused nothing that
//! the services refuse.
//!
//! # Without a network
//!
//! [`FakeService`] is a service in memory. The clients that it makes are real but for the
//! connection: versions, retries, decoding and errors are those of production.
//!
//! ```
//! use atlas_admin::{Client, Error, OrgRole};
//! use atlas_admin::testing::{FakeService, Operation, FakeResponse};
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
//! Between attempts a client waits, here as in production. With Tokio's clock paused
//! (`#[tokio::test(start_paused = true)]`, Tokio's own feature `test-util`) that takes
//! no time.
//!
//! # With a server that says what it is told
//!
//! The typed mocks in [`mock`] run on [httpmock], with its recording of calls, its
//! delays and its assertions; the example is there.
//!
//! # With a server that behaves like the services
//!
//! The emulator runs inside the test, and ends with it.
//!
//! ```
//! # use atlas_admin::{Client, Credentials, OrgRole};
//! # use atlas_emulator::Emulator;
//! # // A documentation's example runs `main` alone.
//! # mod tokio { pub use ::tokio::{main as test, *}; }
//! # fn main() -> Result<(), Box<dyn std::error::Error>> { a_key_is_demoted() }
//! #[tokio::test]
//! async fn a_key_is_demoted() -> Result<(), Box<dyn std::error::Error>> {
//!     let service = Emulator::start().await?;
//!     let login = Credentials::digest(service.public_key(), service.private_key());
//!     let atlas = Client::builder().base_url(service.base_url())?.credentials(login).build()?;
//!     let key = atlas.org(service.org_id()).api_key(service.api_key_id());
//!     key.update().roles([OrgRole::ReadOnly]).send().await?;
//!     assert_eq!(service.api_key(service.api_key_id()).unwrap().org_roles, ["ORG_READ_ONLY"]);
//!     Ok(())
//! }
//! ```
//!
//! [httpmock]: https://docs.rs/httpmock

mod fake_response;
mod fake_service;
mod key;
pub mod mock;
mod operation;
mod recorded_request;
mod unanswered;

pub use fake_response::FakeResponse;
pub use fake_service::FakeService;
pub use key::Key;
pub use operation::Operation;
pub use recorded_request::RecordedRequest;
