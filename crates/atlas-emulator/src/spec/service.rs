//! The three services that the emulator responses for, and the calls of each.

use serde::Deserialize;

/// One of the services, told apart by the base path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[cfg_attr(feature = "seed-file", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum Service {
    /// Atlas v2, under `/api/atlas/v2`.
    #[serde(rename = "atlas-v2")]
    AtlasV2,
    /// Atlas v1.0, under `/api/atlas/v1.0`.
    #[serde(rename = "atlas-v1")]
    AtlasV1,
    /// Ops Manager and Cloud Manager v1.0, under `/api/public/v1.0`.
    #[serde(rename = "ops-manager-v1")]
    OpsManagerV1,
}

impl Service {
    pub(crate) const ALL: [Self; 3] = [Self::AtlasV2, Self::AtlasV1, Self::OpsManagerV1];

    /// Where the service's paths begin, as `/api/atlas/v2`.
    pub fn base_path(self) -> &'static str {
        match self {
            Self::AtlasV2 => "/api/atlas/v2",
            Self::AtlasV1 => "/api/atlas/v1.0",
            Self::OpsManagerV1 => "/api/public/v1.0",
        }
    }

    /// Whether the version of a resource is chosen by the Accept header.
    pub(crate) fn is_versioned(self) -> bool {
        self == Self::AtlasV2
    }

    /// Whether a service account's token is accepted beside digest.
    pub(crate) fn accepts_bearer(self) -> bool {
        self != Self::OpsManagerV1
    }

    /// Whether a 400 for a field also names it in `badRequestDetail`.
    pub(crate) fn reports_fields(self) -> bool {
        self == Self::AtlasV2
    }
}

/// What one route does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    UpdateInOrg,
    UpdateInProject,
    ReadInOrg,
}

impl Operation {
    /// The value of `X-Java-Method`, as recorded for the two updates.
    pub(crate) fn java_method(self) -> &'static str {
        match self {
            Self::UpdateInOrg => "ApiOrganizationApiUsersResource::updateApiUserDescAndRoles",
            Self::UpdateInProject => "ApiProjectApiUsersResource::updateApiUserDescAndRoles",
            Self::ReadInOrg => "ApiOrganizationApiUsersResource::getApiUser",
        }
    }

    pub(crate) fn is_write(self) -> bool {
        self != Self::ReadInOrg
    }
}

/// An operation of a service.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call {
    pub(crate) service: Service,
    pub(crate) operation: Operation,
}
