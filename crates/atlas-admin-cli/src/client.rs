//! SDK clients and calls, as the settings ask for them.

use std::{fmt, io, sync::Arc};

use atlas_admin::{Client, ClientBuilder, Credentials, Error, quote};
use bytes::Bytes;
use futures_util::{FutureExt, future::BoxFuture};

use crate::{
    config::{Config, MASK, ResolvedCredentials},
    error::CliError,
    text,
    token_cache::TokenCache,
    ui::{Output, request::RequestPreview},
};

/// A call that is ready to be sent, or to be shown.
pub(crate) struct Call<T> {
    /// Its request, or the first one of several.
    request: http::Request<Bytes>,
    response: BoxFuture<'static, Result<T, Error>>,
}

impl<T> Call<T> {
    /// Returns a call if its input is valid: `request` is what the builder of `response` would
    /// send.
    pub(crate) fn new(
        request: Result<http::Request<Bytes>, Error>,
        response: impl IntoFuture<Output = Result<T, Error>, IntoFuture: Send + 'static>,
    ) -> Result<Self, Error> {
        Ok(Self {
            request: request?,
            response: response.into_future().boxed(),
        })
    }

    pub(crate) async fn send(self) -> Result<T, Error> {
        self.response.await
    }
}

/// A client that is closed after use.
pub(crate) struct Session {
    pub(crate) client: Client,
    /// The public key that it signs in with, unless it has other credentials.
    pub(crate) public_key: Option<String>,
    /// For service accounts.
    token_cache: Option<Arc<TokenCache>>,
}

impl Session {
    /// Opens a session for a single call.
    pub(crate) fn open(config: &Config, output: &Output) -> Result<Self, CliError> {
        Self::open_with(config, output, |builder| builder)
    }

    /// Opens a session for many concurrent calls, which respects the rate limit.
    pub(crate) fn open_rate_limited(config: &Config, output: &Output) -> Result<Self, CliError> {
        Self::open_with(config, output, |builder| builder.limit_rate(true))
    }

    fn open_with(
        config: &Config,
        output: &Output,
        adjust: impl FnOnce(ClientBuilder) -> ClientBuilder,
    ) -> Result<Self, CliError> {
        let credentials = config.credentials()?.value;
        let is_service_account = matches!(credentials, ResolvedCredentials::ServiceAccount { .. });
        let public_key = match &credentials {
            ResolvedCredentials::ApiKey { public, .. } => Some(public.clone()),
            _ => None,
        };
        let mut builder = adjust(builder(config, credentials.into_sdk())?);
        let token_cache = is_service_account.then(|| Arc::new(TokenCache::open(output)));
        if let Some(cache) = &token_cache {
            builder = builder.token_store(Arc::clone(cache));
        }
        Ok(Self {
            client: build(config, builder)?,
            public_key,
            token_cache,
        })
    }

    /// Revokes the access token if it is not stored for the next run.
    pub(crate) async fn close(self) {
        if self.token_cache.is_some_and(|cache| cache.is_in_memory()) {
            // The call's result matters more, and the token expires within the hour.
            let _ = self.client.revoke_token().await;
        }
    }
}

/// A client for `--dry-run`, which works without credentials and never knows the secret.
pub(crate) struct DryRun {
    pub(crate) client: Client,
    authorization: String,
}

impl DryRun {
    pub(crate) fn new(config: &Config, output: &Output) -> Result<Self, CliError> {
        let credentials = match config.credentials() {
            Ok(credentials) => Some(credentials.value),
            Err(error) => {
                output.note(&format!("warning: {error}"));
                None
            }
        };
        let (placeholder, authorization) = match credentials {
            Some(ResolvedCredentials::ServiceAccount { .. } | ResolvedCredentials::Token(_)) => {
                (Credentials::bearer("dry-run"), format!("Bearer {MASK}"))
            }
            Some(ResolvedCredentials::ApiKey { public, .. }) => (
                Credentials::digest(&*public, "dry-run"),
                format!("Digest username={}, {MASK}", quote(&public)),
            ),
            None => (
                Credentials::digest("dry-run", "dry-run"),
                format!("Digest {MASK}"),
            ),
        };
        Ok(Self {
            client: build(config, builder(config, placeholder)?)?,
            authorization,
        })
    }

    /// Returns the request that the call would send.
    pub(crate) fn preview<T>(&self, call: &Call<T>) -> RequestPreview {
        RequestPreview::new(&call.request, self.authorization.clone())
    }
}

/// Returns a client builder with all settings.
fn builder(config: &Config, credentials: Credentials) -> Result<ClientBuilder, CliError> {
    let mut builder = Client::builder()
        .credentials(credentials)
        .service(config.service.value)
        .user_agent_suffix("cli");
    let base_url = &config.base_url;
    builder = builder.base_url(&base_url.value);
    with_origin(&base_url.origin, builder.validate())?;
    if let Some(version) = &config.api_version {
        builder = builder.api_version(version.value);
    }
    if config.allow_insecure_http {
        builder = builder.allow_insecure_http();
    }
    if let Some(path) = &config.ca_file {
        let pem = text::read(path).map_err(|error| {
            let advice = match error.kind() {
                io::ErrorKind::InvalidData => "; certificates must be in PEM",
                _ => "",
            };
            CliError::input(format!("cannot read {}: {error}{advice}", path.display()))
        })?;
        builder = builder.add_root_certificate(pem);
        with_origin(path.display(), builder.validate())?;
    }
    Ok(builder)
}

/// Builds the client. An error about plain HTTP names the flag that allows it.
fn build(config: &Config, builder: ClientBuilder) -> Result<Client, CliError> {
    builder.clone().build().map_err(|error| {
        let needs_flag = !config.allow_insecure_http
            && error.is_input()
            && builder.allow_insecure_http().build().is_ok();
        if !needs_flag {
            return CliError::Call(error);
        }
        CliError::input(format!(
            "{} is unencrypted HTTP to another machine; use https or --allow-insecure-http",
            config.base_url.value
        ))
    })
}

fn with_origin<T>(
    origin: impl fmt::Display,
    result: Result<T, impl fmt::Display>,
) -> Result<T, CliError> {
    result.map_err(|error| CliError::input(format!("{origin}: {error}")))
}
