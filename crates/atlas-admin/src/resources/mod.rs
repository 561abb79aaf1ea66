//! Organizations and projects, the API keys in them, and access lists: where calls start.

pub(crate) mod access_list;
pub(crate) mod org;
pub(crate) mod project;
