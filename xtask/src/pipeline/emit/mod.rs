//! Generated code, from the documents in `openapi/`: rename, overlay, unify, lower, emit.
//! The only stage that produces files.

pub(crate) mod api_summary;
pub(crate) mod catalog;
pub(crate) mod mocks;
pub mod progenitor;
mod requests;
pub mod roles;
pub mod worker;

use std::path::Path;

use anyhow::{Context, Result};

use self::{
    api_summary::api_summary,
    progenitor::{Part, format},
    roles::KnownRoles,
};
use super::{
    lower::lower, names, overlay::Overlay, rename::rename, secrets, sources::Sources, unify::unify,
};
use crate::document::output::Output;

/// Generates every file of the workspace at `root`.
pub fn generate(root: &Path) -> Result<Vec<Output>> {
    outputs(&Sources::read(root)?)
}

/// Generates every file from these sources.
pub fn outputs(sources: &Sources) -> Result<Vec<Output>> {
    let services = &sources.services;
    let mut documents = Vec::new();
    for (id, service) in &services.services {
        let document = &sources.documents[id];
        let named =
            rename(document, service, services).with_context(|| service.document.clone())?;
        documents.push((id.as_str(), named));
    }
    Overlay::new(sources.overlay.clone())
        .and_then(|overlay| overlay.apply(&mut documents))
        .context("openapi/overlay.yaml")?;
    let unified = unify(&documents, services).context("the services differ")?;
    let known_roles = sources.known_roles.with_listed(&unified, services)?;

    let lowered = lower(&unified.document);
    names::check(&lowered)?;
    secrets::check(&lowered)?;

    let mut outputs = vec![
        Output::new(
            "crates/atlas-admin-raw/src/generated/client.rs",
            worker::make(Part::Client, &lowered)?,
        ),
        Output::new(
            "crates/atlas-admin-raw/src/generated/mocks.rs",
            format(mocks::tokens(&lowered, &unified.catalog, services)?)?,
        ),
        Output::new(
            "crates/atlas-admin-raw/src/generated/catalog.rs",
            catalog::text(&unified, services)?,
        ),
        Output::new(
            "crates/atlas-admin/src/generated/roles.rs",
            format(roles::tokens(&known_roles, &unified, services)?)?,
        ),
        Output::new(KnownRoles::PATH, known_roles.to_toml()?),
        Output::new(
            "openapi/api-summary.txt",
            api_summary(&documents, services)?,
        ),
    ];
    for (id, document) in &documents {
        outputs.push(Output::new(
            format!("crates/atlas-emulator/src/generated/{id}.json"),
            serde_json::to_string_pretty(document)? + "\n",
        ));
    }
    Ok(outputs)
}
