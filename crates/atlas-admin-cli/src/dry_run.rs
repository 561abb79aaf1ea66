//! What would be sent: the real client makes its requests to a listener on this
//! machine, which writes them down and passes nothing on.
//!
//! The client gets stand-ins for secrets, so that not even the listener sees one.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use atlas_admin::{ApiKey, Client, Credentials, Error, Response};
use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, Method, StatusCode, Uri, header},
    response::IntoResponse,
};
use serde::Serialize;
use serde_json::Value;
use tokio::net::TcpListener;
use url::Url;

use crate::{
    args::Format,
    client,
    config::{Config, MASK, ResolvedCredentials, Sourced},
    error::CliError,
    ui::Output,
};

const CHALLENGE: &str = r#"Digest realm="MMS Public API", domain="", nonce="preview", algorithm=MD5, qop="auth", stale=false"#;

/// A request as it would be sent, but for its secrets.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Preview {
    method: String,
    url: String,
    headers: BTreeMap<String, String>,
    body: Option<Value>,
}

/// A client that sends nothing to a service.
pub(crate) struct DryRun {
    client: Client,
    recorder: Arc<Recorder>,
}

struct Recorder {
    /// The scheme and host that stand for the listener's.
    origin: String,
    host: String,
    /// Who the requests are by, where that is no secret.
    user: Option<String>,
    last: Mutex<Option<Preview>>,
}

impl DryRun {
    /// Starts listening, on the running runtime.
    pub(crate) async fn start(config: &Config, output: &Output) -> Result<Self, CliError> {
        let login = match config.credentials() {
            Ok(login) => Some(login.value),
            Err(failure) => {
                output.note(&format!("warning: {failure}"));
                None
            }
        };
        let user = login
            .as_ref()
            .and_then(ResolvedCredentials::name)
            .map(str::to_owned);
        let stand_in = match login {
            Some(ResolvedCredentials::ServiceAccount { .. } | ResolvedCredentials::Token(_)) => {
                Credentials::bearer("preview")
            }
            _ => Credentials::digest(user.clone().unwrap_or_else(|| MASK.to_owned()), "preview"),
        };
        // What the real client would refuse is refused here too.
        let builder = client::builder(config, stand_in.clone())?;
        client::build(config, builder)?;

        let failed = |error| CliError::local("cannot listen on this machine", error);
        let listener = TcpListener::bind("127.0.0.1:0").await.map_err(failed)?;
        let local = listener.local_addr().map_err(failed)?;
        let address = config.base_url();
        let url = Url::parse(address.trim())
            .map_err(|error| CliError::input(format!("{address}: {error}")))?;
        let recorder = Arc::new(Recorder {
            origin: url.origin().ascii_serialization(),
            host: url.authority().to_owned(),
            user,
            last: Mutex::new(None),
        });
        let app = Router::new()
            .fallback(record)
            .with_state(Arc::clone(&recorder));
        tokio::spawn(async move { axum::serve(listener, app).await });

        let here = Sourced {
            value: format!("http://{local}{}", url.path().trim_end_matches('/')),
            origin: "preview".to_owned(),
        };
        // Past any proxy, or the requests would leave this machine after all.
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| CliError::local("cannot make an HTTP client", error))?;
        let client = client::builder_at(config, stand_in, Some(&here))?
            .http_client(http)
            .build()?;
        Ok(Self { client, recorder })
    }

    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// The request of a call made with [`Self::client`].
    pub(crate) async fn preview(
        &self,
        call: impl Future<Output = Result<Response<ApiKey>, Error>>,
    ) -> Result<Preview, CliError> {
        let answer = call.await;
        let mut last = self
            .recorder
            .last
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        match (last.take(), answer) {
            (Some(preview), _) => Ok(preview),
            (None, Err(error)) => Err(error.into()),
            (None, Ok(_)) => Err(CliError::Local("nothing was recorded".to_owned())),
        }
    }
}

async fn record(
    State(recorder): State<Arc<Recorder>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> impl IntoResponse {
    let Some(authorization) = headers.get(header::AUTHORIZATION) else {
        let challenge = [(header::WWW_AUTHENTICATE, CHALLENGE)];
        return (StatusCode::UNAUTHORIZED, challenge).into_response();
    };
    let is_bearer = authorization.as_bytes().starts_with(b"Bearer");
    let credentials = match &recorder.user {
        _ if is_bearer => format!("Bearer {MASK}"),
        Some(user) => format!("Digest username=\"{user}\", {MASK}"),
        None => format!("Digest {MASK}"),
    };
    let headers = headers
        .iter()
        .map(|(name, value)| {
            let value = match *name {
                header::HOST => recorder.host.clone(),
                header::AUTHORIZATION => credentials.clone(),
                _ => String::from_utf8_lossy(value.as_bytes()).into_owned(),
            };
            (name.as_str().to_owned(), value)
        })
        .collect();
    let preview = Preview {
        method: method.to_string(),
        url: format!("{}{uri}", recorder.origin),
        headers,
        body: serde_json::from_slice(&body).ok(),
    };
    *recorder.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(preview);
    // Not tried again, whatever the client's patience.
    StatusCode::BAD_REQUEST.into_response()
}

impl Preview {
    fn text(&self) -> String {
        let mut text = format!("{} {}\n", self.method, self.url);
        for (name, value) in &self.headers {
            text.push_str(&format!("{name}: {value}\n"));
        }
        if let Some(body) = &self.body {
            text.push_str(&format!("\n{body}\n"));
        }
        text
    }
}

/// Writes one request.
pub(crate) fn show(preview: &Preview, output: &Output) -> Result<(), CliError> {
    match output.format {
        Format::Table => output.text(&preview.text()),
        Format::Json | Format::Yaml => output.data(preview),
    }
}

/// Writes many requests: one after the other, or as one list.
pub(crate) fn show_all(previews: &[Preview], output: &Output) -> Result<(), CliError> {
    match output.format {
        Format::Table => {
            let texts: Vec<_> = previews.iter().map(Preview::text).collect();
            output.text(&texts.join("\n"))
        }
        Format::Json | Format::Yaml => output.data(&previews),
    }
}
