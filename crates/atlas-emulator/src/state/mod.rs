//! Organizations, projects, keys and rate limits, and the permissions to change them.

pub(crate) mod access_list;
pub(crate) mod identities;
pub(crate) mod key_index;
pub(crate) mod key_state;
pub(crate) mod object_id;
pub(crate) mod permission;
pub(crate) mod rate_limit;
pub(crate) mod store;
pub(crate) mod user;
