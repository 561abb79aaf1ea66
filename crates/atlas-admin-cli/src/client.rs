//! SDK clients and calls, as the settings ask for them.

use std::{fs, path::PathBuf};

use atlas_admin::{
    ApiKey, Client, ClientBuilder, Credentials, Error, FileStore, GetOrgApiKey,
    ReplaceProjectRoles, Response, UpdateOrgApiKey,
};
use etcetera::BaseStrategy;

use crate::{
    config::{Config, ResolvedCredentials, Sourced},
    error::CliError,
    service::Service,
};

/// A call that is ready to be sent.
pub(crate) enum Call {
    Get(GetOrgApiKey),
    Update(UpdateOrgApiKey),
    ReplaceRoles(ReplaceProjectRoles),
}

impl Call {
    pub(crate) async fn send(self) -> Result<Response<ApiKey>, Error> {
        match self {
            Self::Get(call) => call.send().await,
            Self::Update(call) => call.send().await,
            Self::ReplaceRoles(call) => call.send().await,
        }
    }
}

/// A client that is closed after use.
pub(crate) struct Session {
    pub(crate) client: Client,
    revoke_token: bool,
}

impl Session {
    /// Opens a session for a single call.
    pub(crate) fn open(config: &Config) -> Result<Self, CliError> {
        Self::open_with(config, |builder| builder)
    }

    /// Opens a session for many concurrent calls, which respects the rate limit.
    pub(crate) fn open_rate_limited(config: &Config) -> Result<Self, CliError> {
        Self::open_with(config, |builder| builder.limit_rate(true))
    }

    fn open_with(
        config: &Config,
        adjust: impl FnOnce(ClientBuilder) -> ClientBuilder,
    ) -> Result<Self, CliError> {
        let credentials = config.credentials()?.value;
        let is_service_account = matches!(credentials, ResolvedCredentials::ServiceAccount { .. });
        let mut builder = adjust(builder(config, credentials.into_sdk())?);
        let mut revoke_token = false;
        if is_service_account {
            match token_folder() {
                Some(folder) => builder = builder.token_store(FileStore::new(folder)),
                None => revoke_token = true,
            }
        }
        Ok(Self {
            client: build(config, builder)?,
            revoke_token,
        })
    }

    /// Revokes the access token if it is not stored for the next run.
    pub(crate) async fn close(self) {
        if self.revoke_token {
            // The call's result matters more, and the token expires within the hour.
            let _ = self.client.revoke_token().await;
        }
    }
}

/// Returns a client builder with all settings.
pub(crate) fn builder(
    config: &Config,
    credentials: Credentials,
) -> Result<ClientBuilder, CliError> {
    builder_at(config, credentials, config.base_url.as_ref())
}

/// Returns the same for another base URL.
pub(crate) fn builder_at(
    config: &Config,
    credentials: Credentials,
    base_url: Option<&Sourced<String>>,
) -> Result<ClientBuilder, CliError> {
    let mut builder = Client::builder().credentials(credentials);
    builder = match (config.service.value, base_url) {
        (Service::OpsManager, Some(url)) => from(&url.origin, builder.ops_manager(&url.value))?,
        (_, Some(url)) => from(&url.origin, builder.base_url(&url.value))?,
        (_, None) => builder,
    };
    if config.service.value == Service::AtlasV1 {
        builder = builder.atlas_v1();
    }
    if let Some(version) = &config.api_version {
        builder = builder.api_version(version.value);
    }
    if config.allow_insecure_http {
        builder = builder.allow_insecure_http();
    }
    if let Some(path) = &config.ca_file {
        let pem = fs::read(path)
            .map_err(|error| CliError::input(format!("cannot read {}: {error}", path.display())))?;
        builder = from(&path.display(), builder.add_root_certificate(pem))?;
    }
    Ok(builder.user_agent_suffix("cli"))
}

/// Builds the client, and names the flag that allows plain HTTP where that is missing.
pub(crate) fn build(config: &Config, builder: ClientBuilder) -> Result<Client, CliError> {
    builder.clone().build().map_err(|error| {
        let needs_flag = !config.allow_insecure_http
            && error.is_input()
            && builder.allow_insecure_http().build().is_ok();
        match &config.base_url {
            Some(url) if needs_flag => CliError::input(format!(
                "{} is unencrypted HTTP to another machine; use https or --allow-insecure-http",
                url.value
            )),
            _ => CliError::Call(error),
        }
    })
}

fn from<T>(origin: &impl std::fmt::Display, result: Result<T, Error>) -> Result<T, CliError> {
    result.map_err(|error| CliError::input(format!("{origin}: {error}")))
}

/// Returns the folder with the access tokens of service accounts.
fn token_folder() -> Option<PathBuf> {
    let strategy = etcetera::choose_base_strategy().ok()?;
    Some(strategy.cache_dir().join("atlas-admin").join("tokens"))
}
