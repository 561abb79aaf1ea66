//! The API summary: one small text file for reviewers of a new document.

use anyhow::Result;
use serde_json::{Map, Value};

use crate::{document::follow, pipeline::rename::VERSIONS, pipeline::services::Services};

/// Describes the named documents, each with its service's name.
pub(crate) fn api_summary(documents: &[(&str, Value)], services: &Services) -> Result<String> {
    let mut summary = Summary(
        "Written by `cargo xtask generate`: the API as the documents and the overlay have it.\n"
            .to_owned(),
    );
    for (id, document) in documents {
        let service = &services.services[*id];
        summary.0 += &format!("\n\n{id}: {} {}\n", service.base_path, service.media_type);
        for (id, operation) in &services.operations {
            let found = operation.find(document, "")?;
            summary.0 += &format!("\n  {} {}  {id}\n", operation.method, operation.path);
            summary.line("effect", operation.effect.as_str());
            summary.operation(found.value, document)?;
        }
    }
    Ok(summary.0)
}

struct Summary(String);

impl Summary {
    fn operation(&mut self, operation: &Value, document: &Value) -> Result<()> {
        self.line("security", &schemes(operation, document));
        self.line("caller", &join(operation.get("x-rolesRequirements")));
        self.line("versions", &join(operation.get(VERSIONS)));
        for parameter in list(operation.get("parameters")) {
            let text = |key: &str| {
                parameter
                    .get(key)
                    .and_then(Value::as_str)
                    .unwrap_or_default()
            };
            let required = parameter.get("required") == Some(&Value::Bool(true));
            self.value(
                text("in"),
                text("name"),
                required,
                &parameter["schema"],
                document,
            )?;
        }
        if let Some(body) = json_schema(operation.get("requestBody")) {
            self.fields("body", body, document)?;
        }
        let responses = operation.get("responses").and_then(Value::as_object);
        for (status, response) in responses.into_iter().flatten() {
            let headers = keys(response.get("headers"));
            self.0 += format!("    {status:<10} {headers}").trim_end();
            self.0.push('\n');
            if let (true, Some(body)) = (status.starts_with('2'), json_schema(Some(response))) {
                self.fields("", body, document)?;
            }
        }
        Ok(())
    }

    /// Writes the fields of a body: those of an object, or of the items of a list.
    fn fields(&mut self, title: &str, body: &Value, document: &Value) -> Result<()> {
        if follow(document, body)?.get("properties").is_none() {
            self.line(title, &type_of(body, document)?);
        }
        self.nested(title, "", body, document, &mut Vec::new())
    }

    /// Writes the fields of `value`, which stands at `place`, and of all objects in it. `open` are
    /// the schemas around it, so that one that contains itself ends.
    fn nested<'a>(
        &mut self,
        title: &str,
        place: &str,
        value: &'a Value,
        document: &'a Value,
        open: &mut Vec<&'a Value>,
    ) -> Result<()> {
        let schema = follow(document, value)?;
        if open.iter().any(|around| std::ptr::eq(*around, schema)) {
            return Ok(());
        }
        open.push(schema);
        for (name, required, inner) in properties(schema) {
            let name = format!("{place}{name}");
            self.value(title, &name, required, inner, document)?;
            self.nested(title, &format!("{name}."), inner, document, open)?;
        }
        let more = ["items", "additionalProperties"].map(|key| schema.get(key));
        let parts = ["allOf", "anyOf", "oneOf"].map(|key| list(schema.get(key)));
        for part in more
            .into_iter()
            .flatten()
            .chain(parts.into_iter().flatten())
        {
            self.nested(title, place, part, document, open)?;
        }
        open.pop();
        Ok(())
    }

    /// Writes one value with its type and limits, and its listed values below it.
    fn value(
        &mut self,
        title: &str,
        name: &str,
        required: bool,
        value: &Value,
        document: &Value,
    ) -> Result<()> {
        let mark = if required { "!" } else { "" };
        self.line(
            title,
            &format!("{name}{mark} {}", type_of(value, document)?),
        );
        let value = follow(document, value)?;
        let listed = value.get("enum").or_else(|| value.pointer("/items/enum"));
        let mut values: Vec<_> = list(listed).iter().filter_map(Value::as_str).collect();
        values.sort_unstable();
        for value in values {
            self.line("", &format!("  {value}"));
        }
        Ok(())
    }

    fn line(&mut self, title: &str, value: &str) {
        if !value.is_empty() {
            self.0 += &format!("    {title:<10} {value}\n");
        }
    }
}

/// Returns the fields of an object: name, whether it is required, schema.
fn properties(object: &Value) -> impl Iterator<Item = (&str, bool, &Value)> {
    let required = list(object.get("required"));
    let fields = object.get("properties").and_then(Value::as_object);
    fields.into_iter().flatten().map(|(name, value)| {
        let is_required = required.iter().any(|required| required == name.as_str());
        (name.as_str(), is_required, value)
    })
}

/// Returns a type with its limits.
fn type_of(value: &Value, document: &Value) -> Result<String> {
    let value = follow(document, value)?;
    let mut text = match value.get("items") {
        Some(items) => format!("[{}]", type_of(items, document)?),
        None => value
            .get("type")
            .and_then(Value::as_str)
            .unwrap_or("any")
            .to_owned(),
    };
    let limit = |keys: [&str; 3]| {
        keys.iter()
            .find_map(|key| value.get(key))
            .map(Value::to_string)
    };
    let least = limit(["minimum", "minLength", "minItems"]);
    let most = limit(["maximum", "maxLength", "maxItems"]);
    if least.is_some() || most.is_some() {
        text += &format!(
            " {}..{}",
            least.unwrap_or_default(),
            most.unwrap_or_default()
        );
    }
    for form in ["format", "pattern"]
        .iter()
        .filter_map(|key| value.get(key)?.as_str())
    {
        text += &format!(" {form}");
    }
    if value.get("nullable") == Some(&Value::Bool(true)) {
        text += " or null";
    }
    Ok(text)
}

fn json_schema(content: Option<&Value>) -> Option<&Value> {
    content?.pointer("/content/application~1json/schema")
}

fn schemes(operation: &Value, document: &Value) -> String {
    let requirements = operation
        .get("security")
        .or_else(|| document.get("security"));
    let mut names: Vec<_> = list(requirements)
        .iter()
        .map(|one| keys(Some(one)))
        .collect();
    names.sort_unstable();
    names.join(", ")
}

fn keys(object: Option<&Value>) -> String {
    let keys = object
        .and_then(Value::as_object)
        .into_iter()
        .flat_map(Map::keys);
    keys.map(String::as_str).collect::<Vec<_>>().join(" ")
}

fn list(value: Option<&Value>) -> &[Value] {
    value
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default()
}

fn join(value: Option<&Value>) -> String {
    let texts = list(value).iter().filter_map(Value::as_str);
    texts.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn one_line_for_each_thing_that_may_change() {
        let services: Services = toml::from_str(
            r#"
            title = "Keys"
            types = {}
            roles = {}
            [services.s]
            title = "S"
            document = "s.yaml"
            source = "handwritten"
            base_path = "/api"
            media_type = "application/json"
            [operations.patch_key]
            method = "PATCH"
            effect = "set"
            path = "/keys/{id}"
            "#,
        )
        .unwrap();
        let key = json!({
            "type": "object",
            "required": ["id"],
            "properties": {
                "id": {"type": "string", "maxLength": 8},
                "roles": {"type": "array", "minItems": 1, "items": {"type": "string", "enum": ["B", "A"]}},
                "links": {"type": "array", "items": {"properties": {"href": {"type": "string", "nullable": true}}}},
                "parent": {"allOf": [{"$ref": "#/components/schemas/Key"}, {"properties": {
                    "tags": {"additionalProperties": {"properties": {"text": {"type": "string"}}}}
                }}]}
            }
        });
        let keys =
            json!({"type": "array", "minItems": 1, "items": {"$ref": "#/components/schemas/Key"}});
        let content = json!({"application/json": {"schema": {"$ref": "#/components/schemas/Key"}}});
        let document = json!({
            "security": [{"B": []}, {"A": []}],
            "paths": {"/keys/{id}": {"patch": {
                "x-rolesRequirements": ["Owner"],
                "x-versions": ["2023-01-01"],
                "parameters": [
                    {"in": "path", "name": "id", "required": true, "schema": {"type": "string", "pattern": "^x$"}},
                    {"in": "query", "name": "page", "schema": {"type": "integer", "minimum": 1}}
                ],
                "requestBody": {"content": content},
                "responses": {
                    "200": {"content": content, "headers": {"X-One": {}}},
                    "202": {"content": {"application/json": {"schema": keys}}},
                    "404": {}
                }
            }}},
            "components": {"schemas": {"Key": key}}
        });
        insta::assert_snapshot!(api_summary(&[("s", document)], &services).unwrap());
    }
}
