//! Low-level client for programmatic API keys on MongoDB Atlas and Ops Manager.
//!
//! [`types`] and the methods of [`Client`] are generated from the documents in the
//! repository's `openapi/` folder: one client with thirteen operations for three services.
//! What differs between the services, and what a repetition of each operation does, is data,
//! in [`catalog`]. Each method builds a [`Request`]; sending it is up to the caller.
//!
//! A field that holds a secret, such as the private key of a new API key, has the type
//! [`Redacted`], which neither `Debug` nor `Serialize` shows.
//!
//! The feature `mocks` adds typed mocks of each service for httpmock.
//!
//! Most programs want the `atlas-admin` crate, which adds authentication, versions,
//! input checks, retries and errors, and exposes none of the generated types.

#![cfg_attr(not(test), warn(clippy::unwrap_used))]

pub mod catalog;
mod generated;
mod redacted;
mod request;

pub use generated::client::types;
#[cfg(feature = "mocks")]
pub use generated::mocks;
pub use redacted::Redacted;
pub use request::{BuildError, Client, DecodeError, Request};
