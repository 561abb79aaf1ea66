//! The three services, as a user names them.

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

/// Where Atlas is, unless somebody says otherwise.
pub(crate) const ATLAS: &str = "https://cloud.mongodb.com";

/// A service that answers the same calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Service {
    AtlasV2,
    AtlasV1,
    OpsManager,
}

impl Service {
    pub(crate) const ALL: [Self; 3] = [Self::AtlasV2, Self::AtlasV1, Self::OpsManager];

    /// The name on the command line and in files.
    pub(crate) fn id(self) -> &'static str {
        match self {
            Self::AtlasV2 => "atlas-v2",
            Self::AtlasV1 => "atlas-v1",
            Self::OpsManager => "ops-manager",
        }
    }

    /// What people call it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::AtlasV2 => "Atlas v2",
            Self::AtlasV1 => "Atlas v1.0",
            Self::OpsManager => "Ops Manager",
        }
    }
}
