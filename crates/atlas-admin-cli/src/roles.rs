//! The roles that the services document.

use std::collections::BTreeSet;

use atlas_admin::Service;

use crate::ui::{Output, word};

/// Where a key holds a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
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
        let name = |role: &dyn ToString| role.to_string();
        match self {
            Self::Organization => service.org_roles().map(|role| name(&role)).collect(),
            Self::Project => service.project_roles().map(|role| name(&role)).collect(),
        }
    }
}

/// Warns once about each role that the service does not document. It may accept them.
pub(crate) fn warn_about_unknown<'a>(
    service: Service,
    roles: impl IntoIterator<Item = (RoleScope, &'a String)>,
    output: &Output,
) {
    let known = RoleScope::ALL.map(|scope| scope.roles(service));
    let unknown: BTreeSet<_> = roles
        .into_iter()
        .filter(|(scope, role)| !known[*scope as usize].contains(role))
        .collect();
    for (scope, role) in unknown {
        output.note(&format!(
            "warning: {} is not a known {} role of {service}; see atlas-admin roles",
            word(role),
            scope.name(),
        ));
    }
}
