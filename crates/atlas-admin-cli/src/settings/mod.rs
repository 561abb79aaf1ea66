//! Who asks which service: five sources, of which the first that knows wins.
//!
//! 1. flags,
//! 2. the profile that `--profile` names,
//! 3. the environment,
//! 4. the profile `default` of the configuration file,
//! 5. the profile `default` of the Atlas CLI's own file.
//!
//! Each setting is looked up for itself, but the two halves of credentials are
//! never put together from two sources, unless a flag gives the secret half.

mod atlas_cli;
mod environment;
mod flags;
mod layer;
mod login;
mod profile;
mod secret;

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use atlas_admin::{ApiVersion, OrgId, ProjectId};

pub(crate) use self::{
    layer::Layer,
    login::{Login, LoginParts},
};
use crate::{cli::Global, exit::Failure, output::Output, service::Service};

/// What is shown in the place of a secret.
pub(crate) const MASK: &str = "********";

/// A value and where it is from.
#[derive(Debug, Clone)]
pub(crate) struct Sourced<T> {
    pub(crate) value: T,
    pub(crate) origin: String,
}

/// What the sources say, all together.
pub(crate) struct Settings {
    pub(crate) service: Sourced<Service>,
    /// Where the service is; `None` for Atlas where it always is.
    pub(crate) address: Option<Sourced<String>>,
    pub(crate) api_version: Option<Sourced<ApiVersion>>,
    pub(crate) org: Option<Sourced<String>>,
    pub(crate) project: Option<Sourced<String>>,
    pub(crate) ca_file: Option<PathBuf>,
    pub(crate) allow_insecure_http: bool,
    /// The sources, in order.
    pub(crate) layers: Vec<Layer>,
}

impl Settings {
    /// Asks all sources.
    pub(crate) fn gather(global: &Global, output: &Output) -> Result<Self, Failure> {
        let mut layers = vec![flags::layer(global)];
        let ours = profile::File::open(global.config.as_deref())?;
        let theirs = atlas_cli::File::open();
        if let Some(name) = &global.profile {
            let named = ours.profile(name).or_else(|| theirs.profile(name));
            layers.push(named.ok_or_else(|| no_such_profile(name, &ours, &theirs))?);
        }
        layers.push(environment::layer());
        layers.push(ours.profile_or_empty("default"));
        layers.push(theirs.profile_or_empty("default"));
        let secret_files = layers.iter().flat_map(|layer| &layer.secret_files);
        let files: BTreeSet<&Path> = secret_files
            .map(PathBuf::as_path)
            .chain(ours.with_secrets())
            .collect();
        for warning in files.into_iter().filter_map(secret::warning) {
            output.note(&warning);
        }
        Self::resolve(layers, global)
    }

    fn resolve(layers: Vec<Layer>, global: &Global) -> Result<Self, Failure> {
        let service = service(&layers)?;
        Ok(Self {
            address: address(&layers, service.value)?,
            api_version: first(&layers, |layer| layer.api_version),
            org: first(&layers, |layer| layer.org.clone()),
            project: first(&layers, |layer| layer.project.clone()),
            ca_file: global.ca_file.clone(),
            allow_insecure_http: global.allow_insecure_http,
            service,
            layers,
        })
    }

    /// The credentials to use.
    pub(crate) fn login(&self) -> Result<Sourced<Login>, Failure> {
        let login = login::choose(&self.layers)?;
        if self.service.value == Service::OpsManager && !matches!(login.value, Login::ApiKey { .. })
        {
            return Err(Failure::credentials(format!(
                "Ops Manager takes API keys only, and {} has {}; give an API key",
                login.origin,
                login.value.kind()
            )));
        }
        Ok(login)
    }

    /// The organization: `flag`, or the one that a source names.
    pub(crate) fn org(&self, flag: Option<&OrgId>) -> Result<OrgId, Failure> {
        let set = || self.org.as_ref();
        match flag {
            Some(id) => Ok(id.clone()),
            None => parse_id(set(), "organization", "--org or MONGODB_ATLAS_ORG_ID"),
        }
    }

    /// The project: `flag`, or the one that a source names.
    pub(crate) fn project(&self, flag: Option<&ProjectId>) -> Result<ProjectId, Failure> {
        let set = || self.project.as_ref();
        match flag {
            Some(id) => Ok(id.clone()),
            None => parse_id(set(), "project", "--project or MONGODB_ATLAS_PROJECT_ID"),
        }
    }
}

fn parse_id<T: std::str::FromStr<Err = atlas_admin::ParseError>>(
    set: Option<&Sourced<String>>,
    what: &str,
    hint: &str,
) -> Result<T, Failure> {
    let Some(set) = set else {
        return Err(Failure::input(format!("no {what} is named; give {hint}")));
    };
    set.value.parse().map_err(|error: atlas_admin::ParseError| {
        Failure::input(format!("{}: {error}", set.origin))
    })
}

fn first<T>(layers: &[Layer], get: impl Fn(&Layer) -> Option<T>) -> Option<Sourced<T>> {
    layers.iter().find_map(|layer| {
        get(layer).map(|value| Sourced {
            value,
            origin: layer.origin.clone(),
        })
    })
}

/// The service that is named, or else the one that the first address is of.
fn service(layers: &[Layer]) -> Result<Sourced<Service>, Failure> {
    if let Some(named) = first(layers, |layer| layer.service) {
        return Ok(named);
    }
    for layer in layers {
        let value = match (&layer.base_url, &layer.ops_manager_url) {
            (None, None) => continue,
            (Some(atlas), Some(ops_manager)) if atlas != ops_manager => {
                return Err(Failure::input(format!(
                    "{} has addresses of both Atlas and Ops Manager; say which one with --service",
                    layer.origin
                )));
            }
            (None, Some(_)) => Service::OpsManager,
            (Some(_), _) => Service::AtlasV2,
        };
        return Ok(Sourced {
            value,
            origin: format!("the address, {}", layer.origin),
        });
    }
    Ok(Sourced {
        value: Service::AtlasV2,
        origin: "the default".to_owned(),
    })
}

fn address(layers: &[Layer], service: Service) -> Result<Option<Sourced<String>>, Failure> {
    let address = if service == Service::OpsManager {
        let address = first(layers, |layer| layer.ops_manager_url.clone());
        Some(address.ok_or_else(|| {
            Failure::input(
                "no Ops Manager address; give --base-url or MONGODB_ATLAS_OPS_MANAGER_URL",
            )
        })?)
    } else {
        first(layers, |layer| layer.base_url.clone())
    };
    // It will be shown, and so no secret may be in it.
    if let Some(Sourced { value, origin }) = &address
        && value.contains('@')
    {
        return Err(Failure::input(format!(
            "{origin}: the address has a user or a password in it; give credentials apart from it"
        )));
    }
    if let Some(Sourced { value, origin }) = &address
        && value.contains(char::REPLACEMENT_CHARACTER)
    {
        return Err(Failure::input(format!(
            "{origin}: the address is not UTF-8"
        )));
    }
    Ok(address)
}

fn no_such_profile(name: &str, ours: &profile::File, theirs: &atlas_cli::File) -> Failure {
    let mut known = ours.names();
    known.extend(theirs.names());
    known.sort();
    known.dedup();
    let known = if known.is_empty() {
        "there are none".to_owned()
    } else {
        format!("there are {}", known.join(", "))
    };
    Failure::input(format!(
        "no profile {name} in {} or {}; {known}",
        ours.place(),
        theirs.place()
    ))
}
