//! Role names, and the contents of an update.

use std::sync::Arc;

/// A role's name, shared by all keys that have the role.
pub(crate) type Role = Arc<str>;

/// The changes of an update.
#[derive(Debug, Default)]
pub(crate) struct Update {
    pub(crate) desc: Option<String>,
    pub(crate) roles: Option<Vec<Role>>,
}
