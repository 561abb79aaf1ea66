//! The emulator's settings and initial state.

pub(crate) mod assumptions;
pub(crate) mod behavior;
pub(crate) mod builder;
pub(crate) mod seed;
#[cfg(feature = "seed-file")]
pub(crate) mod seed_file;
pub(crate) mod seed_key;
pub(crate) mod synthetic;
