//! Organizations, projects, keys and rate limits, and the permissions to change them.

pub(crate) mod access_list;
pub(crate) mod key_state;
pub(crate) mod key_view;
pub(crate) mod object_id;
pub(crate) mod rate_limit;
pub(crate) mod store;
