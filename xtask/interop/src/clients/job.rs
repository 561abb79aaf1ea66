//! The protocol with a third-party client: JSON on standard input and output, whatever language
//! the client is written in.

use atlas_emulator::Service;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{operation::Operation, service};

/// Requests to send one after the other.
#[derive(Debug, Serialize)]
pub(crate) struct Job {
    pub(crate) base_url: String,
    pub(crate) auth: Auth,
    /// Seconds between two requests.
    pub(crate) pause: f64,
    pub(crate) requests: Vec<Request>,
}

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Auth {
    Digest {
        public_key: String,
        private_key: String,
    },
    /// The client requests the token itself.
    ServiceAccount {
        client_id: String,
        client_secret: String,
    },
}

/// One request, both for clients that send HTTP requests and for those with typed methods.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Request {
    pub(crate) operation: Operation,
    pub(crate) method: &'static str,
    /// The organization or project.
    pub(crate) scope_id: String,
    /// Empty for a list and a creation.
    pub(crate) key_id: String,
    /// The entry of an access list, or empty.
    pub(crate) entry: String,
    pub(crate) path: String,
    pub(crate) accept: &'static str,
    pub(crate) content_type: &'static str,
    /// Empty if there is none.
    pub(crate) body: String,
}

/// The response to a request or, if the client got no token, that of the token endpoint.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) media_type: Option<String>,
    /// `X-Error-Code`.
    pub(crate) error_code: Option<String>,
    pub(crate) body: Value,
}

impl Request {
    /// Creates a request with the media type of the service's newest version.
    pub(crate) fn new(
        service: Service,
        operation: Operation,
        scope_id: &str,
        key_id: &str,
        entry: &str,
        body: &str,
    ) -> Self {
        Self {
            operation,
            method: operation.method,
            scope_id: scope_id.to_owned(),
            key_id: key_id.to_owned(),
            entry: entry.to_owned(),
            path: operation.path(service, scope_id, key_id, entry),
            accept: service::media_type(service),
            content_type: service::media_type(service),
            body: body.to_owned(),
        }
    }
}
