//! What the tests of this workspace share.

pub mod fault_server;
pub mod ids;
mod recording;

pub use recording::{Recording, fixture, shared};
