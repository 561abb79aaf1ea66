//! A client as the settings ask for it.

use std::fs;

use atlas_admin::{Client, ClientBuilder, Credentials, Error, FileStore};
use etcetera::BaseStrategy;

use crate::{
    exit::Failure,
    service::Service,
    settings::{Login, Settings, Sourced},
};

/// A client, and what has to be done when it is no longer needed.
pub(crate) struct Connection {
    pub(crate) client: Client,
    revoke: bool,
}

impl Connection {
    /// Gives back a token that is kept nowhere.
    pub(crate) async fn close(self) {
        if self.revoke {
            // The work is done; a token that stays dies within the hour.
            let _ = self.client.revoke_token().await;
        }
    }
}

/// A client for single calls.
pub(crate) fn connect(settings: &Settings) -> Result<Connection, Failure> {
    connect_with(settings, |builder| builder)
}

/// A client for many calls at once, which waits for the rate limit.
pub(crate) fn connect_paced(settings: &Settings) -> Result<Connection, Failure> {
    connect_with(settings, |builder| builder.limit_rate(true))
}

fn connect_with(
    settings: &Settings,
    adjust: impl FnOnce(ClientBuilder) -> ClientBuilder,
) -> Result<Connection, Failure> {
    let login = settings.login()?.value;
    let is_account = matches!(login, Login::ServiceAccount { .. });
    let mut builder = adjust(builder(settings, login.credentials())?);
    let mut revoke = false;
    if is_account {
        match token_folder() {
            Some(folder) => builder = builder.token_store(FileStore::new(folder)),
            None => revoke = true,
        }
    }
    let client = build(settings, builder)?;
    Ok(Connection { client, revoke })
}

/// A builder with everything that the settings say.
pub(crate) fn builder(
    settings: &Settings,
    credentials: Credentials,
) -> Result<ClientBuilder, Failure> {
    builder_at(settings, credentials, settings.address.as_ref())
}

/// The same for a service that is elsewhere.
pub(crate) fn builder_at(
    settings: &Settings,
    credentials: Credentials,
    address: Option<&Sourced<String>>,
) -> Result<ClientBuilder, Failure> {
    let mut builder = Client::builder().credentials(credentials);
    builder = match (settings.service.value, address) {
        (Service::OpsManager, Some(url)) => at(&url.origin, builder.ops_manager(&url.value))?,
        (_, Some(url)) => at(&url.origin, builder.base_url(&url.value))?,
        (_, None) => builder,
    };
    if settings.service.value == Service::AtlasV1 {
        builder = builder.atlas_v1();
    }
    if let Some(version) = &settings.api_version {
        builder = builder.api_version(version.value);
    }
    if settings.allow_insecure_http {
        builder = builder.allow_insecure_http();
    }
    if let Some(path) = &settings.ca_file {
        let pem = fs::read(path)
            .map_err(|error| Failure::input(format!("cannot read {}: {error}", path.display())))?;
        builder = at(
            &path.display().to_string(),
            builder.add_root_certificate(pem),
        )?;
    }
    Ok(builder.user_agent_suffix("cli"))
}

/// Makes the client. Of all that can be wrong then, one has a flag here.
pub(crate) fn build(settings: &Settings, builder: ClientBuilder) -> Result<Client, Failure> {
    builder.clone().build().map_err(|error| {
        let lacks_permission = !settings.allow_insecure_http
            && error.is_input()
            && builder.allow_insecure_http().build().is_ok();
        match &settings.address {
            Some(url) if lacks_permission => Failure::input(format!(
                "{} is plain HTTP to another machine; use https, or --allow-insecure-http",
                url.value
            )),
            _ => Failure::Call(error),
        }
    })
}

fn at<T>(origin: &str, result: Result<T, Error>) -> Result<T, Failure> {
    result.map_err(|error| Failure::input(format!("{origin}: {error}")))
}

/// Where the tokens of service accounts are kept.
fn token_folder() -> Option<std::path::PathBuf> {
    let places = etcetera::choose_base_strategy().ok()?;
    Some(places.cache_dir().join("atlas-admin").join("tokens"))
}
