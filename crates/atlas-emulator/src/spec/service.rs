//! The three services and their operations.

use serde::Deserialize;

/// One of the services, which the base path distinguishes.
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

    /// Returns the beginning of the service's paths, such as `/api/atlas/v2`.
    pub fn base_path(self) -> &'static str {
        match self {
            Self::AtlasV2 => "/api/atlas/v2",
            Self::AtlasV1 => "/api/atlas/v1.0",
            Self::OpsManagerV1 => "/api/public/v1.0",
        }
    }

    /// Returns whether the Accept header selects a version.
    pub(crate) fn is_versioned(self) -> bool {
        self == Self::AtlasV2
    }

    /// Returns whether the service accepts access tokens in addition to digest.
    pub(crate) fn accepts_bearer(self) -> bool {
        self != Self::OpsManagerV1
    }

    /// Returns whether a 400 names the invalid field in `badRequestDetail`.
    pub(crate) fn reports_fields(self) -> bool {
        self == Self::AtlasV2
    }
}

/// The operation of a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    UpdateInOrg,
    UpdateInProject,
    ReadInOrg,
}

impl Operation {
    /// Returns the value of `X-Java-Method`, as recorded for the two updates.
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
