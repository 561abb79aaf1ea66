//! How `--dry-run` prints a request.

use std::collections::BTreeMap;

use atlas_admin::sanitize;
use bytes::Bytes;
use http::{Request, header};
use serde::Serialize;
use serde_json::Value;

use super::Output;
use crate::error::CliError;

/// A request with its secrets masked.
#[derive(Serialize)]
pub(crate) struct RequestPreview {
    method: String,
    url: String,
    headers: BTreeMap<String, String>,
    body: Option<Value>,
}

impl RequestPreview {
    /// Adds the headers that are set while sending: `authorization`, and those of HTTP itself.
    pub(crate) fn new(request: &Request<Bytes>, authorization: String) -> Self {
        let mut headers: BTreeMap<_, _> = request
            .headers()
            .iter()
            .map(|(name, value)| {
                let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
                (name.to_string(), value)
            })
            .collect();
        let authority = request.uri().authority().map(ToString::to_string);
        headers.insert(header::HOST.to_string(), authority.unwrap_or_default());
        headers.insert(header::AUTHORIZATION.to_string(), authorization);
        headers.insert(header::ACCEPT_ENCODING.to_string(), "gzip".to_owned());
        if !request.body().is_empty() {
            let length = request.body().len().to_string();
            headers.insert(header::CONTENT_LENGTH.to_string(), length);
        }
        Self {
            method: request.method().to_string(),
            url: request.uri().to_string(),
            headers,
            body: serde_json::from_slice(request.body()).ok(),
        }
    }

    fn to_text(&self) -> String {
        let mut text = format!("{} {}\n", self.method, self.url);
        for (name, value) in &self.headers {
            text.push_str(&format!("{name}: {}\n", sanitize(value)));
        }
        if let Some(body) = &self.body {
            text.push_str(&format!("\n{}\n", sanitize(&body.to_string())));
        }
        text
    }
}

/// Prints one request.
pub(crate) fn print(request: &RequestPreview, output: &Output) -> Result<(), CliError> {
    if output.format.is_document() {
        output.data(request)
    } else {
        output.text(&request.to_text())
    }
}

/// Prints requests one after the other, or as a list in JSON and YAML.
pub(crate) fn print_all(requests: &[RequestPreview], output: &Output) -> Result<(), CliError> {
    if output.format.is_document() {
        return output.data(&requests);
    }
    let texts: Vec<_> = requests.iter().map(RequestPreview::to_text).collect();
    output.text(&texts.join("\n"))
}
