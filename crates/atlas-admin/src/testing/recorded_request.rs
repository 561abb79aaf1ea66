//! What a client sent.

use http::{Method, header};
use reqwest::Request;
use serde_json::Value;

use super::Operation;
use crate::model::response::headers;

/// A request as it reached [`FakeService`](super::FakeService), without credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecordedRequest {
    /// The operation that it was made for.
    pub operation: Operation,
    /// The method.
    pub method: Method,
    /// The whole path, with the service's own part of it, such as `/api/atlas/v2`.
    pub path: String,
    /// The query parameters in the order sent.
    pub query: Vec<(String, String)>,
    /// The type of the answer that is asked for, which carries the version on Atlas
    /// v2.
    pub accept: String,
    /// The type of the body, of a request that has one.
    pub content_type: Option<String>,
    /// The body, of a request that has one.
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

    /// The id of the API key in the path.
    #[must_use]
    pub fn api_key_id(&self) -> &str {
        self.after("apiKeys")
    }

    /// The id of the organization in the path. Empty for a request to a project.
    #[must_use]
    pub fn org_id(&self) -> &str {
        self.after("orgs")
    }

    /// The id of the project in the path. Empty for a request to an organization.
    #[must_use]
    pub fn project_id(&self) -> &str {
        self.after("groups")
    }

    pub(super) fn wants_envelope(&self) -> bool {
        let is_it = |(name, value): &(String, String)| name == "envelope" && value == "true";
        self.query.iter().any(is_it)
    }

    fn after(&self, name: &str) -> &str {
        let mut segments = self.path.split('/').skip_while(|segment| *segment != name);
        segments.nth(1).unwrap_or_default()
    }
}
