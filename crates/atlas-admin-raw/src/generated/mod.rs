//! Written by `cargo xtask generate`; not for editing.

#[rustfmt::skip]
pub(crate) mod catalog;
#[rustfmt::skip]
#[allow(clippy::all, clippy::unwrap_used, missing_docs, unreachable_pub)]
pub(crate) mod client;
