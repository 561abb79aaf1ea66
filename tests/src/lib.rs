//! What the tests of this workspace share.

pub mod fault_server;
#[cfg(any(test, doctest))]
mod guide;
pub mod ids;
mod recording;

pub use recording::{Recording, fixture, shared};

/// Compiles the code in the README of the workspace.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
