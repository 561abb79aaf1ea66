//! Settings from the environment, in the variables that other tools for Atlas use.

use std::{env, ffi::OsString};

use secrecy::SecretString;

use super::{
    credentials::{CredentialParts, Part, PartNames},
    layer::Layer,
};
use crate::args::NamedService;

pub(crate) const PUBLIC_KEY_VARIABLE: &str = "MONGODB_ATLAS_PUBLIC_API_KEY";
pub(crate) const PRIVATE_KEY_VARIABLE: &str = "MONGODB_ATLAS_PRIVATE_API_KEY";

/// Other names of the two.
const PUBLIC_KEY_ALIAS: &str = "MONGODB_ATLAS_PUBLIC_KEY";
const PRIVATE_KEY_ALIAS: &str = "MONGODB_ATLAS_PRIVATE_KEY";

const NAMES: PartNames = PartNames {
    public_key: PUBLIC_KEY_VARIABLE,
    private_key: PRIVATE_KEY_VARIABLE,
    client_id: "MONGODB_ATLAS_CLIENT_ID",
    client_secret: "MONGODB_ATLAS_CLIENT_SECRET",
    token: "MONGODB_ATLAS_ACCESS_TOKEN",
};

/// The variable that names a profile.
pub(super) const PROFILE: &str = "MONGODB_ATLAS_PROFILE";

pub(super) fn layer() -> Layer {
    Layer {
        origin: "environment".to_owned(),
        service: setting("MONGODB_ATLAS_SERVICE").map(|name| {
            let parsed = name.parse::<NamedService>();
            parsed.map_err(|reason| format!("MONGODB_ATLAS_SERVICE: {reason}"))
        }),
        org: setting("MONGODB_ATLAS_ORG_ID"),
        project: setting("MONGODB_ATLAS_PROJECT_ID"),
        credentials: CredentialParts {
            public_key: part(&[NAMES.public_key, PUBLIC_KEY_ALIAS]),
            private_key: secret(&[NAMES.private_key, PRIVATE_KEY_ALIAS]),
            client_id: part(&[NAMES.client_id]),
            client_secret: secret(&[NAMES.client_secret]),
            token: secret(&[NAMES.token]),
            names: NAMES,
            ..CredentialParts::default()
        },
        ..Layer::default()
    }
    .with_urls(
        setting("MONGODB_ATLAS_BASE_URL"),
        setting("MONGODB_ATLAS_OPS_MANAGER_URL"),
    )
}

/// Returns the names of all variables that can hold a part of credentials.
pub(crate) fn credential_variables() -> impl Iterator<Item = String> {
    [
        NAMES.public_key,
        PUBLIC_KEY_ALIAS,
        NAMES.private_key,
        PRIVATE_KEY_ALIAS,
        NAMES.client_id,
        NAMES.client_secret,
        NAMES.token,
    ]
    .into_iter()
    .flat_map(|name| [name.to_owned(), older_name(name)])
}

/// Returns the profile to use instead of `default`.
pub(super) fn profile() -> Option<String> {
    setting(PROFILE)
}

/// Returns the name that the Atlas CLI's predecessor has for a variable.
fn older_name(name: &str) -> String {
    name.replacen("MONGODB_ATLAS_", "MCLI_", 1)
}

/// Returns the value of a variable, unless it is blank.
fn variable(name: &str) -> Option<OsString> {
    env::var_os(name).filter(|value| !value.to_string_lossy().trim().is_empty())
}

/// Returns a setting. One that is not UTF-8 is rejected where it is used.
fn setting(name: &str) -> Option<String> {
    let value = variable(name).or_else(|| variable(&older_name(name)))?;
    Some(value.to_string_lossy().trim().to_owned())
}

/// Returns a part of credentials, which any of these variables may hold.
fn part(names: &[&str]) -> Part<String> {
    let older = names.iter().map(|name| older_name(name));
    let names = names.iter().map(|name| (*name).to_owned()).chain(older);
    let mut found: Option<(String, String)> = None;
    for name in names {
        let Some(value) = variable(&name) else {
            continue;
        };
        let Some(value) = value.to_str().map(str::trim) else {
            return Some(Err(format!("{name} is not UTF-8")));
        };
        match &found {
            Some((first, other)) if other != value => {
                return Some(Err(format!(
                    "{first} and {name} hold different values; unset one"
                )));
            }
            Some(_) => {}
            None => found = Some((name, value.to_owned())),
        }
    }
    found.map(|(_, value)| Ok(value))
}

fn secret(names: &[&str]) -> Part<SecretString> {
    part(names).map(|value| value.map(SecretString::from))
}
