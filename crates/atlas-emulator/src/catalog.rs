//! What the OpenAPI documents say of each operation: role names, body fields
//! and their limits, query parameters, versions.
//!
//! The documents are generated; nothing of theirs is repeated in code, so a
//! new role reaches the emulator with the next document.

use std::{collections::BTreeSet, sync::Arc};

use serde_json::Value;

use crate::service::{Call, Operation, Service};

const ORG_PATH: &str = "/orgs/{orgId}/apiKeys/{apiUserId}";
const PROJECT_PATH: &str = "/groups/{groupId}/apiKeys/{apiUserId}";

/// The version of both operations, where a document names none.
const FIRST_VERSION: &str = "2023-01-01";

/// A role's name, shared by all keys that have the role.
pub(crate) type Role = Arc<str>;

/// The rules of all three services.
#[derive(Debug)]
pub(crate) struct Catalog {
    atlas_v2: ServiceRules,
    atlas_v1: ServiceRules,
    ops_manager_v1: ServiceRules,
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
    /// The names the body may hold.
    pub(crate) fields: BTreeSet<String>,
    /// The fields the body must hold.
    pub(crate) required: BTreeSet<String>,
    /// The shortest and longest description, in characters.
    pub(crate) desc_length: (u64, u64),
    /// The roles that may be given; empty where the document names none.
    pub(crate) roles: Vec<Role>,
    /// The roles of the other level: known, but refused here.
    pub(crate) foreign_roles: Vec<Role>,
    /// The query parameters.
    pub(crate) query: Vec<QueryParameter>,
    /// The resource's versions, oldest first.
    pub(crate) versions: Vec<String>,
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
    Integer { minimum: i64, maximum: i64 },
    Text,
}

/// A document lacks something the emulator needs.
#[derive(Debug, thiserror::Error)]
#[error("the document of {service:?} has no {what}")]
pub(crate) struct CatalogError {
    service: Service,
    what: String,
}

impl Catalog {
    /// Reads the documents that are built into this crate.
    pub(crate) fn load() -> Result<Self, CatalogError> {
        Ok(Self {
            atlas_v2: service_rules(Service::AtlasV2, include_str!("generated/atlas-v2.json"))?,
            atlas_v1: service_rules(Service::AtlasV1, include_str!("generated/atlas-v1.json"))?,
            ops_manager_v1: service_rules(
                Service::OpsManagerV1,
                include_str!("generated/ops-manager-v1.json"),
            )?,
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

fn service_rules(service: Service, text: &str) -> Result<ServiceRules, CatalogError> {
    let root: Value = serde_json::from_str(text).map_err(|error| CatalogError {
        service,
        what: format!("readable JSON: {error}"),
    })?;
    let document = Document { service, root };
    let mut update_org_key = document.update(ORG_PATH)?;
    let mut update_project_key = document.update(PROJECT_PATH)?;
    update_org_key.foreign_roles = update_project_key.roles.clone();
    update_project_key.foreign_roles = update_org_key.roles.clone();
    // The documents hold the two updates alone. Reading a key takes the two
    // query parameters that every resource has.
    let read_org_key = Rules {
        fields: BTreeSet::new(),
        required: BTreeSet::new(),
        desc_length: (0, 0),
        roles: Vec::new(),
        foreign_roles: Vec::new(),
        query: ["envelope", "pretty"]
            .map(|name| QueryParameter {
                name: name.to_owned(),
                kind: QueryKind::Boolean,
            })
            .to_vec(),
        versions: update_org_key.versions.clone(),
    };
    Ok(ServiceRules {
        update_org_key,
        update_project_key,
        read_org_key,
    })
}

struct Document {
    service: Service,
    root: Value,
}

impl Document {
    fn update(&self, path: &str) -> Result<Rules, CatalogError> {
        let item = self.at(&self.root["paths"][path], || format!("path {path}"))?;
        let operation = self.at(&item["patch"], || format!("PATCH {path}"))?;
        let body = self.at(&operation["requestBody"], || format!("body of {path}"))?;
        let schema = self.at(&body["content"]["application/json"]["schema"], || {
            format!("application/json body of {path}")
        })?;
        let fields = schema["properties"]
            .as_object()
            .ok_or_else(|| self.lacks(format!("properties of the body of {path}")))?;
        let desc = self.resolve(&schema["properties"]["desc"]);
        let roles = self.resolve(&schema["properties"]["roles"]);
        Ok(Rules {
            fields: fields.keys().cloned().collect(),
            required: strings(&schema["required"]).map(str::to_owned).collect(),
            desc_length: (
                desc["minLength"].as_u64().unwrap_or(1),
                desc["maxLength"].as_u64().unwrap_or(250),
            ),
            roles: strings(&self.resolve(&roles["items"])["enum"])
                .map(Role::from)
                .collect(),
            foreign_roles: Vec::new(),
            query: [item, operation]
                .into_iter()
                .flat_map(|holder| holder["parameters"].as_array().into_iter().flatten())
                .map(|parameter| self.resolve(parameter))
                .filter(|parameter| parameter["in"] == "query")
                .filter_map(|parameter| self.query_parameter(parameter))
                .collect(),
            versions: self.versions(operation),
        })
    }

    fn query_parameter(&self, parameter: &Value) -> Option<QueryParameter> {
        let schema = self.resolve(&parameter["schema"]);
        let kind = match schema["type"].as_str() {
            Some("boolean") => QueryKind::Boolean,
            Some("integer") => QueryKind::Integer {
                minimum: schema["minimum"].as_i64().unwrap_or(1),
                maximum: schema["maximum"].as_i64().unwrap_or(i64::from(i32::MAX)),
            },
            _ => QueryKind::Text,
        };
        Some(QueryParameter {
            name: parameter["name"].as_str()?.to_owned(),
            kind,
        })
    }

    fn versions(&self, operation: &Value) -> Vec<String> {
        let mut versions: Vec<String> = strings(&operation["x-versions"])
            .map(str::to_owned)
            .collect();
        if versions.is_empty() {
            versions.push(FIRST_VERSION.to_owned());
        }
        versions.sort_unstable();
        versions
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

fn strings(value: &Value) -> impl Iterator<Item = &str> {
    value
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
}
