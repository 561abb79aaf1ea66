//! The names of services.

use std::str::FromStr;

use atlas_admin::{Service, quote};
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};

/// A service by the name that a user gave it, which may stand for an address as well.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NamedService {
    pub(crate) service: Service,
    pub(crate) base_url: Option<&'static str>,
}

/// Our names, and those of the Atlas CLI.
const NAMES: [(&str, Option<&str>, NamedService); 5] = [
    ("atlas-v2", Some("cloud"), named(Service::AtlasV2, None)),
    ("atlas-v1", None, named(Service::AtlasV1, None)),
    (
        "atlas-gov",
        Some("cloudgov"),
        named(Service::AtlasV2, Some("https://cloud.mongodbgov.com")),
    ),
    ("ops-manager", None, named(Service::OpsManager, None)),
    (
        "cloud-manager",
        None,
        named(Service::OpsManager, Some("https://cloud.mongodb.com")),
    ),
];

const fn named(service: Service, base_url: Option<&'static str>) -> NamedService {
    NamedService { service, base_url }
}

impl FromStr for NamedService {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let is_name =
            |(name, alias, _): &&(&str, Option<&str>, Self)| *name == text || *alias == Some(text);
        let found = NAMES.iter().find(is_name).map(|(_, _, named)| *named);
        found.ok_or_else(|| {
            let names = NAMES.map(|(name, ..)| name).join(", ");
            format!("unknown service {}; the services are {names}", quote(text))
        })
    }
}

/// Parses the name of a service.
pub(super) fn parser() -> impl TypedValueParser<Value = NamedService> {
    PossibleValuesParser::new(NAMES.map(|(name, alias, _)| PossibleValue::new(name).aliases(alias)))
        .try_map(|name| name.parse::<NamedService>())
}
