//! Typed mocks for [`httpmock`]: a real server on a loopback port that answers as a
//! test tells it to, operation by operation.
//!
//! There is one module for each service, made from the services' documents like the
//! client. Its `MockServerExt` gives an httpmock `MockServer` a method for each
//! operation; `when` has the operation's parameters and its body, `then.ok(…)` the
//! body of a success with the service's media type, dated on Atlas v2.
//! [`refuse`] makes the errors, and [`created`] new keys with their secret. Whatever else httpmock can do is behind
//! `into_inner()`.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), atlas_admin::Error> {
//! use atlas_admin::{Client, Credentials, ErrorCode};
//! use atlas_admin::testing::{Key, mock::{self, atlas_v2::MockServerExt, httpmock::MockServer}};
//!
//! let (org, key, other) = ("32b6e34b3d91647abb20e7b8", "6a793f752c88faeba59bba49", "6a793f752c88faeba59bba50");
//! let server = MockServer::start_async().await;
//! let update = server.update_org_api_key(|when, then| {
//!     when.api_user_id(key);
//!     then.ok(&Key::new(key).desc("ci deploys").into());
//! });
//! server.update_org_api_key(|when, then| {
//!     when.api_user_id(other);
//!     mock::refuse(then.into_inner(), http::StatusCode::BAD_REQUEST, ErrorCode::API_KEY_NOT_FOUND, "No such key.");
//! });
//!
//! let atlas = Client::builder()
//!     .base_url(server.base_url())
//!     .credentials(Credentials::bearer("any"))
//!     .build()?;
//! let updated = atlas.org(org).api_key(key).update().desc("ci deploys").send().await?;
//! assert_eq!(updated.desc.as_deref(), Some("ci deploys"));
//! update.assert_async().await;
//! let refused = atlas.org(org).api_key(other).update().desc("ci deploys").send().await;
//! assert!(refused.is_err_and(|error| error.is_not_found()));
//! # Ok(())
//! # }
//! ```
//!
//! A token is the simplest for Atlas; with [`Credentials::digest`](crate::Credentials::digest)
//! the server gets one more request for a challenge, and answers it like any other.

pub use atlas_admin_raw::{
    mocks::{atlas_v1, atlas_v2, ops_manager_v1},
    types,
};
use http::StatusCode;
pub use httpmock;
use httpmock::Then;

use super::{Key, Operation, fake_response::error_body};
use crate::ErrorCode;

/// Responds to a creation with the new key, and its private key whole
/// ([`Key::private_key`], or a synthetic one), which the types of `then.ok(…)` never write.
pub fn created(then: Then, key: &Key) -> Then {
    then.status(200)
        .header("content-type", "application/json")
        .json_body(key.to_json(Operation::CreateOrgApiKey))
}

/// Responds with an error in the services' own shape, with the code in the header
/// `X-Error-Code` as well.
pub fn refuse(then: Then, status: StatusCode, code: ErrorCode, detail: &str) -> Then {
    then.status(status.as_u16())
        .header("content-type", "application/json")
        .header("x-error-code", code.as_str())
        .json_body(error_body(status, &code, detail))
}
