//! The three services, with their data in the catalog.

use std::{fmt, ops::RangeInclusive, str::FromStr};

use atlas_admin_raw::catalog::{self, MediaType, Operation};
use http::HeaderValue;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::{
    api_version::ApiVersion,
    parse_error::ParseError,
    roles::{OrgRole, ProjectRole},
    sanitize::quoted_excerpt,
};

/// A service that manages programmatic API keys.
///
/// It parses and deserializes from `atlas-v2`, `atlas-v1` or `ops-manager`, for settings and
/// flags; `Display` writes the name for people.
///
/// ```
/// use atlas_admin::Service;
///
/// let service: Service = "atlas-v1".parse()?;
/// assert_eq!(service, Service::AtlasV1);
/// assert_eq!(service.to_string(), "Atlas v1.0");
/// # Ok::<(), atlas_admin::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Service {
    /// The Atlas Administration API v2, whose resources have dated versions.
    AtlasV2,
    /// The Atlas Administration API v1.0.
    AtlasV1,
    /// The Ops Manager and Cloud Manager API v1.0.
    OpsManager,
}

impl Service {
    /// All services.
    pub const ALL: &'static [Self] = &[Self::AtlasV2, Self::AtlasV1, Self::OpsManager];

    fn catalog(self) -> &'static catalog::Service {
        match self {
            Self::AtlasV2 => &catalog::ATLAS_V2,
            Self::AtlasV1 => &catalog::ATLAS_V1,
            Self::OpsManager => &catalog::OPS_MANAGER_V1,
        }
    }

    /// Returns the name for settings and flags, such as `atlas-v2`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AtlasV2 => "atlas-v2",
            Self::AtlasV1 => "atlas-v1",
            Self::OpsManager => "ops-manager",
        }
    }

    /// Returns the name for people, such as `Atlas v2`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::AtlasV2 => "Atlas v2",
            Self::AtlasV1 => "Atlas v1.0",
            Self::OpsManager => "Ops Manager",
        }
    }

    /// Returns the path that every request of this service starts with, such as
    /// `/api/atlas/v2`.
    #[must_use]
    pub fn base_path(self) -> &'static str {
        self.catalog().base_path
    }

    /// Returns the address that a client uses by default. `None` for Ops Manager, where every
    /// installation has its own.
    #[must_use]
    pub const fn default_base_url(self) -> Option<&'static str> {
        match self {
            Self::AtlasV2 | Self::AtlasV1 => Some("https://cloud.mongodb.com"),
            Self::OpsManager => None,
        }
    }

    /// Returns the organization roles that the service's documentation lists. The service
    /// may accept others.
    pub fn org_roles(self) -> impl Iterator<Item = OrgRole> {
        self.listed_roles("update_org_api_key").map(OrgRole::from)
    }

    /// Returns the project roles that the service's documentation lists. The service may
    /// accept others.
    pub fn project_roles(self) -> impl Iterator<Item = ProjectRole> {
        self.listed_roles("replace_project_api_key_roles")
            .map(ProjectRole::from)
    }

    /// Returns how many characters an API key's description may have, such as `1..=250`.
    #[must_use]
    pub fn description_length(self) -> RangeInclusive<usize> {
        let field = self
            .operation("update_org_api_key")
            .and_then(|operation| operation.body("desc"));
        let bound = |bound: Option<u64>| bound.and_then(|bound| usize::try_from(bound).ok());
        let min = field.and_then(|field| bound(field.min)).unwrap_or(0);
        let max = field
            .and_then(|field| bound(field.max))
            .unwrap_or(usize::MAX);
        min..=max
    }

    fn listed_roles(self, operation_id: &str) -> impl Iterator<Item = &'static str> {
        let roles = self
            .operation(operation_id)
            .and_then(|operation| operation.body("roles"))
            .map_or(&[][..], |field| field.values);
        roles.iter().copied()
    }

    /// Returns the operations that the service offers.
    pub(crate) fn operations(self) -> &'static [Operation] {
        self.catalog().operations
    }

    pub(crate) fn operation(self, id: &str) -> Option<&'static Operation> {
        self.catalog().operation(id)
    }

    /// Returns the media type of bodies, which contains the version on Atlas v2.
    pub(crate) fn media_type(self, version: ApiVersion) -> HeaderValue {
        match self.catalog().media_type {
            MediaType::Json => HeaderValue::from_static("application/json"),
            MediaType::Dated { prefix, suffix } => {
                HeaderValue::try_from(format!("{prefix}{version}{suffix}"))
                    .expect("a date is plain ASCII")
            }
        }
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Service {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        Self::ALL
            .iter()
            .find(|service| service.as_str() == text)
            .copied()
            .ok_or_else(|| {
                ParseError::new(format!(
                    "unknown service {}; the services are atlas-v2, atlas-v1 and ops-manager",
                    quoted_excerpt(text, 60)
                ))
            })
    }
}

impl Serialize for Service {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Service {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_round_trip_through_text() {
        for service in Service::ALL {
            assert_eq!(service.as_str().parse::<Service>().as_ref(), Ok(service));
            let json = serde_json::to_value(service).unwrap();
            assert_eq!(json, service.as_str());
            assert_eq!(&serde_json::from_value::<Service>(json).unwrap(), service);
        }
        let error = "atlas\n".parse::<Service>().unwrap_err().to_string();
        assert!(
            error.starts_with(r#"unknown service "atlas\n"; "#),
            "{error}"
        );
    }

    #[test]
    fn knows_the_length_of_descriptions() {
        for service in Service::ALL {
            assert_eq!(service.description_length(), 1..=250);
        }
    }

    #[test]
    fn lists_the_roles_of_each_service() {
        let has = |service: Service, role| service.org_roles().any(|known| known == role);
        assert!(has(Service::AtlasV2, OrgRole::BillingAdmin));
        assert!(!has(Service::OpsManager, OrgRole::BillingAdmin));
        for service in Service::ALL {
            assert!(has(*service, OrgRole::Owner));
            assert!(
                service
                    .project_roles()
                    .any(|role| role == ProjectRole::ReadOnly)
            );
        }
    }
}
