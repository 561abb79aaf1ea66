//! The operations of all services, from the OpenAPI documents: paths, body schemas, query
//! parameters, versions.
//!
//! The documents are generated, and the code repeats none of their contents, so that a new role or
//! operation reaches the emulator with the next document.

use std::collections::{BTreeMap, BTreeSet};

use http::Method;

use crate::{
    spec::body_rules::BodyRules,
    spec::document::{Document, Entry},
    spec::operation::{Level, Operation, Success, Version},
    spec::role::Role,
    spec::service::Service,
    spec::versions::{RELEASES, ResourceVersion, VersionLifecycle},
};

/// Settings that replace contents of the documents.
#[derive(Clone, Debug, Default)]
pub(crate) struct Deviations {
    pub(crate) versions: Vec<ResourceVersion>,
    pub(crate) roles: BTreeMap<Service, Vec<String>>,
}

/// The operations of all three services.
#[derive(Debug)]
pub(crate) struct Catalog {
    pub(crate) operations: Vec<Operation>,
    /// The dates that the Accept header may name.
    pub(crate) releases: BTreeSet<String>,
}

/// A missing part of a document, or an invalid deviation.
#[derive(Debug, thiserror::Error)]
#[error("{service:?}: {reason}")]
pub(crate) struct CatalogError {
    service: Service,
    reason: String,
}

impl Catalog {
    /// Reads the documents that are embedded in this crate.
    pub(crate) fn load(deviations: &Deviations) -> Result<Self, CatalogError> {
        let mut operations = Vec::new();
        for service in Service::ALL {
            let of_service = operations_of(service, deviations);
            operations.extend(of_service.map_err(|reason| CatalogError { service, reason })?);
        }
        let added = deviations
            .versions
            .iter()
            .map(|version| version.date.clone());
        Ok(Self {
            operations,
            releases: RELEASES
                .map(str::to_owned)
                .into_iter()
                .chain(added)
                .collect(),
        })
    }
}

fn operations_of(service: Service, deviations: &Deviations) -> Result<Vec<Operation>, String> {
    let document = Document::load(service)?;
    let mut operations: Vec<Operation> = document
        .entries()
        .map(|entry| operation(service, entry, deviations))
        .collect::<Result<_, _>>()?;
    distinguish_levels(&mut operations);
    Ok(operations)
}

fn operation(
    service: Service,
    entry: Entry<'_>,
    deviations: &Deviations,
) -> Result<Operation, String> {
    let mut versions = BTreeMap::new();
    for date in entry.versions() {
        versions.insert(date.clone(), ResourceVersion::new(date));
    }
    if service.is_versioned() {
        let added = deviations.versions.iter().cloned();
        versions.extend(added.map(|version| (version.date.clone(), version)));
    }
    let schema = entry.body()?;
    let version = |version: &ResourceVersion| {
        let roles = version.roles.as_ref().or(deviations.roles.get(&service));
        let roles: Option<Vec<Role>> = roles.map(|names| {
            let names = names.iter().map(|name| Role::from(&**name));
            names
                .filter(|name| Level::of_role(name) == entry.level())
                .collect()
        });
        let rules = |schema| BodyRules::new(entry.level(), schema, roles.as_deref());
        Ok(Version {
            lifecycle: VersionLifecycle::new(version)?,
            body: schema.clone().map(rules).transpose()?,
        })
    };
    let method = entry.method.to_ascii_uppercase();
    Ok(Operation {
        id: entry.id()?.to_owned(),
        service,
        method: Method::try_from(&*method).map_err(|error| error.to_string())?,
        path: entry.path.to_owned(),
        query: entry.query(),
        success: Success::read(entry.responses()),
        versions: versions
            .values()
            .map(version)
            .collect::<Result<_, String>>()?,
    })
}

/// Tells each body which roles are those of the other level, by version.
fn distinguish_levels(operations: &mut [Operation]) {
    let mut known: BTreeMap<(String, Level), Vec<Role>> = BTreeMap::new();
    for (date, body) in bodies(operations) {
        let roles = known.entry((date.clone(), body.level)).or_default();
        roles.extend(body.roles.iter().cloned());
    }
    for (date, body) in bodies(operations) {
        let other = match body.level {
            Level::Org => Level::Project,
            Level::Project => Level::Org,
        };
        body.other_level_roles = known
            .get(&(date.clone(), other))
            .cloned()
            .unwrap_or_default();
    }
}

fn bodies(operations: &mut [Operation]) -> impl Iterator<Item = (&String, &mut BodyRules)> {
    let versions = operations
        .iter_mut()
        .flat_map(|operation| operation.versions.iter_mut());
    versions.filter_map(|version| Some((&version.lifecycle.date, version.body.as_mut()?)))
}
