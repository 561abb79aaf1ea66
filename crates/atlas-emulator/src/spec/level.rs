//! Organizations and projects as levels of roles.

/// Whether an operation acts in an organization or in a project.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    Org,
    Project,
}

impl Level {
    /// Returns the level of the role with this name.
    pub(crate) fn of_role(name: &str) -> Self {
        match name.starts_with("ORG_") {
            true => Self::Org,
            false => Self::Project,
        }
    }

    /// Returns the level of operations under `path`.
    pub(crate) fn of_path(path: &str) -> Self {
        match path.starts_with("/groups/") {
            true => Self::Project,
            false => Self::Org,
        }
    }
}
