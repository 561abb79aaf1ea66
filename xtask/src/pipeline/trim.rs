//! Cuts a document down to our operations and what they reach, without prose.
//!
//! Only facts stay: names, types, limits. Keys stay if they are on a list of known structure,
//! so that prose under an unknown key cannot slip in.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, bail};
use serde_json::{Map, Value, json};

use crate::{
    document::{escape, references, resolve},
    pipeline::services::Operation,
};

/// Keys of OpenAPI 3.0 that carry structure, in order.
const STRUCTURE: &[&str] = &[
    "$ref",
    "additionalProperties",
    "allOf",
    "allowEmptyValue",
    "allowReserved",
    "anyOf",
    "authorizationCode",
    "authorizationUrl",
    "bearerFormat",
    "clientCredentials",
    "content",
    "contentType",
    "default",
    "deprecated",
    "discriminator",
    "encoding",
    "enum",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "explode",
    "flows",
    "format",
    "headers",
    "implicit",
    "in",
    "items",
    "mapping",
    "maxItems",
    "maxLength",
    "maxProperties",
    "maximum",
    "minItems",
    "minLength",
    "minProperties",
    "minimum",
    "multipleOf",
    "name",
    "not",
    "nullable",
    "oneOf",
    "openIdConnectUrl",
    "operationId",
    "parameters",
    "password",
    "pattern",
    "properties",
    "propertyName",
    "readOnly",
    "refreshUrl",
    "requestBody",
    "required",
    "responses",
    "schema",
    "scheme",
    "scopes",
    "security",
    "servers",
    "style",
    "tokenUrl",
    "type",
    "uniqueItems",
    "url",
    "variables",
    "writeOnly",
];

/// Keys of OpenAPI 3.0 that requests and responses of ours do not depend on, in order: prose, what
/// only other formats than JSON have, and what the client does not follow.
pub const IRRELEVANT: &[&str] = &[
    "callbacks",
    "description",
    "example",
    "examples",
    "externalDocs",
    "links",
    "summary",
    "tags",
    "title",
    "xml",
];

/// Extensions that carry facts about an operation.
const EXTENSIONS: &[&str] = &[
    "x-rolesRequirements",
    "x-sunset",
    "x-xgen-method-verb-override",
    "x-xgen-operation-id-override",
    "x-xgen-preview",
    "x-xgen-version",
];

/// Keys whose values are maps with free names as keys.
const NAMED: &[&str] = &[
    "content",
    "encoding",
    "headers",
    "mapping",
    "parameters",
    "properties",
    "responses",
    "scopes",
    "variables",
];

/// Keys whose values are data, not structure to look into.
const DATA: &[&str] = &["default", "enum", "security"];

/// Keeps the `operations` below `base_path`, and everything they reach.
pub fn trim<'o>(
    document: &Value,
    base_path: &str,
    operations: impl IntoIterator<Item = &'o Operation>,
) -> Result<Value> {
    cut(document, base_path, operations, strip)
}

/// Like [`trim`], and also keeps keys that are on no list, so that a comparison sees them. They
/// may be prose, so they are not written to a file.
pub fn slice<'o>(
    document: &Value,
    base_path: &str,
    operations: impl IntoIterator<Item = &'o Operation>,
) -> Result<Value> {
    cut(document, base_path, operations, |value, named| {
        strip_with(value, named, true)
    })
}

fn cut<'o>(
    document: &Value,
    base_path: &str,
    operations: impl IntoIterator<Item = &'o Operation>,
    strip: impl Fn(&Value, bool) -> Value,
) -> Result<Value> {
    let mut paths = BTreeMap::<&str, Map<String, Value>>::new();
    for operation in operations {
        let found = operation.find(document, base_path)?;
        let item = paths.entry(found.path).or_default();
        item.insert(operation.method_key(), strip(found.value, false));
        for key in ["parameters", "servers"] {
            if let Some(shared) = found.item.get(key) {
                item.insert(key.to_owned(), strip(shared, false));
            }
        }
    }
    let paths: Value = paths.into_iter().collect();
    let mut components = reached(document, &paths, &strip)?;
    for scheme in security_schemes(document, &paths) {
        let reference = format!("#/components/securitySchemes/{}", escape(scheme));
        let value = resolve(document, &reference).context("/security")?;
        section(&mut components, "securitySchemes").insert(scheme.clone(), strip(value, false));
    }

    let mut trimmed = json!({
        "openapi": document.get("openapi"),
        "info": {
            "title": document.pointer("/info/title"),
            "version": document.pointer("/info/version"),
        },
    });
    trimmed["paths"] = paths;
    trimmed["components"] = components.into();
    if let Some(servers) = document.get("servers") {
        trimmed["servers"] = strip(servers, false);
    }
    if let Some(security) = document.get("security") {
        trimmed["security"] = security.clone();
    }
    Ok(trimmed)
}

/// Returns the names of the security schemes of the document or one of `paths`.
fn security_schemes<'a>(document: &'a Value, paths: &'a Value) -> BTreeSet<&'a String> {
    let operations = paths
        .as_object()
        .into_iter()
        .flat_map(Map::values)
        .filter_map(Value::as_object)
        .flat_map(Map::values);
    operations
        .chain([document])
        .filter_map(|value| value.get("security")?.as_array())
        .flatten()
        .filter_map(Value::as_object)
        .flat_map(Map::keys)
        .collect()
}

/// Copies a value without prose. In a `named` map every key is a name and stays.
fn strip(value: &Value, named: bool) -> Value {
    strip_with(value, named, false)
}

fn strip_with(value: &Value, named: bool, keep_unknown: bool) -> Value {
    let strip = |value, named| strip_with(value, named, keep_unknown);
    let is_unknown = |key: &str| !key.starts_with("x-") && IRRELEVANT.binary_search(&key).is_err();
    match value {
        Value::Array(items) => items.iter().map(|item| strip(item, named)).collect(),
        Value::Object(object) => {
            let mut kept = Map::new();
            for (key, value) in object {
                if named || STRUCTURE.binary_search(&key.as_str()).is_ok() {
                    let mut value = if !named && DATA.contains(&key.as_str()) {
                        value.clone()
                    } else {
                        strip(
                            value,
                            !named && value.is_object() && NAMED.contains(&key.as_str()),
                        )
                    };
                    if !named && key == "responses" {
                        value
                            .as_object_mut()
                            .into_iter()
                            .flat_map(Map::values_mut)
                            .for_each(describe);
                    }
                    kept.insert(key.clone(), value);
                } else if EXTENSIONS.contains(&key.as_str()) || keep_unknown && is_unknown(key) {
                    kept.insert(key.clone(), value.clone());
                }
            }
            Value::Object(kept)
        }
        plain => plain.clone(),
    }
}

/// Gives a response the description that OpenAPI requires: an empty one.
fn describe(response: &mut Value) {
    if let Some(response) = response.as_object_mut()
        && !response.contains_key("$ref")
    {
        response.insert("description".to_owned(), json!(""));
    }
}

/// Returns the components that `paths` refers to, directly or indirectly.
fn reached(
    document: &Value,
    paths: &Value,
    strip: impl Fn(&Value, bool) -> Value,
) -> Result<Map<String, Value>> {
    let mut components = Map::new();
    let mut seen = BTreeSet::new();
    let mut open = references(paths, "/paths");
    while let Some((reference, place)) = open.pop() {
        if !seen.insert(reference.clone()) {
            continue;
        }
        let component = resolve(document, &reference).with_context(|| place.clone())?;
        let Some((kind, name)) = component_of(&reference) else {
            bail!("{place}: $ref '{reference}' is not to a component");
        };
        let mut component = strip(component, false);
        if kind == "responses" {
            describe(&mut component);
        }
        open.extend(references(
            &component,
            &format!("/components/{kind}/{name}"),
        ));
        section(&mut components, kind)
            .insert(name.replace("~1", "/").replace("~0", "~"), component);
    }
    Ok(components)
}

fn component_of(reference: &str) -> Option<(&str, &str)> {
    let (kind, name) = reference.strip_prefix("#/components/")?.split_once('/')?;
    (!name.contains('/')).then_some((kind, name))
}

fn section<'a>(components: &'a mut Map<String, Value>, kind: &str) -> &'a mut Map<String, Value> {
    components
        .entry(kind)
        .or_insert_with(|| json!({}))
        .as_object_mut()
        .expect("sections are made here, as objects")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::pipeline::services::Effect;

    fn operation() -> Operation {
        Operation {
            method: "PATCH".to_owned(),
            path: "/keys/{id}".to_owned(),
            effect: Effect::Set,
            body: None,
            response: None,
            error: None,
        }
    }

    fn document() -> Value {
        json!({
            "openapi": "3.0.1",
            "info": {"title": "T", "version": "1", "description": "prose"},
            "servers": [{"url": "https://example.com", "description": "prose"}],
            "paths": {
                "/api/keys/{keyId}": {
                    "get": {"summary": "prose", "responses": {}},
                    "patch": {
                        "description": "prose",
                        "operationId": "patchKey",
                        "x-notes": "prose",
                        "x-rolesRequirements": ["Owner"],
                        "responses": {"200": {
                            "description": "prose",
                            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Key"}, "example": "prose"}}
                        }}
                    }
                },
                "/api/other": {"get": {"responses": {}}}
            },
            "components": {"schemas": {
                "Key": {"type": "object", "properties": {
                    "description": {"type": "string", "description": "prose", "default": "d"},
                    "parent": {"$ref": "#/components/schemas/Key"}
                }},
                "Unreached": {"type": "string"}
            }}
        })
    }

    #[test]
    fn keeps_structure_and_drops_prose() {
        let trimmed = trim(&document(), "/api", [&operation()]).unwrap();
        insta::assert_snapshot!(crate::document::to_yaml(&trimmed).unwrap());
    }

    #[test]
    fn names_the_place_of_a_dangling_reference() {
        let mut document = document();
        document["components"]["schemas"]["Key"]["properties"]["parent"]["$ref"] =
            json!("#/components/schemas/Gone");
        let error = trim(&document, "/api", [&operation()]).unwrap_err();
        assert_eq!(
            format!("{error:#}"),
            "/components/schemas/Key/properties/parent/$ref: \
             $ref '#/components/schemas/Gone' leads nowhere"
        );
    }

    #[test]
    fn names_a_missing_operation() {
        let error = trim(&document(), "/api/v9", [&operation()]).unwrap_err();
        assert_eq!(error.to_string(), "/paths: no path /api/v9/keys/{id}");
    }

    #[test]
    fn the_list_of_keys_is_in_order() {
        assert!(STRUCTURE.is_sorted() && IRRELEVANT.is_sorted());
    }
}
