//! Lowers a unified document to what the generator accepts, and so that the generated types
//! read leniently.
//!
//! Generated code does not decode errors, so only successes stay. Limits, patterns, defaults
//! and lists of values are removed: requests are checked against the catalog, and responses
//! are not checked at all. A field that may be absent may also be null; no other may.

mod inheritance;

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::document::{escape, references};

/// The keys that are removed, in order.
const DROPPED: &[&str] = &[
    "default",
    "deprecated",
    "discriminator",
    "enum",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "headers",
    "maxItems",
    "maxLength",
    "maxProperties",
    "maximum",
    "minItems",
    "minLength",
    "minProperties",
    "minimum",
    "nullable",
    "pattern",
    "readOnly",
    "security",
    "servers",
    "tags",
    "uniqueItems",
    "writeOnly",
];

/// The location of schemas.
pub(crate) const SCHEMAS: &str = "/components/schemas";

/// Lowers a whole document.
pub fn lower(document: &Value) -> Value {
    let mut lowered = document.clone();
    inheritance::flatten(&mut lowered);
    for (_, item) in entries(&mut lowered, "/paths") {
        for (_, operation) in item.as_object_mut().into_iter().flatten() {
            successes_only(operation);
            drop_media_without_schema(operation);
            lower_below(operation);
        }
    }
    for (_, schema) in entries(&mut lowered, SCHEMAS) {
        lower_below(schema);
    }
    drop_unreached(&mut lowered);
    lowered
}

/// Removes schemas without references to them.
fn drop_unreached(document: &mut Value) {
    let mut reached = BTreeSet::new();
    let mut open = document
        .get("paths")
        .map(|paths| references(paths, ""))
        .unwrap_or_default();
    while let Some((reference, _)) = open.pop() {
        if let Some(schema) = document.pointer(reference.trim_start_matches('#'))
            && reached.insert(reference)
        {
            open.extend(references(schema, ""));
        }
    }
    if let Some(schemas) = document.pointer_mut(SCHEMAS).and_then(Value::as_object_mut) {
        schemas.retain(|name, _| reached.contains(&format!("#{SCHEMAS}/{}", escape(name))));
    }
}

fn entries<'a>(
    document: &'a mut Value,
    pointer: &str,
) -> impl Iterator<Item = (&'a String, &'a mut Value)> {
    document
        .pointer_mut(pointer)
        .and_then(Value::as_object_mut)
        .into_iter()
        .flatten()
}

fn successes_only(operation: &mut Value) {
    if let Some(responses) = operation
        .get_mut("responses")
        .and_then(Value::as_object_mut)
    {
        responses.retain(|status, _| status.starts_with('2'));
        keep_one_success(responses);
    }
}

/// Keeps the first of several kinds of success: the generator has one type for all of them.
fn keep_one_success(responses: &mut Map<String, Value>) {
    let first = responses
        .values()
        .find_map(|response| response.get("content"))
        .cloned();
    responses.retain(|_, response| response.get("content") == first.as_ref());
}

/// Removes content without a schema, which the generator requires.
fn drop_media_without_schema(operation: &mut Value) {
    let responses = entries(operation, "/responses").map(|(_, response)| response);
    for holder in responses {
        let Some(object) = holder.as_object_mut() else {
            continue;
        };
        if let Some(Value::Object(content)) = object.get_mut("content") {
            content.retain(|_, media| media.get("schema").is_some());
            if content.is_empty() {
                object.remove("content");
            }
        }
    }
}

/// Removes formats of strings: a date in another notation must not make a response
/// unreadable. `password` stays, since it marks secrets.
fn drop_format_of_text(schema: &mut Map<String, Value>) {
    let is_text = schema.get("type").is_some_and(|kind| kind == "string");
    let is_kept = schema
        .get("format")
        .is_some_and(|format| format == "password");
    if is_text && !is_kept {
        schema.remove("format");
    }
}

/// Merges types that differed only in their lists of values.
fn merge_equal_alternatives(schema: &mut Map<String, Value>) {
    let Some(Value::Array(alternatives)) = schema.get_mut("oneOf") else {
        return;
    };
    let mut different = Vec::new();
    for alternative in std::mem::take(alternatives) {
        if !different.contains(&alternative) {
            different.push(alternative);
        }
    }
    match different.as_slice() {
        [Value::Object(only)] => {
            let only = only.clone();
            schema.remove("oneOf");
            schema.extend(only);
        }
        _ => *alternatives = different,
    }
}

fn lower_below(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(lower_below),
        Value::Object(object) => {
            object.retain(|key, _| {
                DROPPED.binary_search(&key.as_str()).is_err() && !key.starts_with("x-")
            });
            for (key, value) in object.iter_mut() {
                if key == "properties" {
                    value
                        .as_object_mut()
                        .into_iter()
                        .flat_map(Map::values_mut)
                        .for_each(lower_below);
                } else {
                    lower_below(value);
                }
            }
            open_optional_fields(object);
            drop_format_of_text(object);
            merge_equal_alternatives(object);
            if object.get("additionalProperties") == Some(&Value::Bool(false)) {
                object.remove("additionalProperties");
            }
        }
        _ => {}
    }
}

/// Lets each optional field be null.
fn open_optional_fields(schema: &mut Map<String, Value>) {
    let required: Vec<Value> = match schema.get("required") {
        Some(Value::Array(required)) => required.clone(),
        _ => Vec::new(),
    };
    let Some(Value::Object(fields)) = schema.get_mut("properties") else {
        return;
    };
    for (name, field) in fields {
        if !required.contains(&Value::from(name.as_str())) {
            make_nullable(field);
        }
    }
}

fn make_nullable(field: &mut Value) {
    let Some(object) = field.as_object_mut() else {
        return;
    };
    match object.remove("$ref") {
        // Keys beside a reference are ignored, so it moves one level down.
        Some(reference) => {
            object.insert(
                "allOf".to_owned(),
                serde_json::json!([{ "$ref": reference }]),
            );
        }
        None if object.is_empty() => return,
        None => {}
    }
    object.insert("nullable".to_owned(), true.into());
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn opens_what_is_read_and_drops_what_is_checked_elsewhere() {
        let lowered = lower(&json!({
            "openapi": "3.0.3",
            "paths": {"/keys": {"patch": {
                "x-versions": ["2023-01-01"],
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Update"}}}},
                "responses": {
                    "200": {"description": "", "headers": {"X": {}}},
                    "404": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}}
                }
            }}},
            "components": {"schemas": {
                "Update": {
                    "type": "object",
                    "additionalProperties": false,
                    "required": ["id"],
                    "properties": {
                        "id": {"type": "string", "pattern": "^x$"},
                        "default": {"type": "string", "default": "d", "maxLength": 3},
                        "names": {"type": "array", "items": {"type": "string", "nullable": true, "enum": ["A"]}},
                        "other": {"$ref": "#/components/schemas/Other"}
                    }
                },
                "Other": {"type": "object", "nullable": true},
                "Error": {"type": "object"}
            }}
        }));
        insta::assert_snapshot!(crate::document::to_yaml(&lowered).unwrap());
    }

    #[test]
    fn changes_what_the_generator_refuses() {
        let media = |schema: &Value| json!({"content": {"application/json": {"schema": schema}}});
        let path = |responses: Value| json!({"get": {"responses": responses}});
        let choice = json!({"oneOf": [
            {"type": "string", "enum": ["A"]},
            {"type": "string", "enum": ["B"]}
        ]});
        let lowered = lower(&json!({
            "paths": {
                "/announced-only": path(json!({"204": {"description": "", "content": {"application/json": {}}}})),
                "/two-successes": path(json!({
                    "200": media(&json!({"type": "string", "format": "date-time"})),
                    "201": media(&json!({"type": "string", "format": "date-time"})),
                    "204": {"description": ""}
                })),
                "/equal-alternatives": path(json!({"200": media(&choice)})),
                "/secret": path(json!({"200": media(&json!({"type": "string", "format": "password"}))}))
            }
        }));
        insta::assert_snapshot!(crate::document::to_yaml(&lowered).unwrap());
    }

    #[test]
    fn the_list_of_keys_is_in_order() {
        assert!(DROPPED.is_sorted());
    }
}
