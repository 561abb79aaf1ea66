//! What the tests of this workspace share.

pub mod fault_server;
#[cfg(doctest)]
mod guide;
pub mod ids;
mod recording;

pub use recording::{Recording, fixture, shared};
