//! The emulator's documents, for tools that read OpenAPI: a service's own, with the operations
//! that the emulator adds.

use std::{fs, path::Path};

use anyhow::{Context, Result};
use atlas_emulator::Service;
use serde_json::Value;

/// Reads the document of a service, and completes its paths and media types.
///
/// The pipeline writes it for the emulator, with paths that lack the base path of the service and
/// with `application/json` instead of the dated media types of Atlas v2.
pub(super) fn read(root: &Path, service: Service) -> Result<Value> {
    let name = match service {
        Service::AtlasV2 => "atlas-v2",
        Service::AtlasV1 => "atlas-v1",
        _ => "ops-manager-v1",
    };
    let read = |path: String| -> Result<Value> {
        let path = root.join("crates/atlas-emulator/src").join(path);
        let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        Ok(serde_json::from_str(&text)?)
    };
    let mut document = read(format!("generated/{name}.json"))?;
    add(
        &mut document,
        read("spec/additional.json".to_owned())?,
        name,
    )?;
    let members = document
        .as_object_mut()
        .context("the document is not an object")?;
    // The command line has the address.
    members.remove("servers");
    let paths = members.get_mut("paths").and_then(Value::as_object_mut);
    let paths = paths.context("the document has no paths")?;
    *paths = std::mem::take(paths)
        .into_iter()
        .map(|(path, item)| (format!("{}{path}", service.base_path()), item))
        .collect();
    let items = paths.values_mut().filter_map(Value::as_object_mut);
    for operation in items.flat_map(|item| item.values_mut()) {
        let versions = operation["x-versions"].take();
        if service != Service::AtlasV2 {
            continue;
        }
        for version in versions.as_array().into_iter().flatten() {
            let version = version.as_str().context("a version is not a string")?;
            let media_type = format!("application/vnd.atlas.{version}+json");
            for place in ["/requestBody/content", "/responses/200/content"] {
                let content = operation.pointer_mut(place).and_then(Value::as_object_mut);
                if let Some(content) = content
                    && let Some(schema) = content.remove("application/json")
                {
                    content.insert(media_type.clone(), schema);
                }
            }
        }
    }
    Ok(document)
}

/// Adds the operations that the emulator has for other clients.
fn add(document: &mut Value, mut additional: Value, service: &str) -> Result<()> {
    let paths = additional["paths"].as_object_mut().context("no paths")?;
    for (path, item) in paths {
        for (method, operation) in item.as_object_mut().context("no operations")? {
            let services = operation["x-services"].as_array();
            if services.is_none_or(|services| services.iter().any(|name| name == service)) {
                document["paths"][path][method] = operation.take();
            }
        }
    }
    for kind in ["responses", "schemas"] {
        let components = additional["components"][kind].as_object_mut();
        for (name, component) in components.context("no components")? {
            document["components"][kind][name] = component.take();
        }
    }
    Ok(())
}

pub(super) fn write(document: &Value, path: &Path) -> Result<()> {
    fs::write(path, serde_json::to_string_pretty(document)?)
        .with_context(|| path.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_and_media_types_are_complete() {
        let document = read(&xtask_support::workspace_root().unwrap(), Service::AtlasV2).unwrap();
        let path = "/api/atlas/v2/orgs/{orgId}/apiKeys/{apiUserId}";
        let update = &document["paths"][path]["patch"];
        for content in [
            &update["requestBody"]["content"],
            &update["responses"]["200"]["content"],
        ] {
            let types: Vec<_> = content.as_object().unwrap().keys().collect();
            assert_eq!(types, ["application/vnd.atlas.2023-01-01+json"]);
        }
        let assignment = &document["paths"]["/api/atlas/v2/groups/{groupId}/apiKeys/{apiUserId}"];
        assert!(assignment["post"].is_object() && assignment["patch"].is_object());
        let error = &update["responses"]["404"]["content"];
        assert!(error["application/json"].is_object());
    }
}
