//! Everything that code is generated from.

use std::{collections::BTreeMap, path::Path};

use anyhow::Result;
use serde_json::Value;

use crate::{document, pipeline::emit::roles::KnownRoles, pipeline::services::Services};

/// The contents of `openapi/`.
#[derive(Debug, Clone)]
pub struct Sources {
    /// `services.toml`.
    pub services: Services,
    /// The document of each service, by our name for the service.
    pub documents: BTreeMap<String, Value>,
    /// `overlay.yaml`.
    pub overlay: Value,
    /// `roles.toml`.
    pub known_roles: KnownRoles,
}

impl Sources {
    /// Reads the sources of the workspace at `root`.
    pub fn read(root: &Path) -> Result<Self> {
        let openapi = root.join("openapi");
        let services = Services::read(&openapi.join("services.toml"))?;
        let documents = services
            .services
            .iter()
            .map(|(id, service)| {
                let document = document::read_openapi(&openapi.join(&service.document))?;
                Ok((id.clone(), document))
            })
            .collect::<Result<_>>()?;
        Ok(Self {
            services,
            documents,
            overlay: document::read(&openapi.join("overlay.yaml"))?,
            known_roles: KnownRoles::read(root)?,
        })
    }
}
