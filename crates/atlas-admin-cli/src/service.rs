//! The three services.

use std::fmt;
use std::str::FromStr;

use atlas_admin::{OrgRole, ProjectRole};
use atlas_admin_raw::catalog;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Service {
    AtlasV2,
    AtlasV1,
    OpsManager,
}

impl Service {
    pub(crate) const ALL: &'static [Self] = &[Self::AtlasV2, Self::AtlasV1, Self::OpsManager];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::AtlasV2 => "atlas-v2",
            Self::AtlasV1 => "atlas-v1",
            Self::OpsManager => "ops-manager",
        }
    }

    pub(crate) fn default_base_url(self) -> Option<&'static str> {
        (self != Self::OpsManager).then_some("https://cloud.mongodb.com")
    }

    pub(crate) fn org_roles(self) -> impl Iterator<Item = OrgRole> {
        self.listed("update_org_api_key").map(OrgRole::from)
    }

    pub(crate) fn project_roles(self) -> impl Iterator<Item = ProjectRole> {
        self.listed("replace_project_api_key_roles")
            .map(ProjectRole::from)
    }

    fn listed(self, id: &str) -> impl Iterator<Item = &'static str> {
        let service = match self {
            Service::AtlasV2 => &catalog::ATLAS_V2,
            Service::AtlasV1 => &catalog::ATLAS_V1,
            Service::OpsManager => &catalog::OPS_MANAGER_V1,
        };
        let roles = service
            .operation(id)
            .and_then(|operation| operation.body("roles"))
            .map_or(&[][..], |field| field.values);
        roles.iter().copied()
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::AtlasV2 => "Atlas v2",
            Self::AtlasV1 => "Atlas v1.0",
            Self::OpsManager => "Ops Manager",
        })
    }
}

impl FromStr for Service {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.iter().find(|service| service.as_str() == text);
        found
            .copied()
            .ok_or_else(|| format!("unknown service {text:?}"))
    }
}
