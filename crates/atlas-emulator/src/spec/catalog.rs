//! What the OpenAPI documents say of each operation: the body's schema, query
//! parameters, versions.
//!
//! The documents are generated; nothing of theirs is repeated in code, so a
//! new role reaches the emulator with the next document.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::{
    spec::body_rules::BodyRules,
    spec::role::Role,
    spec::service::{Call, Operation, Service},
    spec::versions::ResourceVersion,
    spec::versions::{RELEASES, VersionLifecycle},
};

const ORG_PATH: &str = "/orgs/{orgId}/apiKeys/{apiUserId}";
const PROJECT_PATH: &str = "/groups/{groupId}/apiKeys/{apiUserId}";

/// The version of both operations, where a document names none.
const FIRST_VERSION: &str = "2023-01-01";

/// References are followed this deep; none of the documents comes near.
const DEPTH: usize = 16;

/// What a test puts in the place of the documents' facts.
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
    /// The resource's versions, oldest first; of a service without versions
    /// there is one.
    pub(crate) versions: Vec<Version>,
}

/// One version of an operation.
#[derive(Debug)]
pub(crate) struct Version {
    pub(crate) life: VersionLifecycle,
    /// `None` for an operation that reads no body.
    pub(crate) body: Option<BodyRules>,
}

/// A query parameter and the values it takes.
#[derive(Clone, Debug)]
pub(crate) struct QueryParameter {
    pub(crate) name: String,
    pub(crate) kind: QueryKind,
}

/// The values of a query parameter.
#[derive(Clone, Debug)]
pub(crate) enum QueryKind {
    Boolean,
    /// Within these bounds, where there are any.
    Integer {
        minimum: Option<i128>,
        maximum: Option<i128>,
    },
    Text,
}

/// A document lacks something the emulator needs, or a deviation is none.
#[derive(Debug, thiserror::Error)]
#[error("{service:?}: there is no {what}")]
pub(crate) struct CatalogError {
    service: Service,
    what: String,
}

impl Catalog {
    /// Reads the documents that are built into this crate.
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

    /// The rules of one operation of one service.
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
    let lacks = |what| CatalogError { service, what };
    let root: Value =
        serde_json::from_str(text).map_err(|error| lacks(format!("readable document: {error}")))?;
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
    let everywhere = deviations.roles.get(&service);
    let mut rules = ServiceRules {
        update_org_key: Rules::new(document.query(org)),
        update_project_key: Rules::new(document.query(project)),
        read_org_key: Rules::new(document.query(read)),
    };
    for version in versions.values() {
        let life = || VersionLifecycle::new(version).map_err(lacks);
        let roles = version
            .roles
            .as_ref()
            .or(everywhere)
            .map(|names| levels(names));
        let body = |operation, item, level: usize| {
            let roles = roles.as_ref().map(|levels| levels[level].as_slice());
            BodyRules::new(operation, document.body(item)?, roles).map_err(lacks)
        };
        let mut in_org = body(Operation::UpdateInOrg, org, 0)?;
        let mut in_project = body(Operation::UpdateInProject, project, 1)?;
        in_org.foreign_roles = in_project.roles.clone();
        in_project.foreign_roles = in_org.roles.clone();
        for (rules, body) in [
            (&mut rules.update_org_key, Some(in_org)),
            (&mut rules.update_project_key, Some(in_project)),
            (&mut rules.read_org_key, None),
        ] {
            rules.versions.push(Version {
                life: life()?,
                body,
            });
        }
    }
    Ok(rules)
}

/// Names of roles, those of organizations first, those of projects second.
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

/// An operation of a document, and the path that it stands at.
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

    /// The schema of the body, without references.
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
        let versions: Vec<String> = named.map(str::to_owned).collect();
        if versions.is_empty() {
            return vec![FIRST_VERSION.to_owned()];
        }
        versions
    }

    /// A schema with its references followed, and OpenAPI's `nullable` told in
    /// the words of JSON Schema.
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
            Value::Null => Err(self.lacks(what())),
            found => Ok(found),
        }
    }

    /// Follows one `$ref` into this document.
    fn resolve<'a>(&'a self, value: &'a Value) -> &'a Value {
        value["$ref"]
            .as_str()
            .and_then(|target| target.strip_prefix('#'))
            .map_or(value, |pointer| {
                self.root.pointer(pointer).unwrap_or(&Value::Null)
            })
    }

    fn lacks(&self, what: String) -> CatalogError {
        CatalogError {
            service: self.service,
            what,
        }
    }
}
