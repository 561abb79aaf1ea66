//! The rules of each operation, from the OpenAPI documents: body schema, query parameters,
//! versions.
//!
//! The documents are generated, and the code repeats none of their contents, so that a new role
//! reaches the emulator with the next document.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::{
    spec::body_rules::BodyRules,
    spec::role::Role,
    spec::service::{Call, Operation, Service},
    spec::versions::{RELEASES, ResourceVersion, VersionLifecycle},
};

const ORG_PATH: &str = "/orgs/{orgId}/apiKeys/{apiUserId}";
const PROJECT_PATH: &str = "/groups/{groupId}/apiKeys/{apiUserId}";

/// The version of the operations if a document names no version.
const FIRST_VERSION: &str = "2023-01-01";

/// The maximum depth of references, which no document comes near.
const DEPTH: usize = 16;

/// Settings that replace contents of the documents.
#[derive(Clone, Debug, Default)]
pub(crate) struct Deviations {
    pub(crate) versions: Vec<ResourceVersion>,
    pub(crate) roles: BTreeMap<Service, Vec<String>>,
}

/// The rules of all three services.
#[derive(Debug)]
pub(crate) struct Catalog {
    atlas_v2: ServiceRules,
    atlas_v1: ServiceRules,
    ops_manager_v1: ServiceRules,
    /// The dates that the Accept header may name.
    pub(crate) releases: BTreeSet<String>,
}

#[derive(Debug)]
struct ServiceRules {
    update_org_key: Rules,
    update_project_key: Rules,
    read_org_key: Rules,
}

/// The rules of one operation.
#[derive(Debug)]
pub(crate) struct Rules {
    /// The query parameters.
    pub(crate) query: Vec<QueryParameter>,
    /// The operation's versions, oldest first. A service without versions has one.
    pub(crate) versions: Vec<Version>,
}

/// A version of an operation.
#[derive(Debug)]
pub(crate) struct Version {
    pub(crate) lifecycle: VersionLifecycle,
    /// `None` for an operation without a body.
    pub(crate) body: Option<BodyRules>,
}

/// A query parameter and its valid values.
#[derive(Clone, Debug)]
pub(crate) struct QueryParameter {
    pub(crate) name: String,
    pub(crate) kind: QueryKind,
}

/// The valid values of a query parameter.
#[derive(Clone, Debug)]
pub(crate) enum QueryKind {
    Boolean,
    /// An integer within the given bounds.
    Integer {
        minimum: Option<i128>,
        maximum: Option<i128>,
    },
    Text,
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
        let rules = |service, text| service_rules(service, text, deviations);
        let added = deviations
            .versions
            .iter()
            .map(|version| version.date.clone());
        Ok(Self {
            atlas_v2: rules(Service::AtlasV2, include_str!("../generated/atlas-v2.json"))?,
            atlas_v1: rules(Service::AtlasV1, include_str!("../generated/atlas-v1.json"))?,
            ops_manager_v1: rules(
                Service::OpsManagerV1,
                include_str!("../generated/ops-manager-v1.json"),
            )?,
            releases: RELEASES
                .map(str::to_owned)
                .into_iter()
                .chain(added)
                .collect(),
        })
    }

    /// Returns the rules of an operation of a service.
    pub(crate) fn rules(&self, call: Call) -> &Rules {
        let service = match call.service {
            Service::AtlasV2 => &self.atlas_v2,
            Service::AtlasV1 => &self.atlas_v1,
            Service::OpsManagerV1 => &self.ops_manager_v1,
        };
        match call.operation {
            Operation::UpdateInOrg => &service.update_org_key,
            Operation::UpdateInProject => &service.update_project_key,
            Operation::ReadInOrg => &service.read_org_key,
        }
    }
}

fn service_rules(
    service: Service,
    text: &str,
    deviations: &Deviations,
) -> Result<ServiceRules, CatalogError> {
    let failed = |reason| CatalogError { service, reason };
    let root: Value =
        serde_json::from_str(text).map_err(|error| failed(format!("invalid document: {error}")))?;
    let document = Document { service, root };
    let org = document.entry(ORG_PATH, "patch")?;
    let project = document.entry(PROJECT_PATH, "patch")?;
    let read = document.entry(ORG_PATH, "get")?;

    let mut versions = BTreeMap::new();
    for date in document.versions(org) {
        versions.insert(date.clone(), ResourceVersion::new(date));
    }
    if service.is_versioned() {
        let added = deviations.versions.iter().cloned();
        versions.extend(added.map(|version| (version.date.clone(), version)));
    }
    let service_roles = deviations.roles.get(&service);
    let mut rules = ServiceRules {
        update_org_key: Rules::new(document.query(org)),
        update_project_key: Rules::new(document.query(project)),
        read_org_key: Rules::new(document.query(read)),
    };
    for version in versions.values() {
        let lifecycle = || VersionLifecycle::new(version).map_err(failed);
        let roles = version
            .roles
            .as_ref()
            .or(service_roles)
            .map(|names| levels(names));
        let body = |operation, item, level: usize| {
            let roles = roles.as_ref().map(|levels| levels[level].as_slice());
            BodyRules::new(operation, document.body(item)?, roles).map_err(failed)
        };
        let mut in_org = body(Operation::UpdateInOrg, org, 0)?;
        let mut in_project = body(Operation::UpdateInProject, project, 1)?;
        in_org.other_level_roles = in_project.roles.clone();
        in_project.other_level_roles = in_org.roles.clone();
        for (rules, body) in [
            (&mut rules.update_org_key, Some(in_org)),
            (&mut rules.update_project_key, Some(in_project)),
            (&mut rules.read_org_key, None),
        ] {
            rules.versions.push(Version {
                lifecycle: lifecycle()?,
                body,
            });
        }
    }
    Ok(rules)
}

/// Splits role names into those of organizations and those of projects.
fn levels(names: &[String]) -> [Vec<Role>; 2] {
    let (org, project): (Vec<_>, Vec<_>) = names.iter().partition(|name| name.starts_with("ORG_"));
    [org, project].map(|names| names.into_iter().map(|name| Role::from(&**name)).collect())
}

impl Rules {
    fn new(query: Vec<QueryParameter>) -> Self {
        Self {
            query,
            versions: Vec::new(),
        }
    }
}

struct Document {
    service: Service,
    root: Value,
}

/// An operation of a document, with its path.
#[derive(Clone, Copy)]
struct Entry<'a> {
    path: &'static str,
    item: &'a Value,
    operation: &'a Value,
}

impl Document {
    fn entry(&self, path: &'static str, method: &str) -> Result<Entry<'_>, CatalogError> {
        let item = self.at(&self.root["paths"][path], || format!("path {path}"))?;
        let operation = self.at(&item[method], || format!("{method} {path}"))?;
        Ok(Entry {
            path,
            item,
            operation,
        })
    }

    /// Returns the schema of the body, without references.
    fn body(&self, entry: Entry<'_>) -> Result<Value, CatalogError> {
        let path = entry.path;
        let body = self.at(&entry.operation["requestBody"], || {
            format!("body of {path}")
        })?;
        let schema = self.at(&body["content"]["application/json"]["schema"], || {
            format!("application/json body of {path}")
        })?;
        Ok(self.inlined(schema, DEPTH))
    }

    fn query(&self, entry: Entry<'_>) -> Vec<QueryParameter> {
        [entry.item, entry.operation]
            .into_iter()
            .flat_map(|holder| holder["parameters"].as_array().into_iter().flatten())
            .map(|parameter| self.resolve(parameter))
            .filter(|parameter| parameter["in"] == "query")
            .filter_map(|parameter| self.query_parameter(parameter))
            .collect()
    }

    fn query_parameter(&self, parameter: &Value) -> Option<QueryParameter> {
        let schema = self.resolve(&parameter["schema"]);
        let kind = match schema["type"].as_str() {
            Some("boolean") => QueryKind::Boolean,
            Some("integer") => QueryKind::Integer {
                minimum: schema["minimum"].as_i64().map(i128::from),
                maximum: schema["maximum"].as_i64().map(i128::from),
            },
            _ => QueryKind::Text,
        };
        Some(QueryParameter {
            name: parameter["name"].as_str()?.to_owned(),
            kind,
        })
    }

    fn versions(&self, entry: Entry<'_>) -> Vec<String> {
        let named = entry.operation["x-versions"].as_array();
        let named = named.into_iter().flatten().filter_map(Value::as_str);
        let mut versions: Vec<String> = named.map(str::to_owned).collect();
        if versions.is_empty() {
            versions.push(FIRST_VERSION.to_owned());
        }
        versions
    }

    /// Resolves the references of a schema, and translates OpenAPI's `nullable` to JSON Schema.
    fn inlined(&self, value: &Value, depth: usize) -> Value {
        let value = self.resolve(value);
        let Some(deeper) = depth.checked_sub(1) else {
            return Value::Null;
        };
        match value {
            Value::Array(items) => items
                .iter()
                .map(|item| self.inlined(item, deeper))
                .collect(),
            Value::Object(members) => {
                let members = members.iter();
                let mut schema: Value = members
                    .map(|(name, value)| (name.clone(), self.inlined(value, deeper)))
                    .collect();
                if schema["nullable"] == true && schema["type"].is_string() {
                    schema["type"] = Value::from(vec![schema["type"].take(), "null".into()]);
                }
                schema
            }
            plain => plain.clone(),
        }
    }

    fn at<'a>(
        &'a self,
        value: &'a Value,
        what: impl FnOnce() -> String,
    ) -> Result<&'a Value, CatalogError> {
        match self.resolve(value) {
            Value::Null => Err(CatalogError {
                service: self.service,
                reason: format!("the document has no {}", what()),
            }),
            found => Ok(found),
        }
    }

    /// Follows one `$ref` within this document.
    fn resolve<'a>(&'a self, value: &'a Value) -> &'a Value {
        value["$ref"]
            .as_str()
            .and_then(|target| target.strip_prefix('#'))
            .map_or(value, |pointer| {
                self.root.pointer(pointer).unwrap_or(&Value::Null)
            })
    }
}
