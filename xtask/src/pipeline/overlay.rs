//! Applies `openapi/overlay.yaml`, an OpenAPI Overlay 1.0, to the renamed documents.
//!
//! Actions have two extensions: `x-services` lists the services that an action is for (all by
//! default), and arrays grow by the items they lack, so that values which upstream lists
//! again do not appear twice.

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;
use serde_json::Value;
use serde_json_path::JsonPath;

/// An overlay document.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Overlay {
    overlay: String,
    #[serde(rename = "info")]
    _info: Value,
    actions: Vec<Action>,
}

/// One change.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Action {
    target: String,
    #[serde(rename = "description")]
    _reason: Option<String>,
    update: Option<Value>,
    #[serde(default)]
    remove: bool,
    #[serde(rename = "x-services")]
    services: Option<Vec<String>>,
}

impl Overlay {
    /// Reads an overlay from its document.
    pub fn new(document: Value) -> Result<Self> {
        let overlay: Self = serde_json::from_value(document).context("not an overlay")?;
        ensure!(
            overlay.overlay.starts_with("1.0."),
            "/overlay: {} is not 1.0",
            overlay.overlay
        );
        Ok(overlay)
    }

    /// Applies every action to the documents of its services. An action that matches nothing
    /// in any of them is an error: the documents have changed under it.
    pub fn apply(&self, documents: &mut [(&str, Value)]) -> Result<()> {
        for (index, action) in self.actions.iter().enumerate() {
            let place = || format!("/actions/{index}: {}", action.target);
            let path = JsonPath::parse(&action.target)
                .map_err(|error| anyhow::anyhow!("not a JSONPath: {error}"))
                .with_context(place)?;
            let mut found = 0;
            for (service, document) in documents.iter_mut() {
                if action.is_for(service) {
                    found += action.apply(&path, document).with_context(place)?;
                }
            }
            ensure!(found > 0, "{}: matches nothing", place());
        }
        Ok(())
    }
}

impl Action {
    fn is_for(&self, service: &str) -> bool {
        self.services
            .as_ref()
            .is_none_or(|services| services.iter().any(|name| name == service))
    }

    fn apply(&self, path: &JsonPath, document: &mut Value) -> Result<usize> {
        let mut pointers: Vec<String> = path
            .query_located(document)
            .locations()
            .map(|location| location.to_json_pointer())
            .collect();
        // Later siblings first, so that a removal moves no other.
        pointers.reverse();
        for pointer in &pointers {
            if self.remove {
                remove(document, pointer)?;
            } else if let Some(update) = &self.update {
                let target = document.pointer_mut(pointer).context("gone")?;
                merge(target, update);
            } else {
                bail!("neither update nor remove");
            }
        }
        Ok(pointers.len())
    }
}

fn remove(document: &mut Value, pointer: &str) -> Result<()> {
    let (parent, key) = pointer
        .rsplit_once('/')
        .context("the root cannot be removed")?;
    let key = key.replace("~1", "/").replace("~0", "~");
    match document.pointer_mut(parent) {
        Some(Value::Object(object)) => {
            object.remove(&key);
        }
        Some(Value::Array(items)) => {
            items.remove(key.parse().context("not an index")?);
        }
        _ => bail!("gone"),
    }
    Ok(())
}

fn merge(target: &mut Value, update: &Value) {
    match (target, update) {
        (Value::Object(target), Value::Object(update)) => {
            for (key, value) in update {
                match target.get_mut(key) {
                    Some(old) => merge(old, value),
                    None => {
                        target.insert(key.clone(), value.clone());
                    }
                }
            }
        }
        (Value::Array(target), Value::Array(update)) => {
            for value in update {
                if !target.contains(value) {
                    target.push(value.clone());
                }
            }
        }
        (target, update) => *target = update.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn apply(actions: Value) -> Result<Value> {
        let overlay = Overlay::new(json!({
            "overlay": "1.0.0", "info": {"title": "T", "version": "1"}, "actions": actions
        }))?;
        let mut documents = [
            (
                "one",
                json!({"a": {"enum": ["X"], "n": 1}, "list": [1, 2, 3]}),
            ),
            ("two", json!({"a": {}})),
        ];
        overlay.apply(&mut documents)?;
        Ok(json!(documents))
    }

    #[test]
    fn updates_and_removes() {
        let applied = apply(json!([
            {"target": "$.a", "update": {"description": "ours"}},
            {"target": "$.a", "update": {"enum": ["X", "Y"]}, "x-services": ["one"]},
            {"target": "$.list[?@ < 3]", "remove": true, "x-services": ["one"]},
        ]));
        insta::assert_snapshot!(serde_json::to_string(&applied.unwrap()).unwrap());
    }

    #[test]
    fn an_action_that_matches_nothing_is_an_error() {
        let error = apply(json!([
            {"target": "$.a", "update": {}},
            {"target": "$.list", "update": [4], "x-services": ["two"]}
        ]));
        assert_eq!(
            error.unwrap_err().to_string(),
            "/actions/1: $.list: matches nothing"
        );
    }
}
