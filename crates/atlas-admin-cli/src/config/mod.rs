//! Settings and credentials from five sources; the first that has a setting wins.
//!
//! 1. flags,
//! 2. the profile that `--profile` names,
//! 3. the environment,
//! 4. the profile `default` of the configuration file,
//! 5. the profile `default` of the Atlas CLI.
//!
//! Without `--profile`, `MONGODB_ATLAS_PROFILE` names the profile of the last two.
//!
//! Each setting is looked up on its own, but both halves of credentials come from the same
//! source, unless a flag gives the secret.

mod atlas_cli;
mod content;
mod credentials;
mod environment;
mod flags;
mod layer;
mod profile;
mod secret;

use std::{
    collections::BTreeSet,
    fmt,
    path::{Path, PathBuf},
    str::FromStr,
};

use atlas_admin::{ApiVersion, OrgId, ProjectId, Service, looks_like_secret, quote};
use serde::Serialize;

use self::layer::Layer;
pub(crate) use self::{
    credentials::{CredentialParts, ResolvedCredentials},
    environment::{PRIVATE_KEY_VARIABLE, PUBLIC_KEY_VARIABLE, credential_variables},
};
use crate::{args::GlobalArgs, error::CliError, ui::Output};

/// Shown in place of a secret.
pub(crate) const MASK: &str = "********";

/// Returns a setting as it may be shown: a secret in its place is masked.
pub(crate) fn shown(text: &str) -> &str {
    if looks_like_secret(text) { MASK } else { text }
}

/// A value and the name of its source.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Sourced<T> {
    pub(crate) value: T,
    #[serde(rename = "from")]
    pub(crate) origin: String,
}

impl<T> Sourced<T> {
    fn default(value: T) -> Self {
        Self {
            value,
            origin: "the default".to_owned(),
        }
    }
}

/// The settings of all sources, combined.
pub(crate) struct Config {
    pub(crate) service: Sourced<Service>,
    pub(crate) base_url: Sourced<String>,
    /// `None` for services without versions.
    pub(crate) api_version: Option<Sourced<ApiVersion>>,
    pub(crate) org: Option<Sourced<String>>,
    pub(crate) project: Option<Sourced<String>>,
    pub(crate) ca_file: Option<PathBuf>,
    pub(crate) allow_insecure_http: bool,
    /// The sources, in order.
    pub(crate) layers: Vec<Layer>,
}

impl Config {
    /// Reads all sources, and warns about files with secrets that other users can read.
    pub(crate) fn load(global: &GlobalArgs, output: &Output) -> Result<Self, CliError> {
        let mut layers = vec![flags::layer(global)];
        let ours = profile::File::open(global.config.as_deref())?;
        let theirs = atlas_cli::File::open();
        if let Some(name) = &global.profile {
            let named = ours.profile(name).or_else(|| theirs.profile(name));
            layers.push(named.ok_or_else(|| no_such_profile("--profile", name, &ours, &theirs))?);
        }
        layers.push(environment::layer());
        let from_environment = environment::profile().filter(|_| global.profile.is_none());
        if let Some(name) = &from_environment
            && ours
                .profile(name)
                .or_else(|| theirs.profile(name))
                .is_none()
        {
            return Err(no_such_profile(environment::PROFILE, name, &ours, &theirs));
        }
        let name = from_environment.as_deref().unwrap_or("default");
        layers.push(ours.profile_or_empty(name));
        layers.push(theirs.profile_or_empty(name));
        let warnings = [
            ours.content.warning(&ours.display_path()),
            theirs.content.warning(&theirs.display_path()),
        ];
        for warning in warnings.into_iter().flatten() {
            output.note(&warning);
        }
        let secret_files = layers.iter().flat_map(|layer| &layer.secret_files);
        let files: BTreeSet<&Path> = secret_files
            .map(PathBuf::as_path)
            .chain(ours.path_with_secrets())
            .collect();
        for warning in files.into_iter().filter_map(secret::warning) {
            output.note(&warning);
        }
        Self::resolve(layers, global)
    }

    fn resolve(layers: Vec<Layer>, global: &GlobalArgs) -> Result<Self, CliError> {
        let service = service(&layers)?;
        Ok(Self {
            base_url: base_url(&layers, service.value)?,
            api_version: (service.value == Service::AtlasV2).then(|| {
                first(&layers, |layer| layer.api_version)
                    .unwrap_or_else(|| Sourced::default(ApiVersion::LATEST))
            }),
            org: first(&layers, |layer| layer.org.clone()),
            project: first(&layers, |layer| layer.project.clone()),
            ca_file: global.ca_file.clone(),
            allow_insecure_http: global.allow_insecure_http,
            service,
            layers,
        })
    }

    /// Returns the credentials of the first source that has any.
    pub(crate) fn credentials(&self) -> Result<Sourced<ResolvedCredentials>, CliError> {
        let credentials = first_credentials(&self.layers)?;
        let is_api_key = matches!(credentials.value, ResolvedCredentials::ApiKey { .. });
        if self.service.value == Service::OpsManager && !is_api_key {
            return Err(CliError::credentials(format!(
                "Ops Manager accepts API keys only, but {} has {}; set an API key",
                credentials.origin,
                credentials.value.kind()
            )));
        }
        Ok(credentials)
    }

    /// Returns the organization from a command's flag or from the settings.
    pub(crate) fn org(&self, flag: Option<&OrgId>) -> Result<OrgId, CliError> {
        let missing = "no organization is set; use --org or MONGODB_ATLAS_ORG_ID";
        id(flag, self.org.as_ref(), missing)
    }

    /// Returns the project from a command's flag or from the settings.
    pub(crate) fn project(&self, flag: Option<&ProjectId>) -> Result<ProjectId, CliError> {
        let missing = "no project is set; use --project or MONGODB_ATLAS_PROJECT_ID";
        id(flag, self.project.as_ref(), missing)
    }
}

/// Returns the names of all profiles. Files that cannot be read have none.
pub(crate) fn profile_names() -> Vec<String> {
    let ours = profile::File::open(None);
    let mut names = ours.map_or_else(|_| Vec::new(), |file| file.names());
    names.extend(atlas_cli::File::open().names());
    names.sort_unstable();
    names.dedup();
    names
}

fn id<T: Clone + FromStr<Err: fmt::Display>>(
    flag: Option<&T>,
    setting: Option<&Sourced<String>>,
    missing: &str,
) -> Result<T, CliError> {
    match (flag, setting) {
        (Some(id), _) => Ok(id.clone()),
        (None, Some(Sourced { value, origin })) => value
            .parse()
            .map_err(|error| CliError::input(format!("{origin}: {error}"))),
        (None, None) => Err(CliError::input(missing)),
    }
}

fn first<T>(layers: &[Layer], get: impl Fn(&Layer) -> Option<T>) -> Option<Sourced<T>> {
    layers.iter().find_map(|layer| {
        get(layer).map(|value| Sourced {
            value,
            origin: layer.origin.clone(),
        })
    })
}

/// Returns the service of the first source that names one or has a base URL of one.
fn service(layers: &[Layer]) -> Result<Sourced<Service>, CliError> {
    let is_ops_manager = |service| service == Service::OpsManager;
    // The service that the first base URL is of, unless it may be of either.
    let mut implied: Option<Sourced<Service>> = None;
    let mut fallback = None;
    for layer in layers {
        match (&layer.service, &implied) {
            (Some(Ok(named)), Some(implied))
                if is_ops_manager(named.service) != is_ops_manager(implied.value) => {}
            (Some(Ok(named)), _) => {
                return Ok(Sourced {
                    value: named.service,
                    origin: layer.origin.clone(),
                });
            }
            (Some(Err(reason)), None) => {
                return Err(CliError::input(format!("{}: {reason}", layer.origin)));
            }
            _ => {}
        }
        let by_url = |value| Sourced {
            value,
            origin: format!("the base URL, {}", layer.origin),
        };
        let urls = (&layer.base_url, &layer.ops_manager_url);
        match urls {
            _ if implied.is_some() || fallback.is_some() => {}
            (None, None) => {}
            (Some(_), None) => implied = Some(by_url(Service::AtlasV2)),
            (None, Some(_)) => implied = Some(by_url(Service::OpsManager)),
            (atlas, ops_manager) if atlas == ops_manager => {
                fallback = Some(Ok(by_url(Service::AtlasV2)));
            }
            _ => {
                fallback = Some(Err(CliError::input(format!(
                    "{} has base URLs of both Atlas and Ops Manager; choose one with --service",
                    layer.origin
                ))));
            }
        }
    }
    match (implied, fallback) {
        (Some(implied), _) => Ok(implied),
        (None, Some(fallback)) => fallback,
        (None, None) => Ok(Sourced::default(Service::AtlasV2)),
    }
}

fn base_url(layers: &[Layer], service: Service) -> Result<Sourced<String>, CliError> {
    let configured = first(layers, |layer| match service {
        Service::OpsManager => layer.ops_manager_url.clone(),
        _ => layer.base_url.clone(),
    });
    let default = || Some(Sourced::default(service.default_base_url()?.to_owned()));
    let url = configured.or_else(default).ok_or_else(|| {
        CliError::input(
            "no Ops Manager URL is set; use --base-url or MONGODB_ATLAS_OPS_MANAGER_URL",
        )
    })?;
    let Sourced { value, origin } = &url;
    // The URL is shown, so it must not hold a secret.
    if value.contains('@') {
        return Err(CliError::input(format!(
            "{origin}: the base URL contains a user name or password; set credentials separately"
        )));
    }
    if value.contains(char::REPLACEMENT_CHARACTER) {
        return Err(CliError::input(format!(
            "{origin}: the base URL is not UTF-8"
        )));
    }
    Ok(url)
}

/// Returns the credentials of the first source that has any.
fn first_credentials(layers: &[Layer]) -> Result<Sourced<ResolvedCredentials>, CliError> {
    // A secret from a flag waits for the first source with a public key or client ID.
    let mut secret = None;
    for layer in layers {
        let parts = match secret {
            Some(secret) => &layer.credentials.with_secret(secret),
            None => &layer.credentials,
        };
        let resolved = parts
            .resolve()
            .map_err(|reason| CliError::credentials(format!("{}: {reason}", layer.origin)))?;
        if let Some(value) = resolved {
            let origin = match secret {
                Some(_) => format!("{}, with the secret from flags", layer.origin),
                None => layer.origin.clone(),
            };
            return Ok(Sourced { value, origin });
        }
        // `resolve` has already failed for a secret that cannot be read.
        let from_flag = layer.credentials.secret.as_ref();
        secret = secret.or(from_flag.and_then(|secret| secret.as_ref().ok()));
    }
    Err(CliError::credentials(if secret.is_some() {
        "a secret without a public key or client ID; add --public-key or --client-id"
    } else {
        "no credentials; set MONGODB_ATLAS_PUBLIC_API_KEY and MONGODB_ATLAS_PRIVATE_API_KEY \
         or write a profile; run atlas-admin auth status to see the sources"
    }))
}

fn no_such_profile(
    setting: &str,
    name: &str,
    ours: &profile::File,
    theirs: &atlas_cli::File,
) -> CliError {
    let mut known = ours.names();
    known.extend(theirs.names());
    known.sort();
    known.dedup();
    let known = if known.is_empty() {
        "there are no profiles".to_owned()
    } else {
        format!("the profiles are {}", known.join(", "))
    };
    CliError::input(format!(
        "{setting}: no profile {} in {} or {}; {known}",
        quote(shown(name)),
        ours.content.describe(&ours.display_path()),
        theirs.content.describe(&theirs.display_path()),
    ))
}
