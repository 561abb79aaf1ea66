//! Organizations and projects, and the API keys in them: where calls start.

pub(crate) mod org;
pub(crate) mod project;
