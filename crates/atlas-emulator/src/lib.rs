//! A local server that emulates the API-key operations of Atlas v2, Atlas v1.0 and Ops Manager, for
//! tests and for experiments without an account.
//!
//! | | Atlas v2 | Atlas v1.0 | Ops Manager v1.0 |
//! | --- | --- | --- | --- |
//! | base path | `/api/atlas/v2` | `/api/atlas/v1.0` | `/api/public/v1.0` |
//! | `PATCH /orgs/{orgId}/apiKeys/{apiUserId}` | yes | yes | yes |
//! | `PATCH /groups/{groupId}/apiKeys/{apiUserId}` | yes | yes | yes |
//! | `GET /orgs/{orgId}/apiKeys/{apiUserId}` | yes | yes | yes |
//! | authentication | digest, bearer | digest, bearer | digest |
//!
//! `POST /api/oauth/token` issues access tokens, and `POST /api/oauth/revoke` revokes them.
//!
//! The emulator verifies digest authorizations as in RFC 7616, validates bodies against the schemas
//! of the OpenAPI documents, and responds to errors with the services' own codes. It keeps its
//! state in memory and applies updates atomically.
//!
//! # Quick start
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> std::io::Result<()> {
//! let emulator = atlas_emulator::Emulator::start().await?;
//! // Call emulator.base_url() with emulator.public_key() and emulator.private_key().
//! assert_eq!(emulator.challenges(), 0);
//! # Ok(())
//! # }
//! ```
//!
//! - [`Builder`] configures the initial state (organizations, projects and keys, also from a seed
//!   file), rate limits, access lists and versions.
//! - [`Faults`] injects faults, such as a 429, a broken connection or a response that never
//!   arrives. Each fault documents whether the update is applied.
//! - [`Emulator`] shows the received requests and the current keys, and resets to its initial
//!   state.
//!
//! Tests in other languages can run the command `atlas-emulator`.
//!
//! # Features
//!
//! | feature | description |
//! | --- | --- |
//! | `cli` (default) | the command, and `cli::Settings` for other commands; enables all features |
//! | `tls` | HTTPS: `Builder::tls` |
//! | `seed-file` | the initial state from YAML or JSON: `Builder::seed_file` |
//!
//! Most tests need no feature and can set `default-features = false`.
//!
//! # Assumptions
//!
//! Some behavior of the services is neither documented nor recorded. For most of it, the emulator
//! has a setting:
//!
//! - the fields of [`Assumptions`];
//! - [`Builder::strict_nc`], [`Builder::nonce_ttl`] and [`Builder::nonce_uses`]: the counts and the
//!   lifetime of a nonce;
//! - [`Builder::token_rate_limit`]: the rate limit of token requests;
//! - [`Assumptions::codes`] and [`Assumptions::statuses`]: the errors for an unknown role (400), a
//!   body without changes (400), an invalid query parameter (400), a digest for another URI (400),
//!   an unknown path (404), a wrong method (405), and a body that is slow (408), too long (413) or
//!   of another media type (415).
//!
//! The following assumptions are fixed:
//!
//! - An unknown path and a wrong method are refused before authentication.
//! - A failed attempt uses its nonce count. A count more than 127 below the highest gets a challenge
//!   with `stale=true`.
//! - Query parameters that the documents do not declare are ignored.
//! - Checks run in this order: authentication, access list, version, ids, query, organization or
//!   project, the caller's roles, rate limit, key, body.
//! - Deprecation and sunset begin at midnight UTC. `VERSION_GONE` names the date of the version,
//!   not the date in the request.
//! - In Atlas v2, `badRequestDetail` names the invalid field of the body: an unknown field, or one
//!   with a wrong type, a wrong length or an invalid role.
//! - The three services share the rate limits of an organization and a project.

mod auth;
#[cfg(feature = "cli")]
pub mod cli;
mod config;
mod faults;
mod http;
mod server;
mod spec;
mod state;

#[cfg(feature = "seed-file")]
pub use crate::config::seed_file::SeedFileError;
pub use crate::{
    auth::digest::Algorithm,
    auth::nonces::NonceCounting,
    config::assumptions::{Assumptions, EmptyEnvelope},
    config::builder::Builder,
    config::seed_key::SeedKey,
    config::synthetic::SyntheticKey,
    faults::fault::{Fault, FaultTarget, Reset},
    faults::fault_spec::FaultSpecError,
    faults::injector::Faults,
    server::emulator::Emulator,
    server::request_log::LoggedRequest,
    spec::service::Service,
    spec::versions::{ResourceVersion, VersionDates},
    state::key_state::KeyState,
    state::rate_limit::RateLimit,
};
