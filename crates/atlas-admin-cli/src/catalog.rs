//! What the services are known to take: role names and limits.

use std::ops::RangeInclusive;

use atlas_admin_raw::catalog::{self, Field};

use crate::service::Service;

/// Where a role is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Level {
    Organization,
    Project,
}

impl Level {
    pub(crate) const ALL: [Self; 2] = [Self::Organization, Self::Project];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Organization => "organization",
            Self::Project => "project",
        }
    }

    /// How the names of this level's roles begin.
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

    fn operation(self) -> &'static str {
        match self {
            Self::Organization => "update_org_api_key",
            Self::Project => "replace_project_api_key_roles",
        }
    }
}

/// The roles that a service lists. It may know more.
pub(crate) fn roles(service: Service, level: Level) -> &'static [&'static str] {
    field(service, level, "roles").map_or(&[], |field| field.values)
}

/// A sentence about a role that the service does not list, if it lists any.
pub(crate) fn remark(service: Service, level: Level, role: &str) -> Option<String> {
    let known = roles(service, level);
    (!known.is_empty() && !known.contains(&role)).then(|| {
        format!(
            "{} is not among the {} roles that this release knows on {}; see atlas-admin roles",
            role.escape_debug(),
            level.name(),
            service.name()
        )
    })
}

/// How long a description may be, in characters.
pub(crate) fn description_length(service: Service) -> RangeInclusive<u64> {
    let field = field(service, Level::Organization, "desc");
    let min = field.and_then(|field| field.min).unwrap_or(0);
    let max = field.and_then(|field| field.max).unwrap_or(u64::MAX);
    min..=max
}

fn field(service: Service, level: Level, name: &str) -> Option<&'static Field> {
    let service = match service {
        Service::AtlasV2 => &catalog::ATLAS_V2,
        Service::AtlasV1 => &catalog::ATLAS_V1,
        Service::OpsManager => &catalog::OPS_MANAGER_V1,
    };
    service.operation(level.operation())?.body(name)
}
