//! The environment as a source: the variables that other tools for Atlas use too.

use std::env;

use secrecy::SecretString;

use super::{Layer, LoginParts, login::PartNames};
use crate::exit::Failure;

const NAMES: PartNames = PartNames {
    public_key: "MONGODB_ATLAS_PUBLIC_API_KEY",
    private_key: "MONGODB_ATLAS_PRIVATE_API_KEY",
    client_id: "MONGODB_ATLAS_CLIENT_ID",
    client_secret: "MONGODB_ATLAS_CLIENT_SECRET",
    token: "MONGODB_ATLAS_ACCESS_TOKEN",
};

pub(super) fn layer() -> Result<Layer, Failure> {
    let secret = |value: Option<String>| value.map(SecretString::from);
    Ok(Layer {
        origin: "environment".to_owned(),
        base_url: variable("MONGODB_ATLAS_BASE_URL")?,
        ops_manager_url: variable("MONGODB_ATLAS_OPS_MANAGER_URL")?,
        org: variable("MONGODB_ATLAS_ORG_ID")?,
        project: variable("MONGODB_ATLAS_PROJECT_ID")?,
        login: LoginParts {
            public_key: either(NAMES.public_key, "MONGODB_ATLAS_PUBLIC_KEY")?,
            private_key: secret(either(NAMES.private_key, "MONGODB_ATLAS_PRIVATE_KEY")?),
            client_id: variable(NAMES.client_id)?,
            client_secret: secret(variable(NAMES.client_secret)?),
            token: secret(variable(NAMES.token)?),
            secret: None,
            names: NAMES,
        },
        ..Layer::default()
    })
}

/// The value of a variable, if it is set to anything.
fn variable(name: &str) -> Result<Option<String>, Failure> {
    match env::var(name) {
        Ok(value) => Ok(Some(value.trim().to_owned()).filter(|value| !value.is_empty())),
        Err(env::VarError::NotPresent) => Ok(None),
        Err(env::VarError::NotUnicode(_)) => {
            Err(Failure::input(format!("the variable {name} is not UTF-8")))
        }
    }
}

/// One value that two variables may hold.
fn either(name: &str, alias: &str) -> Result<Option<String>, Failure> {
    match (variable(name)?, variable(alias)?) {
        (Some(a), Some(b)) if a != b => Err(Failure::credentials(format!(
            "{name} and {alias} hold different values; unset one"
        ))),
        (a, b) => Ok(a.or(b)),
    }
}
