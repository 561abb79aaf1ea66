//! The three services, and what sets them apart beyond the catalogue's data.

use atlas_admin_raw::catalog::{self, MediaType, Operation};
use http::HeaderValue;

use crate::{ApiVersion, error::Error};

/// Where the Atlas services are, unless the builder is told otherwise.
pub(crate) const ATLAS: &str = "https://cloud.mongodb.com";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Service {
    AtlasV2,
    AtlasV1,
    OpsManager,
}

impl Service {
    fn catalog(self) -> &'static catalog::Service {
        match self {
            Self::AtlasV2 => &catalog::ATLAS_V2,
            Self::AtlasV1 => &catalog::ATLAS_V1,
            Self::OpsManager => &catalog::OPS_MANAGER_V1,
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

    pub(crate) fn base_path(self) -> &'static str {
        self.catalog().base_path
    }

    pub(crate) fn operation(self, id: &str) -> Result<&'static Operation, Error> {
        self.catalog()
            .operation(id)
            .ok_or_else(|| Error::input(format!("{} has no operation {id}", self.name())))
    }

    /// The type of its bodies, which on Atlas v2 carries the version.
    pub(crate) fn media_type(self, version: ApiVersion) -> Result<HeaderValue, Error> {
        match self.catalog().media_type {
            MediaType::Json => Ok(HeaderValue::from_static("application/json")),
            MediaType::Dated { prefix, suffix } => {
                HeaderValue::try_from(format!("{prefix}{version}{suffix}")).map_err(|error| {
                    Error::input("no media type for this version").with_source(error)
                })
            }
        }
    }
}
