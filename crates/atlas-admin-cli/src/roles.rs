//! The roles that the services document.

use std::collections::BTreeSet;

use atlas_admin::Service;
use strsim::damerau_levenshtein;

use crate::{
    args::RoleArgs,
    error::CliError,
    ui::{Output, word},
};

/// Names with at most this many edits between them look alike.
const MAX_MISSPELLING: usize = 2;

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

    /// Returns the scope of a role by the prefix of its name.
    pub(crate) fn of(role: &str) -> Self {
        if role.starts_with(Self::Organization.prefix()) {
            Self::Organization
        } else {
            Self::Project
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

/// The known roles of a service, to check names that a user wrote.
pub(crate) struct KnownRoles {
    service: Service,
    /// Whether `--allow-unknown-role` is set.
    allow_unknown: bool,
    /// In the order of [`RoleScope::ALL`].
    names: [Vec<String>; 2],
}

impl KnownRoles {
    pub(crate) fn new(service: Service, allow_unknown: bool) -> Self {
        Self {
            service,
            allow_unknown,
            names: RoleScope::ALL.map(|scope| scope.roles(service)),
        }
    }

    fn contains(&self, scope: RoleScope, role: &str) -> bool {
        self.names[scope as usize].iter().any(|known| known == role)
    }

    /// Returns what is wrong with a name that cannot be that of a role, or that looks like a
    /// misspelling of a known one.
    pub(crate) fn problem(&self, scope: RoleScope, role: &str) -> Option<String> {
        if role.contains(char::is_whitespace) {
            return Some(format!("the role name {} contains a space", word(role)));
        }
        let is_known = |service: &Service| scope.roles(*service).iter().any(|known| known == role);
        if self.allow_unknown || self.contains(scope, role) || Service::ALL.iter().any(is_known) {
            return None;
        }
        let written = role.to_uppercase();
        let (distance, known) = self.names[scope as usize]
            .iter()
            .map(|known| (damerau_levenshtein(&written, known), known))
            .min()?;
        (distance <= MAX_MISSPELLING).then(|| {
            format!(
                "{} is not a known {} role; did you mean {known}? \
                 (use --allow-unknown-role to use it as written)",
                word(role),
                scope.name(),
            )
        })
    }

    /// Warns once about each role that the service does not document. It may accept them.
    pub(crate) fn warn_about_unknown<'a>(
        &self,
        roles: impl IntoIterator<Item = (RoleScope, &'a String)>,
        output: &Output,
    ) {
        let unknown: BTreeSet<_> = roles
            .into_iter()
            .filter(|(scope, role)| !self.contains(*scope, role))
            .collect();
        for (scope, role) in unknown {
            output.note(&format!(
                "warning: {} is not a known {} role of {}; see atlas-admin roles",
                word(role),
                scope.name(),
                self.service
            ));
        }
    }
}

/// Checks the roles of one command, and warns about those that are unknown.
pub(crate) fn check(
    service: Service,
    scope_of: impl Fn(&str) -> RoleScope,
    args: &RoleArgs,
    output: &Output,
) -> Result<(), CliError> {
    let known = KnownRoles::new(service, args.allow_unknown_role);
    let roles = || args.role.iter().map(|role| (scope_of(role), role));
    if let Some(problem) = roles().find_map(|(scope, role)| known.problem(scope, role)) {
        return Err(CliError::input(problem));
    }
    known.warn_about_unknown(roles(), output);
    Ok(())
}
