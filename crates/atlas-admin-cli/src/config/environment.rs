//! Settings from the environment, in the variables that other tools for Atlas use.

use std::{env, ffi::OsString};

use secrecy::SecretString;

use super::{
    credentials::{CredentialParts, Part, PartNames},
    layer::Layer,
};

const NAMES: PartNames = PartNames {
    public_key: "MONGODB_ATLAS_PUBLIC_API_KEY",
    private_key: "MONGODB_ATLAS_PRIVATE_API_KEY",
    client_id: "MONGODB_ATLAS_CLIENT_ID",
    client_secret: "MONGODB_ATLAS_CLIENT_SECRET",
    token: "MONGODB_ATLAS_ACCESS_TOKEN",
};

pub(super) fn layer() -> Layer {
    Layer {
        origin: "environment".to_owned(),
        base_url: setting("MONGODB_ATLAS_BASE_URL"),
        ops_manager_url: setting("MONGODB_ATLAS_OPS_MANAGER_URL"),
        org: setting("MONGODB_ATLAS_ORG_ID"),
        project: setting("MONGODB_ATLAS_PROJECT_ID"),
        credentials: CredentialParts {
            public_key: either(NAMES.public_key, "MONGODB_ATLAS_PUBLIC_KEY"),
            private_key: secret(either(NAMES.private_key, "MONGODB_ATLAS_PRIVATE_KEY")),
            client_id: part(NAMES.client_id),
            client_secret: secret(part(NAMES.client_secret)),
            token: secret(part(NAMES.token)),
            secret: None,
            names: NAMES,
        },
        ..Layer::default()
    }
}

/// Returns the value of a variable, unless it is blank.
fn variable(name: &str) -> Option<OsString> {
    env::var_os(name).filter(|value| !value.to_string_lossy().trim().is_empty())
}

/// Returns a URL or an ID. One that is not UTF-8 is rejected where it is used.
fn setting(name: &str) -> Option<String> {
    let value = variable(name)?;
    Some(value.to_string_lossy().trim().to_owned())
}

/// Returns a part of credentials.
fn part(name: &str) -> Part<String> {
    let value = variable(name)?;
    Some(match value.to_str() {
        Some(text) => Ok(text.trim().to_owned()),
        None => Err(format!("{name} is not UTF-8")),
    })
}

/// Returns a part of credentials that two variables may hold.
fn either(name: &str, alias: &str) -> Part<String> {
    match (part(name), part(alias)) {
        (Some(Ok(a)), Some(Ok(b))) if a != b => Some(Err(format!(
            "{name} and {alias} hold different values; unset one"
        ))),
        (a, b) => a.or(b),
    }
}

fn secret(part: Part<String>) -> Part<SecretString> {
    part.map(|value| value.map(SecretString::from))
}
