//! An OpenAPI document, and the emulator's own additions to it.

use serde_json::Value;

use crate::{
    spec::operation::Level,
    spec::query::{QueryKind, QueryParameter},
    spec::service::Service,
};

/// The operations that other clients need, in the format of the services' documents.
const ADDITIONAL: &str = include_str!("additional.json");

/// The version of an operation if its document names none.
const FIRST_VERSION: &str = "2023-01-01";

/// The maximum depth of references, which no document comes near.
const DEPTH: usize = 16;

/// The members of a path item that are operations.
const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// The document of a service.
pub(crate) struct Document(Value);

/// An operation of a document.
#[derive(Clone, Copy)]
pub(crate) struct Entry<'a> {
    document: &'a Document,
    pub(crate) path: &'a str,
    pub(crate) method: &'static str,
    item: &'a Value,
    operation: &'a Value,
}

impl Document {
    /// Reads the document of a service, and adds the emulator's own operations.
    pub(crate) fn load(service: Service) -> Result<Self, String> {
        let text = match service {
            Service::AtlasV2 => include_str!("../generated/atlas-v2.json"),
            Service::AtlasV1 => include_str!("../generated/atlas-v1.json"),
            Service::OpsManagerV1 => include_str!("../generated/ops-manager-v1.json"),
        };
        let read =
            |text| serde_json::from_str(text).map_err(|error| format!("invalid document: {error}"));
        let mut document: Value = read(text)?;
        let mut additional: Value = read(ADDITIONAL)?;
        for (path, method) in methods(&additional["paths"]) {
            let services = &additional["paths"][&path][method]["x-services"];
            let is_of_service = services
                .as_array()
                .is_none_or(|services| services.iter().any(|name| name == service.name()));
            if is_of_service {
                document["paths"][&path][method] = additional["paths"][&path][method].take();
            }
        }
        let schemas = additional["components"]["schemas"].as_object_mut();
        for (name, schema) in schemas.into_iter().flatten() {
            document["components"]["schemas"][name] = schema.take();
        }
        Ok(Self(document))
    }

    /// Returns the operations.
    pub(crate) fn entries(&self) -> impl Iterator<Item = Entry<'_>> {
        let paths = self.0["paths"].as_object().into_iter().flatten();
        paths.flat_map(move |(path, item)| {
            METHODS.into_iter().filter_map(move |method| {
                Some(Entry {
                    document: self,
                    path,
                    method,
                    item,
                    operation: item.get(method)?,
                })
            })
        })
    }

    /// Resolves the references of a schema, and translates OpenAPI's `nullable` to JSON Schema.
    /// Patterns are dropped: the services read addresses that those of their documents exclude.
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
                    .filter(|(name, value)| *name != "pattern" || !value.is_string())
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

    /// Follows one `$ref` within this document.
    fn resolve<'a>(&'a self, value: &'a Value) -> &'a Value {
        value["$ref"]
            .as_str()
            .and_then(|target| target.strip_prefix('#'))
            .map_or(value, |pointer| {
                self.0.pointer(pointer).unwrap_or(&Value::Null)
            })
    }
}

impl Entry<'_> {
    /// Returns the operation's id.
    pub(crate) fn id(&self) -> Result<&str, String> {
        let id = self.operation["operationId"].as_str();
        id.ok_or_else(|| format!("{} {} has no operationId", self.method, self.path))
    }

    pub(crate) fn level(&self) -> Level {
        Level::of_path(self.path)
    }

    pub(crate) fn responses(&self) -> &Value {
        &self.operation["responses"]
    }

    /// Returns the schema of the body without references, or `None` for an operation without one.
    pub(crate) fn body(&self) -> Result<Option<Value>, String> {
        let body = self.document.resolve(&self.operation["requestBody"]);
        if body.is_null() {
            return Ok(None);
        }
        let schema = &body["content"]["application/json"]["schema"];
        match self.document.resolve(schema) {
            Value::Null => Err(format!(
                "the document has no application/json body of {} {}",
                self.method, self.path
            )),
            schema => Ok(Some(self.document.inlined(schema, DEPTH))),
        }
    }

    pub(crate) fn query(&self) -> Vec<QueryParameter> {
        [self.item, self.operation]
            .into_iter()
            .flat_map(|holder| holder["parameters"].as_array().into_iter().flatten())
            .map(|parameter| self.document.resolve(parameter))
            .filter(|parameter| parameter["in"] == "query")
            .filter_map(|parameter| self.query_parameter(parameter))
            .collect()
    }

    fn query_parameter(&self, parameter: &Value) -> Option<QueryParameter> {
        let schema = self.document.resolve(&parameter["schema"]);
        let kind = match schema["type"].as_str() {
            Some("boolean") => QueryKind::Boolean,
            Some("integer") => QueryKind::Integer {
                minimum: schema["minimum"].as_i64().map(i128::from),
                maximum: schema["maximum"].as_i64().map(i128::from),
                default: schema["default"].as_u64(),
            },
            _ => QueryKind::Text,
        };
        Some(QueryParameter {
            name: parameter["name"].as_str()?.to_owned(),
            kind,
        })
    }

    pub(crate) fn versions(&self) -> Vec<String> {
        let named = self.operation["x-versions"].as_array();
        let named = named.into_iter().flatten().filter_map(Value::as_str);
        let mut versions: Vec<String> = named.map(str::to_owned).collect();
        if versions.is_empty() {
            versions.push(FIRST_VERSION.to_owned());
        }
        versions
    }
}

/// Returns the path and method of each operation.
fn methods(paths: &Value) -> Vec<(String, &'static str)> {
    let paths = paths.as_object().into_iter().flatten();
    paths
        .flat_map(|(path, item)| {
            let methods = METHODS.into_iter();
            methods
                .filter(|method| item.get(method).is_some())
                .map(|method| (path.clone(), method))
        })
        .collect()
}
