//! Refuses a secret that the generated types would show, or could not send.
//!
//! The overlay gives a secret the format `password`, of which the generator makes a type that
//! hides it. But its targets name types and fields, and a document may grow a new one.

use anyhow::{Result, ensure};
use heck::ToSnakeCase;
use serde_json::Value;

use crate::document::{escape, follow, references, resolve};

/// What the names of secrets end with.
const SECRETS: &[&str] = &[
    "credential",
    "passphrase",
    "passwd",
    "password",
    "secret",
    "token",
];

/// What makes a key a secret one.
const SECRET_KEYS: &[&str] = &["encryption", "private", "secret", "signing"];

/// Fails if a field of a lowered document is named like a secret and not marked as one, or if
/// a request has one that is marked.
pub fn check(lowered: &Value) -> Result<()> {
    shown(lowered, "", lowered)?;
    let items = lowered.get("paths").and_then(Value::as_object);
    for (path, item) in items.into_iter().flatten() {
        for (method, operation) in item.as_object().into_iter().flatten() {
            if let Some(body) = operation.get("requestBody") {
                let place = format!("/paths/{}/{method}/requestBody", escape(path));
                sent(body, &place, lowered)?;
            }
        }
    }
    Ok(())
}

/// Checks all fields below `value`.
fn shown(value: &Value, place: &str, document: &Value) -> Result<()> {
    match value {
        Value::Array(items) => items
            .iter()
            .enumerate()
            .try_for_each(|(index, item)| shown(item, &format!("{place}/{index}"), document)),
        Value::Object(object) => object.iter().try_for_each(|(key, value)| {
            let place = format!("{place}/{}", escape(key));
            for (name, field) in value.as_object().into_iter().flatten() {
                ensure!(
                    key != "properties"
                        || !is_secret(name)
                        || is_hidden(field, document, MAX_DEPTH),
                    "{place}/{}: named like a secret, and would be shown; \
                     give it `format: password` in openapi/overlay.yaml",
                    escape(name)
                );
            }
            shown(value, &place, document)
        }),
        _ => Ok(()),
    }
}

/// Returns whether a name is that of a secret, such as `privateKey` or `clientSecret`.
fn is_secret(name: &str) -> bool {
    let name = name.to_snake_case();
    let mut words = name.rsplit('_');
    let last = words.next().unwrap_or_default();
    let last = last.strip_suffix('s').unwrap_or(last);
    SECRETS.contains(&last) || last == "key" && words.any(|word| SECRET_KEYS.contains(&word))
}

/// The deepest chain of schemas inside each other that is looked into.
const MAX_DEPTH: usize = 100;

/// Returns whether a schema has no text, or only text that is marked as secret. The fields of
/// an object are checked by their own names.
fn is_hidden(schema: &Value, document: &Value, depth: usize) -> bool {
    let Some(depth) = depth.checked_sub(1) else {
        return false;
    };
    let Ok(schema) = follow(document, schema) else {
        return false;
    };
    let text = |key: &str| schema.get(key).and_then(Value::as_str).unwrap_or_default();
    let mut compositions = ["allOf", "anyOf", "oneOf"]
        .iter()
        .filter_map(|key| schema.get(key)?.as_array());
    match text("type") {
        "boolean" | "integer" | "number" => true,
        "string" => text("format") == "password",
        "array" => schema
            .get("items")
            .is_some_and(|items| is_hidden(items, document, depth)),
        _ if schema.get("properties").is_some() => true,
        _ => compositions
            .next()
            .is_some_and(|parts| parts.iter().all(|part| is_hidden(part, document, depth))),
    }
}

/// Checks a request and all schemas that it refers to.
fn sent(body: &Value, place: &str, document: &Value) -> Result<()> {
    let mut open = vec![body];
    let mut seen = Vec::new();
    while let Some(value) = open.pop() {
        ensure!(
            !has_password(value),
            "{place}: has a field of `format: password`, which is hidden when it is sent, too"
        );
        for (reference, _) in references(value, "") {
            if !seen.contains(&reference) {
                open.push(resolve(document, &reference)?);
                seen.push(reference);
            }
        }
    }
    Ok(())
}

fn has_password(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.iter().any(has_password),
        Value::Object(object) => {
            object
                .get("format")
                .is_some_and(|format| format == "password")
                || object.values().any(has_password)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn document(key: &Value) -> Value {
        json!({
            "paths": {"/keys": {"get": {"responses": {"200": {"content": {"application/json": {
                "schema": {"$ref": "#/components/schemas/Page"}
            }}}}}}},
            "components": {"schemas": {
                "Page": {"properties": {"results": {"items": {"$ref": "#/components/schemas/Key"}}}},
                "Key": key,
                "Hidden": {"type": "string", "format": "password"},
                "Open": {"type": "string"}
            }}
        })
    }

    #[test]
    fn what_is_named_like_a_secret_must_be_hidden() {
        let error = check(&document(
            &json!({"properties": {"privateKey": {"type": "string"}}}),
        ));
        assert_eq!(
            error.unwrap_err().to_string(),
            "/components/schemas/Key/properties/privateKey: named like a secret, and would be \
             shown; give it `format: password` in openapi/overlay.yaml"
        );
        let hidden = json!({"$ref": "#/components/schemas/Hidden"});
        let open = json!({"$ref": "#/components/schemas/Open"});
        for (schema, is_accepted) in [
            (json!({"type": "string", "format": "password"}), true),
            (hidden.clone(), true),
            (json!({"allOf": [hidden], "nullable": true}), true),
            (json!({"type": "array", "items": hidden}), true),
            (json!({"type": "boolean"}), true),
            (
                json!({"type": "object", "properties": {"id": {"type": "string"}}}),
                true,
            ),
            (json!({"type": "string"}), false),
            (open.clone(), false),
            (json!({"oneOf": [hidden, open]}), false),
            (json!({"type": "array", "items": open}), false),
            (
                json!({"type": "object", "additionalProperties": {"type": "string"}}),
                false,
            ),
            (json!({}), false),
        ] {
            for name in ["secret", "clientSecret", "accessTokens", "secretAccessKey"] {
                let key = json!({"allOf": [{"properties": {name: schema}}]});
                assert_eq!(
                    check(&document(&key)).is_ok(),
                    is_accepted,
                    "{name}: {schema}"
                );
            }
            let key = json!({"properties": {"publicKey": schema, "tokenUrl": schema}});
            assert!(check(&document(&key)).is_ok(), "{schema}");
        }
    }

    #[test]
    fn a_hidden_field_cannot_be_sent() {
        let mut document = document(&json!({"properties": {
            "code": {"$ref": "#/components/schemas/Hidden"}
        }}));
        assert!(check(&document).is_ok());
        document["paths"]["/keys"]["post"]["requestBody"]["content"]["application/json"] =
            json!({"schema": {"$ref": "#/components/schemas/Page"}});
        assert_eq!(
            check(&document).unwrap_err().to_string(),
            "/paths/~1keys/post/requestBody: has a field of `format: password`, which is hidden \
             when it is sent, too"
        );
    }
}
