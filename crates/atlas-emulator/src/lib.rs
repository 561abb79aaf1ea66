//! A local server that responses like Atlas v2, Atlas v1.0 and Ops Manager for
//! the operations that update a programmatic API key, for tests and for
//! trying things out without an account.
//!
//! | | Atlas v2 | Atlas v1.0 | Ops Manager v1.0 |
//! | --- | --- | --- | --- |
//! | base path | `/api/atlas/v2` | `/api/atlas/v1.0` | `/api/public/v1.0` |
//! | `PATCH /orgs/{orgId}/apiKeys/{apiUserId}` | yes | yes | yes |
//! | `PATCH /groups/{groupId}/apiKeys/{apiUserId}` | yes | yes | yes |
//! | `GET /orgs/{orgId}/apiKeys/{apiUserId}` | yes | yes | yes |
//! | signing in | digest, bearer | digest, bearer | digest |
//!
//! `POST /api/oauth/token` and `POST /api/oauth/revoke` serve the tokens.
//!
//! Digest authorizations are verified as RFC 7616 says, bodies are checked against the
//! documents' schemas, and each fault has the services' own error code. The
//! state is in memory; one update is atomic.
//!
//! # In a test
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> std::io::Result<()> {
//! let emulator = atlas_emulator::Emulator::start().await?;
//! // … call emulator.base_url() with emulator.public_key() and .private_key()
//! assert_eq!(emulator.challenges(), 0);
//! # Ok(())
//! # }
//! ```
//!
//! - [`Builder`] takes what it starts with: organizations, projects and keys,
//!   rate limits, access lists, versions and their end, or a seed file.
//! - [`Faults`] are injected: a 429, a broken connection, a response that
//!   never comes; each says whether the update was carried out.
//! - [`Emulator`] tells what arrived and what the keys are now, and starts over.
//!
//! The command `atlas-emulator` does the same for tests in other languages.
//!
//! # Features
//!
//! | feature | for |
//! | --- | --- |
//! | `cli`, on by default | the command, and `cli::Settings` for others; it takes in the other features |
//! | `tls` | HTTPS: `Builder::tls` |
//! | `seed-file` | what to start with, in YAML: `Builder::seed_file` |
//!
//! A test needs none of them: `default-features = false`.
//!
//! # What is inferred
//!
//! Where no page and no recording of the services settles a question, the
//! emulator has an option: the fields of [`Assumptions`], and beside them
//!
//! - [`Builder::strict_nc`], [`Builder::nonce_ttl`] and
//!   [`Builder::nonce_uses`]: how long and how often a nonce is good;
//! - [`Builder::token_rate_limit`]: how many tokens may be asked for;
//! - [`Assumptions::codes`] and [`Assumptions::statuses`]: those of unknown roles (400),
//!   of a body that changes nothing (400), of bad query parameters (400), of a
//!   body that is too long (413), slow (408) or of another media type (415), of a
//!   wrong method (405), of an unknown path (404), and of a digest for another
//!   URI (400).
//!
//! These are assumed as well, and decided once:
//!
//! - An unknown path and a wrong method are refused before signing in.
//! - Query parameters that the documents do not declare are ignored.
//! - Signing in is checked first, then the access list, the version, the ids,
//!   the query, the organization or project, the caller's roles, the rate
//!   limit, the key, and the body last.
//! - A version is deprecated and gone from the day that is named, in UTC;
//!   `VERSION_GONE` names the date of the version, not the date asked for.
//! - `badRequestDetail`, where Atlas v2 has it, names a field that the body has
//!   wrong: its name, its type, its length, or a role in it.
//! - The three services share the buckets of an organization and a project.

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
    config::assumptions::Assumptions,
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
