//! Gives operations, parameters and types the names of `services.toml`, whatever the document
//! calls them.
//!
//! The result has paths without the base path, one media type, references to
//! schemas only, and each schema once under its name. What it took off is kept
//! as data: the dates of an operation's versions stand in `x-versions`.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, ensure};
use serde_json::{Map, Value, json};

use crate::{
    document::{component, escape, follow, resolve},
    pipeline::services::{Operation, Service, Services, date, parameters},
};

/// Where a named operation keeps the dates of its versions.
pub const VERSIONS: &str = "x-versions";

/// Names everything in the trimmed `document` of `service`.
pub fn rename(document: &Value, service: &Service, services: &Services) -> Result<Value> {
    let mut namer = Namer {
        document,
        services,
        schemas: BTreeMap::new(),
        done: BTreeSet::new(),
        visits: 0,
    };
    let mut paths = BTreeMap::<&str, Map<String, Value>>::new();
    for (id, operation) in &services.operations {
        let named = namer
            .operation(id, operation, service)
            .with_context(|| id.clone())?;
        paths
            .entry(&operation.path)
            .or_default()
            .insert(operation.method_key(), named);
    }
    let mut named = json!({
        "openapi": "3.0.3",
        "info": { "title": services.title, "version": document.pointer("/info/version") },
        "components": {},
    });
    named["paths"] = paths.into_iter().collect();
    named["components"]["schemas"] = namer.schemas.into_iter().collect();
    for key in ["servers", "security"] {
        if let Some(value) = document.get(key) {
            named[key] = value.clone();
        }
    }
    if let Some(schemes) = document.pointer("/components/securitySchemes") {
        named["components"]["securitySchemes"] = schemes.clone();
    }
    Ok(named)
}

/// A reference, and what the schema behind it is to be called.
type Open = (String, Option<String>);

/// A document that repeats itself this often, by references to references, is
/// made to explode.
const MAX_VISITS: usize = 200_000;

/// The deepest chain of references that the stack has room for.
const MAX_DEPTH: usize = 100;

struct Namer<'a> {
    document: &'a Value,
    services: &'a Services,
    schemas: BTreeMap<String, Value>,
    /// The references that are in `schemas`.
    done: BTreeSet<Open>,
    /// The number of visits to schemas, including repeated ones.
    visits: usize,
}

impl Namer<'_> {
    fn operation(&mut self, id: &str, operation: &Operation, service: &Service) -> Result<Value> {
        let found = operation.find(self.document, &service.base_path)?;
        let mut versions = Vec::new();
        let mut named = json!({
            "operationId": id,
            "parameters": self.parameters(&found.value["parameters"], &found.item["parameters"], found.path, operation)?,
        });
        if let Some(body) = found.value.get("requestBody") {
            let body = follow(self.document, body)?;
            let media = newest(body, service, &mut versions).context("requestBody")?;
            named["requestBody"] = json!({
                "required": body.get("required").and_then(Value::as_bool).unwrap_or(false),
                "content": self.json_content(media, operation.body.as_deref())?,
            });
        }
        named["responses"] =
            self.responses(&found.value["responses"], operation, service, &mut versions)?;
        versions.sort();
        versions.dedup();
        named[VERSIONS] = json!(versions);
        for (key, value) in found.value.as_object().into_iter().flatten() {
            if key == "deprecated" || key == "x-rolesRequirements" {
                named[key] = value.clone();
            }
        }
        Ok(named)
    }

    fn parameters(
        &mut self,
        own: &Value,
        shared: &Value,
        path: &str,
        operation: &Operation,
    ) -> Result<Value> {
        let renamed: BTreeMap<&str, &str> =
            parameters(path).zip(parameters(&operation.path)).collect();
        let mut named = BTreeMap::new();
        for parameter in [shared, own]
            .into_iter()
            .filter_map(Value::as_array)
            .flatten()
        {
            let mut parameter = follow(self.document, parameter)?.clone();
            let text = |key: &str| {
                parameter
                    .get(key)
                    .and_then(Value::as_str)
                    .unwrap_or_default()
                    .to_owned()
            };
            let (place, mut name) = (text("in"), text("name"));
            if place == "path" {
                name = (*renamed
                    .get(name.as_str())
                    .with_context(|| format!("parameter {name} is not in the path"))?)
                .to_owned();
                parameter["name"] = json!(name);
            }
            if let Some(schema) = parameter.get_mut("schema") {
                *schema = self.schema(schema, &name, None, &mut Vec::new())?;
            }
            named.insert((place, name), parameter);
        }
        for name in renamed.values() {
            ensure!(
                named.contains_key(&("path".to_owned(), (*name).to_owned())),
                "path parameter {name} is not declared"
            );
        }
        Ok(named.into_values().collect())
    }

    fn responses(
        &mut self,
        responses: &Value,
        operation: &Operation,
        service: &Service,
        versions: &mut Vec<String>,
    ) -> Result<Value> {
        let mut named = Map::new();
        for (status, response) in responses.as_object().into_iter().flatten() {
            let response = follow(self.document, response)?;
            let mut one = json!({ "description": reason(status) });
            if status == "204" {
                // It has no body, whatever the document says; its media types have versions.
                let _ = newest(response, service, versions);
            } else if response.get("content").is_some() {
                let success = status.starts_with('2');
                let (media, type_name) = if success {
                    (newest(response, service, versions), &operation.response)
                } else {
                    (only(response), &operation.error)
                };
                let content = match (media, type_name) {
                    (Err(_), None) if success => stream(),
                    (media, type_name) => {
                        let media = media.with_context(|| format!("response {status}"))?;
                        self.json_content(media, type_name.as_deref())?
                    }
                };
                // A media type without a schema is no content.
                if content != json!({ "application/json": {} }) {
                    one["content"] = content;
                }
            }
            let mut headers = Map::new();
            for (name, header) in response
                .get("headers")
                .and_then(Value::as_object)
                .into_iter()
                .flatten()
            {
                headers.insert(name.clone(), follow(self.document, header)?.clone());
            }
            if !headers.is_empty() {
                one["headers"] = headers.into();
            }
            named.insert(status.clone(), one);
        }
        ensure!(
            named.keys().any(|status| status.starts_with('2')),
            "no response for a success"
        );
        Ok(named.into())
    }

    fn json_content(&mut self, media: &Value, type_name: Option<&str>) -> Result<Value> {
        let Some(schema) = media.get("schema") else {
            return Ok(json!({ "application/json": {} }));
        };
        let schema = self.schema(schema, "", type_name, &mut Vec::new())?;
        Ok(json!({ "application/json": { "schema": schema } }))
    }

    /// Names a schema and all below it. `place` is where it stands in our names,
    /// `type_name` what to call it there, `open` the references being followed.
    fn schema(
        &mut self,
        schema: &Value,
        place: &str,
        type_name: Option<&str>,
        open: &mut Vec<Open>,
    ) -> Result<Value> {
        self.visits += 1;
        ensure!(
            self.visits <= MAX_VISITS,
            "{place}: more than {MAX_VISITS} schemas; name those that repeat in services.toml under [types]"
        );
        let type_name = type_name.or_else(|| self.services.types.get(place).map(String::as_str));
        if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
            return self.reference(reference, place, type_name, open);
        }
        // The overlay finds types by name, so it would miss a secret in one without.
        ensure!(
            type_name.is_some() || self.services.keep_names || schema.get("properties").is_none(),
            "{place}: an object without a name; name it in services.toml under [types]"
        );
        let named = self.children(schema, type_name.unwrap_or(place), open)?;
        let Some(type_name) = type_name else {
            return Ok(named);
        };
        if let Some(other) = self.schemas.get(type_name) {
            ensure!(
                *other == named,
                "{type_name} stands for two different schemas"
            );
        } else {
            self.schemas.insert(type_name.to_owned(), named);
        }
        Ok(reference_to(type_name))
    }

    fn reference(
        &mut self,
        reference: &str,
        place: &str,
        type_name: Option<&str>,
        open: &mut Vec<Open>,
    ) -> Result<Value> {
        let kept = component(reference).filter(|_| self.services.keep_names);
        let type_name = type_name.map(str::to_owned).or(kept);
        let this = (reference.to_owned(), type_name);
        if let (_, Some(type_name)) = &this
            && (open.contains(&this) || self.done.contains(&this))
        {
            return Ok(reference_to(type_name));
        }
        ensure!(
            this.1.is_some() || !open.iter().any(|(seen, _)| seen == reference),
            "{place}: '{reference}' contains itself; name it in services.toml under [types]"
        );
        ensure!(
            open.len() < MAX_DEPTH,
            "{place}: more than {MAX_DEPTH} references inside each other"
        );
        let target = follow(self.document, resolve(self.document, reference)?)?;
        open.push(this.clone());
        let named = self.schema(target, place, this.1.as_deref(), open)?;
        open.pop();
        if this.1.is_some() {
            self.done.insert(this);
        }
        Ok(named)
    }

    fn children(&mut self, schema: &Value, place: &str, open: &mut Vec<Open>) -> Result<Value> {
        let Value::Object(object) = schema else {
            return Ok(schema.clone());
        };
        let mut named = Map::new();
        for (key, value) in object {
            let value = match (key.as_str(), value) {
                ("properties", Value::Object(properties)) => {
                    let mut fields = Map::new();
                    for (field, value) in properties {
                        fields.insert(
                            field.clone(),
                            self.schema(value, &format!("{place}.{field}"), None, open)?,
                        );
                    }
                    fields.into()
                }
                ("items" | "additionalProperties" | "not", Value::Object(_)) => {
                    self.schema(value, &format!("{place}[]"), None, open)?
                }
                ("allOf" | "oneOf" | "anyOf", Value::Array(parts)) => {
                    let mut all = Vec::new();
                    for (index, part) in parts.iter().enumerate() {
                        all.push(self.schema(part, &format!("{place}|{index}"), None, open)?);
                    }
                    all.into()
                }
                _ => value.clone(),
            };
            named.insert(key.clone(), value);
        }
        Ok(named.into())
    }
}

/// Returns the standard reason phrase of a status, in place of the document's text.
fn reason(status: &str) -> &'static str {
    status
        .parse()
        .ok()
        .and_then(|status: http::StatusCode| status.canonical_reason())
        .unwrap_or("Response")
}

fn reference_to(type_name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{}", escape(type_name)) })
}

/// Returns the content of the newest version, among the media types of this service. Media
/// types without a date, such as a preview, come before all versions.
fn newest<'a>(body: &'a Value, service: &Service, versions: &mut Vec<String>) -> Result<&'a Value> {
    let content = body
        .get("content")
        .and_then(Value::as_object)
        .context("no content")?;
    let (_, media) = content
        .iter()
        .filter_map(|(name, media)| Some((date(service.date_of(name)?), media)))
        .filter(|(day, _)| service.newest.is_none_or(|newest| *day <= Some(newest)))
        .inspect(|(day, _)| versions.extend(day.map(|day| day.to_string())))
        .max_by_key(|(day, _)| *day)
        .with_context(|| match service.newest {
            Some(newest) => format!("no media type {} up to {newest}", service.media_type),
            None => format!("no media type {}", service.media_type),
        })?;
    Ok(media)
}

/// Returns the content of a response that is not JSON.
fn stream() -> Value {
    json!({ "application/octet-stream": { "schema": { "type": "string", "format": "binary" } } })
}

fn only(response: &Value) -> Result<&Value> {
    response
        .get("content")
        .and_then(Value::as_object)
        .and_then(|content| content.values().next())
        .context("no content")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn services() -> Services {
        toml::from_str(
            r#"
            title = "Keys"
            roles = {}
            [services.s]
            title = "S"
            document = "s.yaml"
            source = "handwritten"
            base_path = "/api"
            media_type = "application/vnd.s.{date}+json"
            newest = "2024-01-01"
            [operations.patch_key]
            method = "PATCH"
            effect = "set"
            path = "/keys/{keyId}"
            response = "Key"
            [types]
            "Key.parent" = "Key"
            "#,
        )
        .unwrap()
    }

    /// A document in which the response is `content`.
    fn responding(content: &Value, schemas: &Value) -> Value {
        json!({
            "paths": {"/api/keys/{id}": {"patch": {
                "parameters": [{"in": "path", "name": "id", "required": true, "schema": {"type": "string"}}],
                "responses": {"200": {"content": content}}
            }}},
            "components": {"schemas": schemas}
        })
    }

    fn named(document: &Value, services: &Services) -> Result<Value> {
        rename(document, &services.services["s"], services)
    }

    #[test]
    fn gives_operations_parameters_and_types_our_names() {
        let services = services();
        let key =
            json!({"type": "object", "properties": {"parent": {"$ref": "#/components/schemas/K"}}});
        let content = |schema: &Value| {
            json!({"content": {
                "application/vnd.s.2023-01-01+json": {"schema": {"type": "string"}},
                "application/vnd.s.2024-01-01+json": {"schema": schema},
                "application/vnd.s.2043-01-01+json": {"schema": {"type": "integer"}},
                "text/csv": {}
            }})
        };
        let document = json!({
            "info": {"version": "2"},
            "paths": {"/api/keys/{id}": {"patch": {
                "operationId": "upstreamName",
                "parameters": [{"$ref": "#/components/parameters/id"}],
                "responses": {"200": content(&json!({"$ref": "#/components/schemas/K"}))}
            }}},
            "components": {
                "parameters": {"id": {"in": "path", "name": "id", "required": true, "schema": {"type": "string"}}},
                "schemas": {"K": key}
            }
        });
        let named = rename(&document, &services.services["s"], &services).unwrap();
        insta::assert_snapshot!(crate::document::to_yaml(&named).unwrap());
    }

    #[test]
    fn versions_that_are_not_in_force_count_for_nothing() {
        let upcoming = json!({"application/vnd.s.2043-01-01+json": {"schema": {}}});
        let error = named(&responding(&upcoming, &json!({})), &services()).unwrap_err();
        assert_eq!(
            format!("{error:#}"),
            "patch_key: response 200: no media type application/vnd.s.{date}+json up to 2024-01-01"
        );
    }

    /// The error about a document in which a key has a field of this schema.
    fn refused(field: &Value) -> String {
        let key = json!({"properties": {"field": field}});
        let content = json!({"application/vnd.s.2023-01-01+json": {"schema": key}});
        format!(
            "{:#}",
            named(&responding(&content, &json!({})), &services()).unwrap_err()
        )
    }

    #[test]
    fn an_object_without_a_name_is_refused_wherever_it_stands() {
        let object = json!({"properties": {"secret": {"type": "string"}}});
        for (schema, place) in [
            (object.clone(), "Key.field"),
            (json!({"items": object}), "Key.field[]"),
            (json!({"items": {"items": object}}), "Key.field[][]"),
            (json!({"additionalProperties": object}), "Key.field[]"),
            (json!({"not": object}), "Key.field[]"),
            (json!({"allOf": [object]}), "Key.field|0"),
            (json!({"anyOf": [{}, object]}), "Key.field|1"),
            (json!({"oneOf": [{"items": object}]}), "Key.field|0[]"),
        ] {
            assert_eq!(
                refused(&schema),
                format!(
                    "patch_key: {place}: an object without a name; \
                     name it in services.toml under [types]"
                )
            );
        }
    }

    #[test]
    fn an_object_without_a_name_is_refused_in_requests_and_errors_too() {
        let body = |schema: &Value| json!({"content": {"application/vnd.s.2023-01-01+json": {"schema": schema}}});
        let object = json!({"properties": {"inner": {"properties": {"secret": {}}}}});
        for place in ["/requestBody", "/responses/404"] {
            let mut document = responding(&json!({}), &json!({}));
            let operation = &mut document["paths"]["/api/keys/{id}"]["patch"];
            operation["responses"] = json!({"200": {}, "404": {}});
            operation["requestBody"] = json!({});
            *operation.pointer_mut(place).unwrap() = body(&object);
            let mut services = services();
            let entry = services.operations.get_mut("patch_key").unwrap();
            (entry.body, entry.error) = (Some("Update".to_owned()), Some("Error".to_owned()));
            if place != "/requestBody" {
                document["paths"]["/api/keys/{id}"]["patch"]
                    .as_object_mut()
                    .unwrap()
                    .remove("requestBody");
            }
            let error = format!("{:#}", named(&document, &services).unwrap_err());
            assert!(
                error.contains(".inner: an object without a name"),
                "{error}"
            );
        }
    }

    #[test]
    fn one_name_stands_for_one_schema() {
        let key = json!({"properties": {
            "parent": {"properties": {"other": {"type": "string"}}}
        }});
        let content = json!({"application/vnd.s.2023-01-01+json": {"schema": key}});
        let error = named(&responding(&content, &json!({})), &services()).unwrap_err();
        assert_eq!(
            format!("{error:#}"),
            "patch_key: Key stands for two different schemas"
        );
    }

    #[test]
    fn a_204_has_a_version_and_no_body() {
        let mut document = responding(&json!({}), &json!({}));
        document["paths"]["/api/keys/{id}"]["patch"]["responses"] = json!({"204": {"content": {
            "application/vnd.s.2023-01-01+json": {"schema": {"properties": {}}}
        }}});
        let named = named(&document, &services()).unwrap();
        let operation = &named["paths"]["/keys/{keyId}"]["patch"];
        assert_eq!(
            operation["responses"],
            json!({"204": {"description": "No Content"}})
        );
        assert_eq!(operation[VERSIONS], json!(["2023-01-01"]));
    }

    #[test]
    fn types_without_a_name_keep_the_documents_if_they_may() {
        let content = json!({"application/vnd.s.2023-01-01+json": {"schema": {"$ref": "#/components/schemas/K"}}});
        let list = json!({"K": {"items": {"$ref": "#/components/schemas/N"}}, "N": {"items": {"$ref": "#/components/schemas/N"}}});
        let error = named(&responding(&content, &list), &services()).unwrap_err();
        assert_eq!(
            format!("{error:#}"),
            "patch_key: Key[][]: '#/components/schemas/N' contains itself; \
             name it in services.toml under [types]"
        );
        let schemas = json!({
            "K": {"properties": {"next": {"$ref": "#/components/schemas/N"}}},
            "N": {"properties": {"next": {"$ref": "#/components/schemas/N"}}}
        });
        let mut services = services();
        services.keep_names = true;
        assert_eq!(
            named(&responding(&content, &schemas), &services).unwrap()["components"]["schemas"],
            json!({
                "Key": {"properties": {"next": {"$ref": "#/components/schemas/N"}}},
                "N": {"properties": {"next": {"$ref": "#/components/schemas/N"}}}
            })
        );
    }

    #[test]
    fn a_response_that_is_not_json_is_a_stream_where_no_type_is_named() {
        let archive = responding(&json!({"application/gzip": {}}), &json!({}));
        let mut services = services();
        assert!(named(&archive, &services).is_err());
        services.operations.get_mut("patch_key").unwrap().response = None;
        assert_eq!(
            named(&archive, &services).unwrap()["paths"]["/keys/{keyId}"]["patch"]["responses"]["200"]
                ["content"],
            stream()
        );
    }

    #[test]
    fn references_that_explode_are_an_error() {
        let twice = |name: &str| {
            let next = json!({"$ref": format!("#/components/schemas/{name}")});
            json!({"anyOf": [next, next]})
        };
        let mut schemas: Map<String, Value> = (0..40)
            .map(|level| (format!("L{level}"), twice(&format!("L{}", level + 1))))
            .collect();
        schemas.insert("L40".to_owned(), json!({"type": "string"}));
        let content = json!({"application/vnd.s.2023-01-01+json": {"schema": {"$ref": "#/components/schemas/L0"}}});
        let error = named(&responding(&content, &schemas.into()), &services()).unwrap_err();
        assert!(
            format!("{error:#}").contains("more than 200000 schemas"),
            "{error:#}"
        );
    }
}
