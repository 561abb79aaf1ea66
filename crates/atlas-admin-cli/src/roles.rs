//! The roles that the services document.

use atlas_admin::Service;

/// Where a key holds a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RoleScope {
    Organization,
    Project,
}

impl RoleScope {
    pub(crate) const ALL: [Self; 2] = [Self::Organization, Self::Project];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Organization => "organization",
            Self::Project => "project",
        }
    }

    /// The prefix of all role names in this scope.
    pub(crate) fn prefix(self) -> &'static str {
        match self {
            Self::Organization => "ORG_",
            Self::Project => "GROUP_",
        }
    }

    pub(crate) fn other(self) -> Self {
        match self {
            Self::Organization => Self::Project,
            Self::Project => Self::Organization,
        }
    }

    /// Returns the roles that the service documents. It may accept others.
    pub(crate) fn roles(self, service: Service) -> Vec<String> {
        match self {
            Self::Organization => service.org_roles().map(|role| role.to_string()).collect(),
            Self::Project => service
                .project_roles()
                .map(|role| role.to_string())
                .collect(),
        }
    }
}

/// Returns a warning for each role that the service does not document.
pub(crate) fn unknown_role_warnings<'a>(
    service: Service,
    scope: RoleScope,
    roles: impl IntoIterator<Item = &'a String>,
) -> Vec<String> {
    let known = scope.roles(service);
    roles
        .into_iter()
        .filter(|role| !known.is_empty() && !known.contains(role))
        .map(|role| {
            format!(
                "warning: {} is not a known {} role of {service}; \
                 see atlas-admin roles",
                role.escape_debug(),
                scope.name(),
            )
        })
        .collect()
}
