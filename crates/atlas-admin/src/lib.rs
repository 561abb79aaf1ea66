//! Programmatic API keys on MongoDB Atlas and Ops Manager, by their administration
//! APIs: update an organization's API key, and set its roles in a project.
//!
//! ```no_run
//! use atlas_admin::{Client, Credentials, OrgRole, ProjectRole};
//!
//! # async fn run() -> Result<(), atlas_admin::Error> {
//! let atlas = Client::builder()
//!     .credentials(Credentials::from_env()?)
//!     .build()?;
//!
//! let key = atlas
//!     .org("32b6e34b3d91647abb20e7b8")
//!     .api_key("6a793f752c88faeba59bba49")
//!     .update()
//!     .desc("ci deploys")
//!     .roles([OrgRole::ReadOnly])
//!     .send()
//!     .await?;
//!
//! let key = atlas
//!     .project("32b6e34b3d91647abb20e7b9")
//!     .api_key(&key.id)
//!     .replace_roles([ProjectRole::ReadOnly, ProjectRole::DataAccessReadWrite])
//!     .send()
//!     .await?;
//! # Ok(())
//! # }
//! ```
//!
//! The same calls work on three services:
//!
//! | service | builder | credentials |
//! | --- | --- | --- |
//! | Atlas v2 | the default | API key, service account, token |
//! | Atlas v1.0 | [`atlas_v1`](ClientBuilder::atlas_v1) | API key, service account, token |
//! | Ops Manager, Cloud Manager | [`ops_manager`](ClientBuilder::ops_manager) | API key, or user name and personal key |
//!
//! Input is checked before it is sent, by what the service at hand takes; answers
//! are read leniently, so that a new role or field breaks nothing. Every failure
//! is an [`Error`] that tells what happened and whether the update may have been
//! made all the same; [`reliability`] lists what was tried.
//!
//! - [`observability`]: seeing requests, without secrets.
//! - `testing`, with the feature `test-util`: doubles of the services for tests.

mod auth;
mod call;
mod client;
mod credentials;
mod error;
mod generated;
mod model;
pub mod observability;
mod operations;
mod rate_limiter;
mod resources;
mod retry;
#[cfg(feature = "test-util")]
pub mod testing;
#[cfg(test)]
mod tests;
mod token_store;
mod transport;

pub use client::{Client, builder::ClientBuilder};
pub use credentials::Credentials;
pub use error::{Error, ErrorKind, code::ErrorCode, service_error::FieldViolation};
pub use model::{
    api_key::{ApiKey, Link, PrivateKey, RoleAssignment},
    api_version::ApiVersion,
    deprecation::Deprecation,
    ids::{ApiKeyId, Id, OrgId, ProjectId},
    options::RequestOptions,
    other_role::OtherRole,
    parse_error::ParseError,
    rate_limit::RateLimit,
    response::Response,
    roles::{OrgRole, ProjectRole},
    sanitize::sanitize,
    service::Service,
};
pub use operations::{GetOrgApiKey, ReplaceProjectRoles, UpdateOrgApiKey};
pub use resources::{
    org::{Org, OrgApiKey},
    project::{Project, ProjectApiKey},
};
pub use retry::RetryPolicy;
pub use token_store::{AccessToken, FileStore, MemoryStore, TokenKey, TokenStore};

/// Entry point of the fuzz target.
#[cfg(fuzzing)]
#[doc(hidden)]
pub fn check_challenge(lines: &[u8]) {
    auth::digest::hostile::check(lines);
}

#[doc = include_str!("../RELIABILITY.md")]
pub mod reliability {}

/// Compiles the code in the repository's README.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
