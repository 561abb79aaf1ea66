//! The protocol with a third-party client: JSON on standard input and output, whatever language
//! the client is written in.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Updates to make one after the other.
#[derive(Debug, Serialize)]
pub(crate) struct Job {
    pub(crate) base_url: String,
    pub(crate) auth: Auth,
    /// Seconds between two updates.
    pub(crate) pause: f64,
    pub(crate) updates: Vec<Update>,
}

#[derive(Debug, Serialize)]
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

/// One update, both for clients that send HTTP requests and for those with typed methods.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Update {
    pub(crate) operation: Operation,
    pub(crate) scope_id: String,
    pub(crate) key_id: String,
    pub(crate) path: String,
    pub(crate) accept: &'static str,
    pub(crate) content_type: &'static str,
    pub(crate) body: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Operation {
    Org,
    Project,
}

/// The response to an update or, if the client got no token, that of the token endpoint.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) media_type: Option<String>,
    /// `X-Error-Code`.
    pub(crate) error_code: Option<String>,
    pub(crate) body: Value,
}
