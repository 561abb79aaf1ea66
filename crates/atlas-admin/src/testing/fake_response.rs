//! What comes back for a request.

use std::{io, time::Duration};

use atlas_admin_raw::catalog::{ATLAS_V2, MediaType};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use serde_json::{Value, json};

use super::{Key, RecordedRequest, unanswered::Unanswered};
use crate::ErrorCode;

/// An answer of a service, or the lack of one.
///
/// | reply | what a call gives |
/// | --- | --- |
/// | [`done`](Self::done), [`key`](Self::key) | the API key |
/// | [`bad_credentials`](Self::bad_credentials) | [`is_credentials`](crate::Error::is_credentials), of a token that was given [`is_token`](crate::Error::is_token) too |
/// | [`not_allowed`](Self::not_allowed), [`address_not_allowed`](Self::address_not_allowed) | [`is_permission`](crate::Error::is_permission) |
/// | [`key_not_found`](Self::key_not_found) | [`is_not_found`](crate::Error::is_not_found) |
/// | [`last_owner`](Self::last_owner) | [`is_conflict`](crate::Error::is_conflict) |
/// | [`rate_limited`](Self::rate_limited) | another attempt; then [`is_rate_limited`](crate::Error::is_rate_limited) |
/// | [`unavailable`](Self::unavailable) | another attempt; then [`is_service`](crate::Error::is_service) |
/// | [`server_error`](Self::server_error), [`bad_gateway`](Self::bad_gateway) | [`is_service`](crate::Error::is_service), and nobody knows whether the update was made |
/// | [`timeout`](Self::timeout) | [`is_timeout`](crate::Error::is_timeout), and nobody knows |
/// | [`broken_connection`](Self::broken_connection) | [`is_transport`](crate::Error::is_transport), and nobody knows |
/// | [`no_connection`](Self::no_connection) | another attempt; then [`is_transport`](crate::Error::is_transport) |
/// | [`refusal`](Self::refusal), [`http`](Self::http) | what the status and the code make of it |
#[derive(Debug, Clone)]
#[must_use]
pub struct FakeResponse {
    content: Content,
    headers: HeaderMap,
}

#[derive(Debug, Clone)]
enum Content {
    Done,
    Key(Key),
    Refusal(StatusCode, Value),
    Http(http::Response<Vec<u8>>),
    Unanswered(Unanswered),
}

/// The nonce is as good as any: what a client makes of it is not checked.
pub(super) const CHALLENGE: HeaderValue = HeaderValue::from_static(
    r#"Digest realm="MMS Public API", domain="", nonce="Y2FubmVk", algorithm=MD5, qop="auth", stale=false"#,
);

impl FakeResponse {
    fn new(content: Content) -> Self {
        Self {
            content,
            headers: HeaderMap::new(),
        }
    }

    /// 200, with the key as the request wants it: its id from the path, its
    /// description and its roles from the body. For code whose answer does not
    /// matter.
    pub fn done() -> Self {
        Self::new(Content::Done)
    }

    /// 200, with this key.
    pub fn key(key: Key) -> Self {
        Self::new(Content::Key(key))
    }

    /// An error in the services' own shape. The code is in the header
    /// `X-Error-Code` too.
    ///
    /// ```
    /// use atlas_admin::{ErrorCode, testing::FakeResponse};
    /// use http::StatusCode;
    ///
    /// let reply = FakeResponse::refusal(
    ///     StatusCode::NOT_FOUND,
    ///     ErrorCode::GROUP_NOT_FOUND,
    ///     "There is no such project.",
    /// );
    /// ```
    pub fn refusal(status: StatusCode, code: ErrorCode, detail: &str) -> Self {
        let reply = Self::new(Content::Refusal(
            status,
            refusal_body(status, &code, detail),
        ));
        match HeaderValue::from_str(code.as_str()) {
            Ok(code) => reply.header(HeaderName::from_static("x-error-code"), code),
            Err(_) => reply,
        }
    }

    /// 401 with a challenge: the service does not know the caller. A client that was
    /// known before, or whose token was fetched, asks once more before it believes it:
    /// say this [`always`](super::FakeService::always).
    pub fn bad_credentials() -> Self {
        Self::refusal(
            StatusCode::UNAUTHORIZED,
            ErrorCode::UNEXPECTED_ERROR,
            "The caller is not known.",
        )
        .header(header::WWW_AUTHENTICATE, CHALLENGE)
    }

    /// 401 without a challenge, `USER_UNAUTHORIZED`, which is how services tell a
    /// caller that it lacks a role.
    pub fn not_allowed() -> Self {
        Self::refusal(
            StatusCode::UNAUTHORIZED,
            ErrorCode::USER_UNAUTHORIZED,
            "The caller's roles do not suffice.",
        )
    }

    /// 403 `IP_ADDRESS_NOT_ON_ACCESS_LIST`.
    pub fn address_not_allowed() -> Self {
        Self::refusal(
            StatusCode::FORBIDDEN,
            ErrorCode::IP_ADDRESS_NOT_ON_ACCESS_LIST,
            "The caller's address is not on its access list.",
        )
    }

    /// `API_KEY_NOT_FOUND`, with the status that services send with it, 400.
    pub fn key_not_found() -> Self {
        Self::refusal(
            StatusCode::BAD_REQUEST,
            ErrorCode::API_KEY_NOT_FOUND,
            "There is no API key with this id.",
        )
    }

    /// 403 `CANNOT_DEMOTE_LAST_ORG_OWNER`.
    pub fn last_owner() -> Self {
        Self::refusal(
            StatusCode::FORBIDDEN,
            ErrorCode::CANNOT_DEMOTE_LAST_ORG_OWNER,
            "The organization would be left without an owner.",
        )
    }

    /// 429 `RATE_LIMITED_TOKEN_BUCKET` with `Retry-After` in whole seconds.
    ///
    /// The standard policy waits so long before it asks again; in a test with
    /// Tokio's clock paused (`start_paused = true`) that takes no time.
    pub fn rate_limited(retry_after: Duration) -> Self {
        Self::refusal(
            StatusCode::TOO_MANY_REQUESTS,
            ErrorCode::RATE_LIMITED_TOKEN_BUCKET,
            "The rate limit is used up.",
        )
        .header(header::RETRY_AFTER, retry_after.as_secs().into())
    }

    /// 500 `UNEXPECTED_ERROR`.
    pub fn server_error() -> Self {
        Self::refusal(
            StatusCode::INTERNAL_SERVER_ERROR,
            ErrorCode::UNEXPECTED_ERROR,
            "The service failed.",
        )
    }

    /// 502 and a page of HTML, as a proxy has it.
    pub fn bad_gateway() -> Self {
        Self::page(StatusCode::BAD_GATEWAY)
    }

    /// 503 and a page of HTML, as a proxy has it.
    pub fn unavailable() -> Self {
        Self::page(StatusCode::SERVICE_UNAVAILABLE)
    }

    /// Nobody listens: nothing was sent.
    pub fn no_connection() -> Self {
        Self::new(Content::Unanswered(Unanswered::NoConnection))
    }

    /// The connection breaks after the request and before the answer.
    pub fn broken_connection() -> Self {
        let reset = io::ErrorKind::ConnectionReset;
        Self::new(Content::Unanswered(Unanswered::Broken(reset)))
    }

    /// The time for an answer runs out. It does so at once: no test waits for it.
    pub fn timeout() -> Self {
        let timeout = io::ErrorKind::TimedOut;
        Self::new(Content::Unanswered(Unanswered::Broken(timeout)))
    }

    /// Exactly this answer. Nothing is added to it, not even a content type.
    ///
    /// ```
    /// use atlas_admin::testing::FakeResponse;
    ///
    /// let redirect = http::Response::builder()
    ///     .status(307)
    ///     .header("location", "https://example.com/")
    ///     .body("")?;
    /// let reply = FakeResponse::http(redirect);
    /// # Ok::<(), http::Error>(())
    /// ```
    pub fn http(answer: http::Response<impl Into<Vec<u8>>>) -> Self {
        Self::new(Content::Http(answer.map(Into::into)))
    }

    /// Sets a header of the answer, such as `RateLimit-Remaining` or `Sunset`.
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    fn page(status: StatusCode) -> Self {
        let mut answer = http::Response::new(format!("<!doctype html><title>{status}</title>"));
        *answer.status_mut() = status;
        Self::http(answer).header(header::CONTENT_TYPE, HeaderValue::from_static("text/html"))
    }

    /// The answer to `request`, as bytes.
    pub(super) fn answer(
        &self,
        request: &RecordedRequest,
    ) -> Result<http::Response<Vec<u8>>, Unanswered> {
        let key = |key: &Key| (StatusCode::OK, key.to_json(), key_type(request));
        let mut answer = match &self.content {
            Content::Done => self.json_answer(key(&Key::wanted_by(request)), request),
            Content::Key(described) => self.json_answer(key(described), request),
            Content::Refusal(status, body) => {
                self.json_answer((*status, body.clone(), JSON), request)
            }
            Content::Http(answer) => answer.clone(),
            Content::Unanswered(unanswered) => return Err(*unanswered),
        };
        answer.headers_mut().extend(self.headers.clone());
        Ok(answer)
    }

    /// In an envelope if the request asks for one; who is not known has no say in it.
    fn json_answer(
        &self,
        (status, body, media_type): (StatusCode, Value, HeaderValue),
        request: &RecordedRequest,
    ) -> http::Response<Vec<u8>> {
        let is_known = !self.headers.contains_key(header::WWW_AUTHENTICATE);
        let (status, body) = if request.wants_envelope() && is_known {
            let body = json!({"status": status.as_u16(), "content": body});
            (StatusCode::OK, body)
        } else {
            (status, body)
        };
        let mut answer = http::Response::new(body.to_string().into_bytes());
        *answer.status_mut() = status;
        let headers = answer.headers_mut();
        headers.insert(header::CONTENT_TYPE, media_type);
        answer
    }
}

/// An error in the services' own shape.
pub(super) fn refusal_body(status: StatusCode, code: &ErrorCode, detail: &str) -> Value {
    json!({
        "detail": detail,
        "error": status.as_u16(),
        "errorCode": code.as_str(),
        "parameters": [],
        "reason": status.canonical_reason(),
    })
}

const JSON: HeaderValue = HeaderValue::from_static("application/json");

fn key_type(request: &RecordedRequest) -> HeaderValue {
    let served = served_type(request).and_then(|text| HeaderValue::try_from(text).ok());
    served.unwrap_or(JSON)
}

/// The dated type of the version that serves a request to Atlas v2: the newest that
/// is not newer than the one asked for.
fn served_type(request: &RecordedRequest) -> Option<String> {
    let MediaType::Dated { prefix, suffix } = ATLAS_V2.media_type else {
        return None;
    };
    let accept = request.accept.strip_prefix(prefix)?;
    let asked = accept.strip_suffix(suffix)?;
    let versions = ATLAS_V2.operation(request.operation.id())?.versions;
    let served = versions.iter().rfind(|version| **version <= asked);
    let served = served.or(versions.first())?;
    Some(format!("{prefix}{served}{suffix};charset=utf-8"))
}
