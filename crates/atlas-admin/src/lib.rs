//! A client for programmatic API keys on MongoDB Atlas and Ops Manager: create, list, update and
//! delete an organization's API keys, set their roles in projects, and restrict the addresses
//! they are used from. It signs in by HTTP digest or OAuth, retries with backoff what is safe to
//! retry, and can pace calls to stay within a rate limit.
//!
//! # Install
//!
//! ```sh
//! cargo add atlas-admin
//! cargo add tokio --features macros,rt-multi-thread
//! ```
//!
//! # Sign in
//!
//! ```
//! use atlas_admin::{Client, Credentials};
//!
//! # fn main() -> Result<(), atlas_admin::Error> {
//! // An API key, on every service: its private key signs each request and is not sent.
//! let api_key = Credentials::digest("abcdefgh", "12345678-9abc-4def-8123-456789abcdef");
//! let atlas = Client::builder().credentials(api_key).build()?;
//!
//! // A service account of Atlas: OAuth tokens are requested, reused and refreshed.
//! let account = Credentials::service_account("mdb_sa_id_64a000000000000000000001", "a secret");
//! let atlas = Client::builder().credentials(account).build()?;
//! # Ok(())
//! # }
//! ```
//!
//! [`Client::from_env`] takes either, or a token, from the `MONGODB_ATLAS_*` variables.
//!
//! # Call
//!
//! ```no_run
//! use atlas_admin::{Client, OrgRole, ProjectRole};
//!
//! #[tokio::main]
//! async fn main() -> Result<(), atlas_admin::Error> {
//!     let atlas = Client::from_env()?;
//!
//!     let key = atlas
//!         .org("32b6e34b3d91647abb20e7b8")
//!         .api_key("6a793f752c88faeba59bba49")
//!         .update()
//!         .desc("ci deploys")
//!         .roles([OrgRole::ReadOnly])
//!         .await?;
//!
//!     atlas
//!         .project("5356823b3794de37132bb7b9")
//!         .api_key(&key.id)
//!         .replace_roles([ProjectRole::ReadOnly, ProjectRole::DataAccessReadWrite])
//!         .await?;
//!     Ok(())
//! }
//! ```
//!
//! # Match an error
//!
//! ```
//! # async fn update(atlas: atlas_admin::Client) {
//! let update = atlas
//!     .org("32b6e34b3d91647abb20e7b8")
//!     .api_key("6a793f752c88faeba59bba49")
//!     .update()
//!     .desc("ci deploys");
//! match update.await {
//!     Ok(key) => println!("updated {}", key.id),
//!     Err(error) if error.is_not_found() => println!("no such key"),
//!     Err(error) if error.outcome_unknown() => println!("perhaps updated: {error}"),
//!     Err(error) => eprintln!("error: {error}"),
//! }
//! # }
//! ```
//!
//! Every failure is an [`Error`], which reports what failed, what the service said, and
//! whether the call may have been applied ([`Error::outcome_unknown`]). Before that, a call is
//! retried with exponential backoff, if that is safe; see [`RetryPolicy`]. After an exhausted rate
//! limit it waits as long as `Retry-After` says.
//!
//! # Go further
//!
//! - [An API key's life](#an-api-keys-life): all operations. [Services](#services): what differs.
//! - [`reliability`]: how the client handles each kind of failure.
//! - [`ClientBuilder::limit_rate`]: thousands of updates within the service's rate limit.
//! - [`RequestOptions`]: the API version, query parameters and time limit of one call.
//! - [`Client::request`]: any other resource of the service.
//! - [`observability`]: spans and events of calls, without secrets.
//! - `testing`, with the feature `test-util`: fake services for tests.
//!
//! # An API key's life
//!
//! | | in an organization: [`Client::org`] | in a project: [`Client::project`] | access list: [`OrgApiKey::access_list`] |
//! | --- | --- | --- | --- |
//! | all | [`list`](OrgApiKeys::list) | [`list`](ProjectApiKeys::list) | [`list`](AccessList::list) |
//! | new | [`create`](OrgApiKeys::create) | [`create`](ProjectApiKeys::create), [`assign`](ProjectApiKey::assign) | [`add`](AccessList::add) |
//! | one | [`get`](OrgApiKey::get) | | [`get`](AccessList::get) |
//! | change | [`update`](OrgApiKey::update) | [`replace_roles`](ProjectApiKey::replace_roles), [`add_roles`](ProjectApiKey::add_roles), [`remove_roles`](ProjectApiKey::remove_roles) | |
//! | end | [`delete`](OrgApiKey::delete) | [`remove`](ProjectApiKey::remove) | [`delete`](AccessList::delete) |
//!
//! Handles such as [`Org`] are cheap, and make any number of calls. Each call is a builder, which
//! is sent by [`send`](UpdateOrgApiKey::send) or by awaiting the builder itself.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), atlas_admin::Error> {
//! # use atlas_admin::testing::{FakeResponse, FakeService, Operation};
//! # let fake = FakeService::new();
//! # for operation in [
//! #     Operation::CreateOrgApiKey, Operation::AddAccessListEntries, Operation::DeleteOrgApiKey,
//! #     Operation::ReplaceProjectRoles, Operation::ListProjectApiKeys, Operation::ListOrgApiKeys,
//! # ] {
//! #     fake.always(operation, FakeResponse::ok());
//! # }
//! # let atlas = fake.builder().build()?;
//! use atlas_admin::{OrgRole, ProjectRole};
//!
//! let org = atlas.org("32b6e34b3d91647abb20e7b8");
//! let new = org.api_keys().create("ci deploys").roles([OrgRole::Member]).await?.into_inner();
//! // The private key is in this response alone.
//! let credentials = new.credentials();
//!
//! org.api_key(&new.id).access_list().add(["203.0.113.0/24"]).await?;
//!
//! let key = atlas.project("5356823b3794de37132bb7b9").api_key(&new.id);
//! key.assign([ProjectRole::ReadOnly]).await?;
//! key.add_roles([ProjectRole::DataAccessReadWrite]).await?;
//!
//! let mut keys = org.api_keys().list().stream();
//! while let Some(key) = keys.next().await {
//!     println!("{:?}", key?.desc);
//! }
//!
//! org.api_key(&new.id).delete().missing_ok().await?;
//! # Ok(())
//! # }
//! ```
//!
//! - Creating the same key twice makes two, so nothing creates a key a second time without being
//!   asked to. If the outcome of a creation is unknown, [`OrgApiKeys::find_created`] finds what it
//!   may have left.
//! - Lists move while they are read; [`ListStream`] says what that means.
//! - Edits of roles read before they replace; [`EditProjectRoles`] says what protects them.
//! - [`Client::request`] sends a request to anything else that the service has.
//!
//! # Services
//!
//! The same calls work on three services:
//!
//! | service | builder | credentials |
//! | --- | --- | --- |
//! | Atlas v2 | the default | API key, service account, bearer token |
//! | Atlas v1.0 | [`atlas_v1`](ClientBuilder::atlas_v1) | API key, user name with personal API key, service account, bearer token |
//! | Ops Manager, Cloud Manager | [`ops_manager`](ClientBuilder::ops_manager) | API key, user name with personal API key |
//!
//! A builder checks its input against the rules of the client's service before it sends
//! anything. Responses are parsed leniently: a role or a field that this release does not
//! know is not an error. What should be an id and is none is.
//!
//! # Features
//!
//! | feature | for |
//! | --- | --- |
//! | `rustls`, on by default | TLS by rustls with aws-lc-rs |
//! | `rustls-no-provider` | TLS by rustls, with the [provider] that the program installs before it builds a client; without one, [`build`](ClientBuilder::build) fails |
//! | `native-tls` | TLS by the system's library; on Linux OpenSSL. With `rustls` as well, that is used, so turn the default features off |
//! | `gzip`, `brotli`, `zstd` | compressed responses, which pay off for long lists |
//! | `file-store` | `FileStore`: tokens of service accounts in files |
//! | `test-util` | `testing`: a fake service for tests |
//! | `mock-httpmock` | `testing::mock`: typed mocks for httpmock |
//!
//! Without a feature for TLS, only plain HTTP works.
//!
//! With ring in place of aws-lc-rs, a program costs a quarter less to build. To have it, turn the
//! default features off and `rustls-no-provider` on, depend on `rustls` 0.23 without its default
//! features and with `ring`, `std` and `tls12`, and call
//! `rustls::crypto::ring::default_provider().install_default()` before a client is built. ring
//! verifies no signatures on the curve P-521 and has no post-quantum key exchange.
//!
//! [provider]: https://docs.rs/rustls/latest/rustls/#cryptography-providers

mod auth;
mod call;
mod client;
mod credentials;
mod error;
mod generated;
mod model;
mod mutex;
pub mod observability;
mod operations;
mod rate_limiter;
mod resources;
mod retry;
#[cfg(any(test, feature = "test-util"))]
pub mod testing;
#[cfg(test)]
mod tests;
mod token_store;
mod transport;

/// The crates whose types stand in signatures of this one, in the versions that it uses.
#[doc(no_inline)]
pub use {bytes, chrono, futures_core, http, ipnet, reqwest, secrecy, serde_json};

pub use atlas_admin_raw::catalog::Effect;
pub use client::{Client, builder::ClientBuilder};
pub use credentials::Credentials;
pub use error::{
    Error, ErrorKind, code::ErrorCode, mismatch::Mismatch, service_error::FieldViolation,
};
pub use model::{
    access_list::{AccessListEntry, Network},
    api_key::{ApiKey, Link, PrivateKey, RoleAssignment},
    api_version::ApiVersion,
    created_api_key::CreatedApiKey,
    ids::{ApiKeyId, Id, IdText, OrgId, ProjectId},
    options::RequestOptions,
    other_role::OtherRole,
    page::Page,
    parse_error::ParseError,
    response::{Deprecation, RateLimit, Response},
    roles::{OrgRole, ProjectRole},
    sanitize::{looks_like_secret, quote, sanitize},
    service::Service,
};
pub use operations::{
    AddAccessListEntries, CreateOrgApiKey, CreateProjectApiKey, CustomRequest,
    DeleteAccessListEntry, DeleteOrgApiKey, EditProjectRoles, GetAccessListEntry, GetOrgApiKey,
    List, ListStream, RemoveProjectApiKey, ReplaceProjectRoles, RoleEdit, RotateOrgApiKey,
    Rotation, UpdateOrgApiKey,
};
pub use resources::{
    access_list::AccessList,
    org::{Org, OrgApiKey, OrgApiKeys},
    project::{Project, ProjectApiKey, ProjectApiKeys},
};
pub use retry::RetryPolicy;
#[cfg(feature = "file-store")]
pub use token_store::FileStore;
pub use token_store::{AccessToken, MemoryStore, TokenKey, TokenLock, TokenStore};

#[doc = include_str!("../RELIABILITY.md")]
pub mod reliability {}

/// Compiles the code in the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
