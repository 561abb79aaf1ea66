//! Low-level client for programmatic API keys on MongoDB Atlas and Ops Manager.
//!
//! Everything in [`Client`] and [`types`] is generated from the documents in
//! the repository's `openapi/` folder, one client for three services; what
//! differs between the services is data, in [`catalog`]. Requests leave through
//! one hand-written seam, the [`Transport`].
//!
//! The feature `mocks` adds typed mocks of each service for httpmock.
//!
//! Most programs want the `atlas-admin` crate, which adds authentication,
//! versions, checks and errors, and shows none of the types of this one.

#![cfg_attr(not(test), warn(clippy::unwrap_used))]

pub mod catalog;
mod generated;
mod redacted;
mod transport;

pub use generated::client::{Client, Error, ResponseValue, types};
#[cfg(feature = "mocks")]
pub use generated::mocks;
pub use redacted::Redacted;
pub use transport::{ResponseFuture, Transport};
