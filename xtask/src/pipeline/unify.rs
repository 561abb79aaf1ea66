//! Proves that the services have one wire shape, and turns the differences into data.
//!
//! Services may differ in optional parameters and fields, in what they require, and in limits,
//! defaults and lists of values. Those go into the catalog. Any other difference is an error.

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Map, Value, json};

use crate::{
    document::{escape, follow_to},
    pipeline::rename::VERSIONS,
    pipeline::services::Services,
};

/// One document for all services, and their differences.
pub struct Unified {
    /// The document to generate from.
    pub document: Value,
    /// The services with their data, in the order given.
    pub catalog: Vec<ServiceEntry>,
}

/// A service in the catalog.
pub struct ServiceEntry {
    /// Our name for it.
    pub name: String,
    /// The operations it has.
    pub operations: Vec<OperationEntry>,
}

/// An operation in the catalog.
pub struct OperationEntry {
    /// Our name for it.
    pub id: String,
    /// The dates of its versions.
    pub versions: Vec<String>,
    /// Its query parameters.
    pub query: Vec<Field>,
    /// The fields of its body.
    pub body: Vec<Field>,
}

/// A parameter or field in the catalog.
pub struct Field {
    /// The name that the services use.
    pub name: String,
    /// Whether it is required.
    pub required: bool,
    /// The lower limit, of the value or its length.
    pub min: Option<u64>,
    /// The upper limit.
    pub max: Option<u64>,
    /// The listed values.
    pub values: Vec<String>,
}

/// Unifies the named documents, each with its service's name.
pub fn unify(documents: &[(&str, Value)], services: &Services) -> Result<Unified> {
    let ((first_name, first), others) = documents.split_first().context("no services")?;
    let mut document = json!({
        "openapi": first["openapi"],
        "info": first["info"],
        "paths": first["paths"],
        "components": { "schemas": first["components"]["schemas"] },
    });
    for (name, other) in others {
        let mut merger = Merger {
            left: first_name,
            right: name,
        };
        for part in ["/paths", "/components/schemas"] {
            let target = document.pointer_mut(part).context("made above")?;
            merger.merge(
                target,
                &other.pointer(part).cloned().unwrap_or_default(),
                part,
            )?;
        }
    }
    let catalog = documents
        .iter()
        .map(|(name, document)| entry(name, document, services).with_context(|| (*name).to_owned()))
        .collect::<Result<_>>()?;
    Ok(Unified { document, catalog })
}

/// Keys about values, not about their shape.
const DATA: &[&str] = &[
    "default",
    "description",
    "enum",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "maxItems",
    "maxLength",
    "maxProperties",
    "maximum",
    "minItems",
    "minLength",
    "minProperties",
    "minimum",
    "pattern",
    "readOnly",
    "summary",
    "deprecated",
    "headers",
    "additionalProperties",
];

struct Merger<'a> {
    left: &'a str,
    right: &'a str,
}

impl Merger<'_> {
    /// Merges `right` into `left`, which must have the same shape.
    fn merge(&mut self, left: &mut Value, right: &Value, place: &str) -> Result<()> {
        match (left, right) {
            (Value::Object(left), Value::Object(right)) => self.objects(left, right, place),
            (left, right) if left == right => Ok(()),
            (left, right) => bail!(
                "{place}: {} has {left}, {} has {right}",
                self.left,
                self.right
            ),
        }
    }

    fn objects(
        &mut self,
        left: &mut Map<String, Value>,
        right: &Map<String, Value>,
        place: &str,
    ) -> Result<()> {
        let names = place.ends_with("/properties")
            || place.ends_with("/schemas")
            || place.ends_with("/responses");
        let keys: Vec<String> = left.keys().chain(right.keys()).cloned().collect();
        for key in keys {
            let below = format!("{place}/{key}");
            match (left.get_mut(&key), right.get(&key)) {
                (Some(one), Some(other)) if names => self.merge(one, other, &below)?,
                // One of them lacks the field, so it is optional.
                (Some(_), None) if names => {}
                (None, Some(other)) if names => {
                    left.insert(key, other.clone());
                }
                _ if key.starts_with("x-") || DATA.contains(&key.as_str()) => {}
                (one, other) if key == "nullable" => {
                    let either = is_true(one.as_deref()) || is_true(other);
                    left.insert(key, either.into());
                }
                (one, other)
                    if key == "required"
                        && !other.or(one.as_deref()).is_some_and(Value::is_boolean) =>
                {
                    let both = both(one.as_deref(), other);
                    left.insert(key, both);
                }
                (one, other) if key == "parameters" => {
                    let (one, other) = (list(one.as_deref()), list(other));
                    let merged = self.parameters(one, other, &below)?;
                    left.insert(key, merged);
                }
                (Some(one), Some(other)) => self.merge(one, other, &below)?,
                (Some(value), None) => bail!(
                    "{below}: {} has {value}, {} has none",
                    self.left,
                    self.right
                ),
                (None, Some(value)) => bail!(
                    "{below}: {} has none, {} has {value}",
                    self.left,
                    self.right
                ),
                (None, None) => {}
            }
        }
        Ok(())
    }

    fn parameters(&mut self, left: &[Value], right: &[Value], place: &str) -> Result<Value> {
        let mut merged = left.to_vec();
        for other in right {
            let same = |one: &&mut Value| one["in"] == other["in"] && one["name"] == other["name"];
            let below = format!("{place}/{}", other["name"].as_str().unwrap_or_default());
            match merged.iter_mut().find(same) {
                Some(one) => {
                    let optional = !is_true(one.get("required")) || !is_true(other.get("required"));
                    self.merge(&mut one["schema"], &other["schema"], &below)?;
                    if optional && let Some(one) = one.as_object_mut() {
                        one.remove("required");
                    }
                }
                None => {
                    ensure!(other["in"] == "query", "{below}: {} has none", self.left);
                    merged.push(other.clone());
                }
            }
        }
        Ok(merged.into())
    }
}

fn is_true(value: Option<&Value>) -> bool {
    value == Some(&Value::Bool(true))
}

fn list(value: Option<&Value>) -> &[Value] {
    value
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default()
}

fn both(one: Option<&Value>, other: Option<&Value>) -> Value {
    let other = list(other);
    list(one)
        .iter()
        .filter(|name| other.contains(name))
        .cloned()
        .collect()
}

fn entry(name: &str, document: &Value, services: &Services) -> Result<ServiceEntry> {
    let operations = services
        .operations
        .iter()
        .map(|(id, operation)| {
            let found = operation.find(document, "")?.value;
            let versions = list(found.get(VERSIONS))
                .iter()
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect();
            Ok(OperationEntry {
                id: id.clone(),
                versions,
                query: query(found).with_context(|| id.clone())?,
                body: body(found, document)?,
            })
        })
        .collect::<Result<_>>()?;
    Ok(ServiceEntry {
        name: name.to_owned(),
        operations,
    })
}

/// Returns the query parameters of an operation.
fn query(operation: &Value) -> Result<Vec<Field>> {
    list(operation.get("parameters"))
        .iter()
        .filter(|parameter| parameter["in"] == "query")
        .map(|parameter| {
            let name = parameter["name"].as_str().unwrap_or_default();
            let required = is_true(parameter.get("required"));
            let place = format!("parameter {name}");
            field(name, &parameter["schema"], required, &place)
        })
        .collect()
}

/// Returns the fields of an operation's body. Those of a list are those of its items.
fn body(operation: &Value, document: &Value) -> Result<Vec<Field>> {
    let Some(mut schema) = operation.pointer("/requestBody/content/application~1json/schema")
    else {
        return Ok(Vec::new());
    };
    let mut place = String::new();
    // The body and, if it is a list, its items.
    for _ in 0..2 {
        let (target, pointer) = follow_to(document, schema)?;
        place = pointer.unwrap_or(place);
        schema = target.get("items").unwrap_or(target);
    }
    let required = list(schema.get("required"));
    let properties = schema.get("properties").and_then(Value::as_object);
    properties
        .into_iter()
        .flatten()
        .map(|(name, schema)| {
            let place = format!("{place}/properties/{}", escape(name));
            field(name, schema, required.contains(&json!(name)), &place)
        })
        .collect()
}

fn field(name: &str, schema: &Value, required: bool, place: &str) -> Result<Field> {
    let find = |keys: [&str; 3]| keys.iter().find_map(|key| schema.get(key)?.as_f64());
    let exclusive = |key: &str| if is_true(schema.get(key)) { 1 } else { 0 };
    let min = find(["minimum", "minLength", "minItems"]);
    let max = find(["maximum", "maxLength", "maxItems"]);
    let list = schema
        .get("items")
        .filter(|items| items.get("enum").is_some());
    let values = match list {
        Some(items) => values(items, &format!("{place}/items")),
        None => values(schema, place),
    }?;
    Ok(Field {
        name: name.to_owned(),
        required,
        min: min.map(|min| whole(min.ceil()) + exclusive("exclusiveMinimum")),
        max: max.map(|max| whole(max.floor()).saturating_sub(exclusive("exclusiveMaximum"))),
        values,
    })
}

/// Returns a limit of what is never negative, whether it is written `250` or `250.0`.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the conversion saturates, as a limit should"
)]
fn whole(limit: f64) -> u64 {
    limit as u64
}

/// Returns the listed values. The client never sends null; other values must have the type.
fn values(schema: &Value, place: &str) -> Result<Vec<String>> {
    let is_text = schema.get("type").is_none_or(|kind| kind == "string");
    let mut values = Vec::new();
    for (index, value) in list(schema.get("enum")).iter().enumerate() {
        match value {
            Value::String(text) => values.push(text.clone()),
            Value::Null if is_true(schema.get("nullable")) => {}
            other if is_text => {
                bail!("{place}/enum/{index}: {other} is not a string, as its type says")
            }
            other => values.push(other.to_string()),
        }
    }
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn services() -> Services {
        toml::from_str(
            r#"
            title = "T"
            types = {}
            roles = {}
            services = {}
            [operations.patch_key]
            method = "PATCH"
            effect = "set"
            path = "/keys/{id}"
            body = "Update"
            "#,
        )
        .unwrap()
    }

    fn document(limit: u64, fields: &Value) -> Value {
        json!({
            "openapi": "3.0.3",
            "info": {"title": "T", "version": "1"},
            "paths": {"/keys/{id}": {"patch": {
                "operationId": "patch_key",
                "x-versions": [],
                "parameters": [
                    {"in": "path", "name": "id", "required": true, "schema": {"type": "string"}},
                    {"in": "query", "name": "page", "schema": {"type": "integer", "maximum": limit}}
                ],
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Update"}}}},
                "responses": {"200": {"description": ""}}
            }}},
            "components": {"schemas": {"Update": {"type": "object", "required": ["a"], "properties": fields}}}
        })
    }

    #[test]
    fn what_may_differ_becomes_data() {
        let one = document(100, &json!({"a": {"type": "string", "enum": ["X"]}}));
        let other = document(
            500,
            &json!({"a": {"type": "string", "maxLength": 9}, "b": {"type": "string"}}),
        );
        let unified = unify(&[("one", one), ("two", other)], &services()).unwrap();
        let fields = |entry: &ServiceEntry| {
            let operation = &entry.operations[0];
            let all = operation.query.iter().chain(&operation.body);
            let line = |field: &Field| {
                format!(
                    "{} {} {:?}..{:?} {:?}",
                    field.name, field.required, field.min, field.max, field.values
                )
            };
            format!(
                "{}: {}",
                entry.name,
                all.map(line).collect::<Vec<_>>().join("; ")
            )
        };
        let catalog: Vec<_> = unified.catalog.iter().map(fields).collect();
        insta::assert_snapshot!(format!(
            "{}\n\n{}",
            catalog.join("\n"),
            crate::document::to_yaml(&unified.document["components"]).unwrap()
        ));
    }

    #[test]
    fn the_fields_of_a_list_are_those_of_its_items() {
        let mut document = document(
            1,
            &json!({"a": {"type": "string", "maxLength": 9}, "b": {"type": "string"}}),
        );
        let reference = |name: &str| json!({"$ref": format!("#/components/schemas/{name}")});
        document["components"]["schemas"]["List"] =
            json!({"type": "array", "items": reference("Update")});
        document["paths"]["/keys/{id}"]["patch"]["requestBody"]["content"]["application/json"]["schema"] =
            reference("List");
        let unified = unify(&[("one", document)], &services()).unwrap();
        let fields: Vec<_> = unified.catalog[0].operations[0]
            .body
            .iter()
            .map(|field| (field.name.as_str(), field.required, field.max))
            .collect();
        assert_eq!(fields, [("a", true, Some(9)), ("b", false, None)]);
    }

    #[test]
    fn another_type_stops_the_build() {
        let one = document(1, &json!({"a": {"type": "string"}}));
        let other = document(1, &json!({"a": {"type": "integer"}}));
        let Err(error) = unify(&[("one", one), ("two", other)], &services()) else {
            panic!("the types differ");
        };
        assert_eq!(
            error.to_string(),
            "/components/schemas/Update/properties/a/type: one has \"string\", two has \"integer\""
        );
    }
}
