//! The three services.

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

    /// Returns the service's name in seed files and in the emulator's own document.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::AtlasV2 => "atlas-v2",
            Self::AtlasV1 => "atlas-v1",
            Self::OpsManagerV1 => "ops-manager-v1",
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
