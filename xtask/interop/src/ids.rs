//! Ids that the emulator starts with, or that a server does not check.

pub(crate) const ORG: &str = "64a000000000000000000001";
pub(crate) const PROJECT: &str = "64a000000000000000000002";
pub(crate) const KEY: &str = "64a000000000000000000003";
