//! Role names, and what an update changes.

use std::sync::Arc;

/// A role's name, shared by all keys that have the role.
pub(crate) type Role = Arc<str>;

/// What an update changes.
#[derive(Debug, Default)]
pub(crate) struct Update {
    pub(crate) desc: Option<String>,
    pub(crate) roles: Option<Vec<Role>>,
}
