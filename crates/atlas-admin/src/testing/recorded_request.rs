//! What a client sent.

use http::{Method, header};
use percent_encoding::percent_decode_str;
use reqwest::Request;
use serde_json::Value;

use super::Operation;
use crate::model::response::headers;

/// A request that reached a [`FakeService`](super::FakeService), without credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecordedRequest {
    /// The operation.
    pub operation: Operation,
    /// The method.
    pub method: Method,
    /// The whole path, including the service's base path, such as `/api/atlas/v2`.
    pub path: String,
    /// The query parameters, in order.
    pub query: Vec<(String, String)>,
    /// The accepted media type, which carries the version on Atlas v2.
    pub accept: String,
    /// The media type of the body, if there is one.
    pub content_type: Option<String>,
    /// The body, if there is one.
    pub body: Option<Value>,
}

impl RecordedRequest {
    pub(super) fn new(operation: Operation, request: &Request) -> Self {
        let text = |name: header::HeaderName| {
            let value = headers::text(request.headers(), &name);
            value.map(str::to_owned)
        };
        let body = request.body().and_then(reqwest::Body::as_bytes);
        Self {
            operation,
            method: request.method().clone(),
            path: request.url().path().to_owned(),
            query: request.url().query_pairs().into_owned().collect(),
            accept: text(header::ACCEPT).unwrap_or_default(),
            content_type: text(header::CONTENT_TYPE),
            body: body.and_then(|body| serde_json::from_slice(body).ok()),
        }
    }

    /// Returns the id of the API key in the path, or an empty text for a list or a creation.
    #[must_use]
    pub fn api_key_id(&self) -> &str {
        self.after("apiKeys")
    }

    /// Returns the id of the organization in the path, or an empty text for a project
    /// operation.
    #[must_use]
    pub fn org_id(&self) -> &str {
        self.after("orgs")
    }

    /// Returns the id of the project in the path, or an empty text for an organization
    /// operation.
    #[must_use]
    pub fn project_id(&self) -> &str {
        self.after("groups")
    }

    /// Returns the access list entry in the path, such as `203.0.113.0/24`, or an empty text if
    /// there is none.
    #[must_use]
    pub fn entry(&self) -> String {
        percent_decode_str(self.after("accessList"))
            .decode_utf8_lossy()
            .into_owned()
    }

    /// Returns a number in the query.
    pub(super) fn query_number(&self, name: &str) -> Option<usize> {
        let (_, value) = self.query.iter().find(|(known, _)| known == name)?;
        value.parse().ok()
    }

    pub(super) fn has_envelope(&self) -> bool {
        let is_it = |(name, value): &(String, String)| name == "envelope" && value == "true";
        self.query.iter().any(is_it)
    }

    fn after(&self, name: &str) -> &str {
        let mut segments = self.path.split('/').skip_while(|segment| *segment != name);
        segments.nth(1).unwrap_or_default()
    }
}
