//! Written by `cargo xtask generate`; not for editing.

#[rustfmt::skip]
pub(crate) mod catalog;
#[rustfmt::skip]
#[allow(clippy::all, clippy::unwrap_used, missing_docs, unreachable_pub)]
pub(crate) mod client;
/// Typed mocks of each service, for httpmock.
#[cfg(feature = "mocks")]
#[rustfmt::skip]
#[allow(clippy::all, clippy::unwrap_used, missing_docs, unreachable_pub)]
pub mod mocks;
