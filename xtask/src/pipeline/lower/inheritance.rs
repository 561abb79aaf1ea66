//! Resolves inheritance. Documents write it both ways at once: a base lists its children
//! under `oneOf`, and each child has the base under `allOf`. The generator would merge the two
//! without end.
//!
//! Afterwards a child has all fields itself, and a base is a choice of its children.

use std::{collections::BTreeMap, rc::Rc};

use serde_json::{Map, Value};

use crate::{document::component, pipeline::lower::SCHEMAS};

/// Resolves the inheritance between the schemas of `document`.
pub(crate) fn flatten(document: &mut Value) {
    let Some(Value::Object(schemas)) = document.pointer_mut(SCHEMAS) else {
        return;
    };
    let mut known = Known::new();
    for name in schemas.keys() {
        fields_of(schemas, name, &mut known);
    }
    for (name, schema) in schemas {
        let Some(schema) = schema.as_object_mut() else {
            continue;
        };
        if let Some(Some(fields)) = known.get(name) {
            take_over(schema, fields);
        }
        leave_to_children(schema, &known);
    }
}

/// The fields of an object, including those of its bases.
#[derive(Default)]
struct Fields {
    properties: Map<String, Value>,
    required: Vec<Value>,
}

/// The fields of each schema seen so far; `None` for a schema with other parts, or one that
/// is its own base.
type Known = BTreeMap<String, Option<Rc<Fields>>>;

fn fields_of(schemas: &Map<String, Value>, name: &str, known: &mut Known) -> Option<Rc<Fields>> {
    if let Some(fields) = known.get(name) {
        return fields.clone();
    }
    known.insert(name.to_owned(), None);
    let fields = collect(schemas, name, schemas.get(name)?, known);
    known.insert(name.to_owned(), fields.clone());
    fields
}

fn collect(
    schemas: &Map<String, Value>,
    name: &str,
    schema: &Value,
    known: &mut Known,
) -> Option<Rc<Fields>> {
    let schema = schema.as_object()?;
    let is_object = schema.get("type").is_some_and(|kind| kind == "object");
    let has_parts = ["properties", "allOf"]
        .iter()
        .any(|key| schema.contains_key(*key));
    let has_others = ["anyOf", "not", "additionalProperties"]
        .iter()
        .any(|key| schema.contains_key(*key));
    if !(is_object || has_parts) || has_others {
        return None;
    }
    let mut fields = Fields::default();
    for part in list(schema, "allOf") {
        let part = match reference(part) {
            Some(base) if is_base_of(schemas.get(&base)?, name) => {
                fields_of(schemas, &base, known)?
            }
            Some(_) => return None,
            None if part.get("oneOf").is_some() => return None,
            None => collect(schemas, name, part, known)?,
        };
        fields.properties.extend(part.properties.clone());
        fields.required.extend_from_slice(&part.required);
    }
    if let Some(Value::Object(properties)) = schema.get("properties") {
        fields.properties.extend(properties.clone());
    }
    fields.required.extend_from_slice(list(schema, "required"));
    Some(Rc::new(fields))
}

/// Returns whether `child` inherits from `schema`: it is listed among the children, or no
/// children are listed.
fn is_base_of(schema: &Value, child: &str) -> bool {
    match schema.get("oneOf") {
        Some(Value::Array(children)) => children
            .iter()
            .any(|listed| reference(listed).as_deref() == Some(child)),
        _ => true,
    }
}

/// Returns the name of the schema that `value` refers to.
fn reference(value: &Value) -> Option<String> {
    value
        .get("$ref")
        .and_then(Value::as_str)
        .and_then(component)
}

/// Gives a child the fields of its bases, overridden by its own.
fn take_over(schema: &mut Map<String, Value>, fields: &Fields) {
    if schema.remove("allOf").is_none() {
        return;
    }
    schema.insert("type".to_owned(), "object".into());
    schema.insert("properties".to_owned(), fields.properties.clone().into());
    if !fields.required.is_empty() {
        schema.insert("required".to_owned(), fields.required.clone().into());
    }
}

/// Removes a base's requirement of fields that all children have.
fn leave_to_children(schema: &mut Map<String, Value>, known: &Known) {
    let Some(Value::Object(properties)) = schema.get("properties") else {
        return;
    };
    let children = list(schema, "oneOf");
    let has_all = |child: &Value| {
        let fields = reference(child).and_then(|name| known.get(&name)?.as_ref());
        fields.is_some_and(|fields| {
            properties
                .keys()
                .all(|name| fields.properties.contains_key(name))
        })
    };
    if !children.is_empty() && children.iter().all(has_all) {
        schema.remove("properties");
        schema.remove("required");
    }
}

fn list<'a>(schema: &'a Map<String, Value>, key: &str) -> &'a [Value] {
    match schema.get(key) {
        Some(Value::Array(items)) => items,
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn flattened(schemas: Value) -> String {
        let mut document = json!({"components": {"schemas": schemas}});
        flatten(&mut document);
        crate::document::to_yaml(&document["components"]["schemas"]).unwrap()
    }

    #[test]
    fn children_have_all_fields_and_a_base_is_a_choice_of_children() {
        insta::assert_snapshot!(flattened(json!({
            "Pet": {
                "type": "object",
                "required": ["name"],
                "properties": {"name": {"type": "string"}, "size": {"type": "string"}},
                "oneOf": [{"$ref": "#/components/schemas/Cat"}, {"$ref": "#/components/schemas/Dog"}]
            },
            "Cat": {"allOf": [{"$ref": "#/components/schemas/Pet"}, {"properties": {"size": {"type": "integer"}}}]},
            "Dog": {"type": "object", "required": ["bark"], "allOf": [{"$ref": "#/components/schemas/Pet"}]}
        })));
    }

    #[test]
    fn what_is_no_inheritance_stays() {
        insta::assert_snapshot!(flattened(json!({
            "Loop": {"allOf": [{"$ref": "#/components/schemas/Loop"}, {"properties": {"a": {}}}]},
            "Map": {"allOf": [{"type": "object", "additionalProperties": {}}]},
            "Either": {"allOf": [{"$ref": "#/components/schemas/Partial"}]},
            "Partial": {"properties": {"a": {}}, "oneOf": [{"$ref": "#/components/schemas/Loop"}]}
        })));
    }
}
