//! Names of roles that this release does not know.

/// The name of a role that this release does not know.
///
/// Only parsing a role creates one, so a known role never hides in it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OtherRole(Box<str>);

impl OtherRole {
    pub(super) fn new(name: &str) -> Self {
        Self(name.into())
    }

    /// Returns the role's name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
