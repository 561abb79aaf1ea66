//! A local server that answers like Atlas v2, Atlas v1.0 and Ops Manager for
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
//! Digest answers are verified as RFC 7616 says, and what a document says of
//! roles, fields and limits is checked, each fault with the services' own
//! error code. The state is in memory; one update is atomic.
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
//! # What is inferred
//!
//! Where no page and no recording of the services settles a question, the
//! emulator decides as follows.
//!
//! - The date in the Accept header must be that of a release
//!   ([`Builder::version_dates`]).
//! - Any nonce count is taken ([`Builder::strict_nc`]); a nonce lives 60
//!   seconds on every service ([`Builder::nonce_ttl`]).
//! - Signing in is checked first, then the version, the ids, the query, the
//!   organization or project, the caller's roles, the rate limit, the key, and
//!   the body last.
//! - The owners of an organization may do everything in its projects. An
//!   update in a project adds a key that was not in it. Only keys count as
//!   owners that an organization must keep.
//! - Rate limits refill evenly ([`RateLimit`]) and hold on all services.
//! - A bearer token that is not valid is met with the digest challenge.
//! - With `envelope=true` an error is wrapped too and its HTTP status is 200,
//!   for clients that cannot read another; a digest challenge stays a 401.
//! - The codes of unknown roles, of bad query parameters, of a body that is
//!   too long, slow or of another media type, of a wrong method, and of a
//!   digest for another URI.

mod accept;
mod access_list;
mod admin;
mod answer;
mod authorization;
mod body;
mod builder;
mod catalog;
mod connection;
mod digest;
mod error;
mod exchange;
mod fault;
mod fault_spec;
mod faults;
mod identity;
mod inferred;
mod key_state;
mod key_view;
mod limits;
mod made_up;
mod nonces;
mod object_id;
mod pretty;
mod query;
mod router;
mod seed;
#[cfg(feature = "seed-file")]
mod seed_file;
mod server;
mod service;
mod state;
mod strike;
mod tls;
mod token;
mod traffic;
mod update;
mod versions;

#[cfg(feature = "seed-file")]
pub use crate::seed_file::SeedFileError;
pub use crate::{
    builder::Builder,
    digest::Algorithm,
    fault::{Fault, FaultTarget, Reset},
    fault_spec::FaultSpecError,
    faults::Faults,
    inferred::Inferred,
    key_state::KeyState,
    limits::RateLimit,
    made_up::MadeUpKey,
    seed::SeedKey,
    server::Emulator,
    service::Service,
    traffic::LoggedRequest,
    versions::{ResourceVersion, VersionDates},
};
