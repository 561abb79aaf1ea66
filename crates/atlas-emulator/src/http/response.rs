//! Rendering of responses: bodies, envelopes, pretty-printing, headers.

use axum::{body::Body, response::Response};
use http::{
    HeaderMap, HeaderName, HeaderValue, StatusCode,
    header::{self, CONTENT_TYPE, VARY, WWW_AUTHENTICATE},
};
use serde::{Serialize, Serializer, ser::SerializeMap};

use crate::{
    config::assumptions::{Assumptions, EmptyEnvelope},
    config::behavior::Behavior,
    http::error::ApiError,
    http::page::Page,
    http::pretty,
    spec::operation::Operation,
    spec::query::flag,
    spec::service::Service,
    spec::versions::VersionLifecycle,
    state::rate_limit::Allowance,
};

const ERROR_CODE: HeaderName = HeaderName::from_static("x-error-code");
const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit-limit");
const RATE_REMAINING: HeaderName = HeaderName::from_static("ratelimit-remaining");
const SERVICE_VERSION: HeaderName = HeaderName::from_static("x-mongodb-service-version");
const DEPRECATION: HeaderName = HeaderName::from_static("deprecation");
const SUNSET: HeaderName = HeaderName::from_static("sunset");
const JAVA_METHOD: HeaderName = HeaderName::from_static("x-java-method");

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const ACCEPT_ENCODING: HeaderValue = HeaderValue::from_static("Accept-Encoding");

/// Headers of every response except challenges.
const COMMON: [(HeaderName, HeaderValue); 6] = [
    (
        HeaderName::from_static("x-java-version"),
        HeaderValue::from_static("17.0.19+10-LTS"),
    ),
    (
        header::REFERRER_POLICY,
        HeaderValue::from_static("strict-origin-when-cross-origin"),
    ),
    (
        header::STRICT_TRANSPORT_SECURITY,
        HeaderValue::from_static("max-age=31536000; includeSubdomains;"),
    ),
    (
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    ),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (
        HeaderName::from_static("x-permitted-cross-domain-policies"),
        HeaderValue::from_static("none"),
    ),
];

/// The body of a challenge, which is always pretty-printed and has no parameters.
const CHALLENGE_BODY: &str = "{\n  \"error\" : 401,\n  \"reason\" : \"Unauthorized\",\n  \"detail\" : \"You are not authorized for this resource.\",\n  \"errorCode\" : \"UNEXPECTED_ERROR\"\n}";

/// Builds the response to a call, from what is known of the call so far.
pub(crate) struct ResponseBuilder<'a> {
    operation: &'a Operation,
    behavior: &'a Behavior,
    envelope: bool,
    pretty: bool,
    pub(crate) version: Option<&'a VersionLifecycle>,
    pub(crate) allowance: Option<Allowance>,
}

impl<'a> ResponseBuilder<'a> {
    pub(crate) fn new(operation: &'a Operation, query: &str, behavior: &'a Behavior) -> Self {
        Self {
            operation,
            behavior,
            envelope: flag(query, "envelope"),
            pretty: flag(query, "pretty"),
            version: None,
            allowance: None,
        }
    }

    /// Builds a 200 with `content`.
    pub(crate) fn success(&self, content: &impl Serialize) -> Response {
        self.succeeded(self.body(StatusCode::OK, content))
    }

    /// Builds a 200 with a page of a list. Its envelope is the page itself, with the status in it.
    pub(crate) fn page<T: Serialize>(&self, mut page: Page<T>) -> Response {
        page.status = self.envelope.then_some(StatusCode::OK.as_u16());
        let body = pretty::to_vec(&page, self.pretty);
        self.succeeded(self.with_headers(json(StatusCode::OK, body)))
    }

    /// Builds the response of an operation without a body: a 204, or a 200 with an empty object.
    pub(crate) fn empty(&self) -> Response {
        let assumptions = &self.behavior.assumptions;
        let has_object = self.operation.service == Service::OpsManagerV1
            && assumptions
                .ops_manager_empty_objects
                .contains(&self.operation.id);
        let nothing = serde_json::Map::new();
        let response = match assumptions.empty_envelope {
            EmptyEnvelope::Status if self.envelope => self.body(StatusCode::NO_CONTENT, &nothing),
            EmptyEnvelope::Ok if self.envelope => {
                let mut response = self.body(StatusCode::OK, &nothing);
                *response.body_mut() = Body::empty();
                response
            }
            _ if has_object => self.body(StatusCode::OK, &nothing),
            _ => {
                let mut response = self.with_headers(json(StatusCode::NO_CONTENT, Ok(Vec::new())));
                *response.body_mut() = Body::empty();
                response
            }
        };
        self.succeeded(response)
    }

    fn succeeded(&self, mut response: Response) -> Response {
        let headers = response.headers_mut();
        if let Some(version) = self.version {
            headers.insert(CONTENT_TYPE, version.content_type.clone());
            self.deprecation(headers);
        }
        headers.insert(
            SERVICE_VERSION,
            HeaderValue::from_static(concat!(
                "gitHash=0000000000000000000000000000000000000000; versionString=atlas-emulator-",
                env!("CARGO_PKG_VERSION")
            )),
        );
        response
    }

    /// Builds an error response.
    pub(crate) fn error(&self, error: ApiError) -> Response {
        let service = self.operation.service;
        let assumptions = &self.behavior.assumptions;
        let error = assumptions.amend(error, service);
        let reports_fields = service.reports_fields() && assumptions.field_details;
        let body = ErrorBody::new(&error, reports_fields);
        let mut response = self.body(error.status, &body);
        error_headers(response.headers_mut(), &error);
        if assumptions.deprecation_on_errors {
            self.deprecation(response.headers_mut());
        }
        response
    }

    fn deprecation(&self, headers: &mut HeaderMap) {
        let Some(version) = self.version else { return };
        let end = version.end(self.behavior.today());
        for (name, value) in [DEPRECATION, SUNSET].into_iter().zip(end) {
            if let Some(value) = value {
                headers.insert(name, value);
            }
        }
    }

    fn body(&self, status: StatusCode, content: &impl Serialize) -> Response {
        let (status, bytes) = if self.envelope {
            let assumptions = &self.behavior.assumptions;
            let enveloped = Envelope {
                status: status.as_u16(),
                key: &assumptions.envelope_key,
                content,
            };
            let visible = match assumptions.envelope_hides_status {
                true => StatusCode::OK,
                false => status,
            };
            (visible, pretty::to_vec(&enveloped, self.pretty))
        } else {
            (status, pretty::to_vec(content, self.pretty))
        };
        self.with_headers(json(status, bytes))
    }

    fn with_headers(&self, mut response: Response) -> Response {
        let headers = response.headers_mut();
        headers.extend(COMMON);
        if let Ok(method) = HeaderValue::try_from(self.operation.java_method()) {
            headers.insert(JAVA_METHOD, method);
        }
        if let Some(allowance) = self.allowance {
            headers.insert(RATE_LIMIT, allowance.limit.capacity.into());
            headers.insert(RATE_REMAINING, allowance.remaining.into());
        }
        response
    }
}

/// Builds an error response to a request outside of all operations.
pub(crate) fn unrouted(error: ApiError, assumptions: &Assumptions) -> Response {
    let error = assumptions.amend(error, Service::AtlasV2);
    let body = ErrorBody::new(&error, false);
    let mut response = json(error.status, serde_json::to_vec(&body));
    response.headers_mut().extend(COMMON);
    error_headers(response.headers_mut(), &error);
    response
}

/// Builds the response to an unknown path.
pub(crate) fn unknown_path(path: &str, assumptions: &Assumptions) -> Response {
    unrouted(ApiError::resource(path), assumptions)
}

/// Builds a 401 with challenges.
pub(crate) fn challenge(challenges: Vec<HeaderValue>) -> Response {
    let mut response = json(StatusCode::UNAUTHORIZED, Ok(CHALLENGE_BODY.into()));
    let headers = response.headers_mut();
    headers.insert(VARY, ACCEPT_ENCODING);
    for challenge in challenges {
        headers.append(WWW_AUTHENTICATE, challenge);
    }
    response
}

/// Builds a response with a JSON body, or a 500 if serialization failed.
pub(crate) fn json(status: StatusCode, body: serde_json::Result<Vec<u8>>) -> Response {
    let (status, body) = match body {
        Ok(body) => (status, Body::from(body)),
        Err(_) => (ApiError::unexpected().status, Body::empty()),
    };
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, JSON);
    response
}

fn error_headers(headers: &mut HeaderMap, error: &ApiError) {
    headers.insert(VARY, ACCEPT_ENCODING);
    if let Ok(code) = HeaderValue::try_from(&*error.code) {
        headers.insert(ERROR_CODE, code);
    }
    if let Some(seconds) = error.retry_after {
        headers.insert(header::RETRY_AFTER, seconds.into());
    }
}

struct Envelope<'a, T> {
    status: u16,
    /// The name of the body's member.
    key: &'a str,
    content: &'a T,
}

impl<T: Serialize> Serialize for Envelope<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut members = serializer.serialize_map(Some(2))?;
        members.serialize_entry("status", &self.status)?;
        members.serialize_entry(self.key, self.content)?;
        members.end()
    }
}

/// The body of an error, with its members in alphabetical order, as the services send them.
#[derive(Serialize)]
struct ErrorBody<'a> {
    #[serde(rename = "badRequestDetail", skip_serializing_if = "Option::is_none")]
    bad_request_detail: Option<BadRequestDetail<'a>>,
    detail: &'a str,
    error: u16,
    #[serde(rename = "errorCode")]
    error_code: &'a str,
    parameters: &'a [serde_json::Value],
    reason: &'a str,
}

#[derive(Serialize)]
struct BadRequestDetail<'a> {
    fields: [Field<'a>; 1],
}

#[derive(Serialize)]
struct Field<'a> {
    description: &'a str,
    field: &'a str,
}

impl<'a> ErrorBody<'a> {
    fn new(error: &'a ApiError, reports_fields: bool) -> Self {
        let bad_request_detail = error
            .field
            .as_ref()
            .filter(|_| reports_fields)
            .map(|field| BadRequestDetail {
                fields: [Field {
                    description: &error.detail,
                    field,
                }],
            });
        Self {
            bad_request_detail,
            detail: &error.detail,
            error: error.status.as_u16(),
            error_code: &error.code,
            parameters: &error.parameters,
            reason: error.status.canonical_reason().unwrap_or_default(),
        }
    }
}
