//! What comes back for a request.

use std::{convert, io, time::Duration};

use atlas_admin_raw::catalog::{ATLAS_V2, MediaType};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use serde_json::{Value, json};

use super::{Key, Operation, RecordedRequest, failure::Failure};
use crate::{AccessListEntry, ErrorCode, Network};

/// A response of a [`FakeService`](super::FakeService), or a failure to respond.
///
/// | response | result of the call |
/// | --- | --- |
/// | [`ok`](Self::ok) | a success of the operation |
/// | [`key`](Self::key) | the API key |
/// | [`keys`](Self::keys), [`entries`](Self::entries) | a page |
/// | [`no_content`](Self::no_content) | a success without a value |
/// | [`another_key`](Self::another_key) | [`is_decode`](crate::Error::is_decode) and [`outcome_unknown`](crate::Error::outcome_unknown) |
/// | [`stale_desc`](Self::stale_desc), [`stale_roles`](Self::stale_roles) | [`is_mismatch`](crate::Error::is_mismatch) and `outcome_unknown` |
/// | [`bad_credentials`](Self::bad_credentials) | [`is_credentials`](crate::Error::is_credentials), for a bearer token [`is_token`](crate::Error::is_token) too |
/// | [`not_allowed`](Self::not_allowed), [`address_not_allowed`](Self::address_not_allowed) | [`is_permission`](crate::Error::is_permission) |
/// | [`key_not_found`](Self::key_not_found), [`entry_not_found`](Self::entry_not_found) | [`is_not_found`](crate::Error::is_not_found) |
/// | [`last_owner`](Self::last_owner) | [`is_conflict`](crate::Error::is_conflict) |
/// | [`rate_limited`](Self::rate_limited) | a retry; then [`is_rate_limited`](crate::Error::is_rate_limited) |
/// | [`unavailable`](Self::unavailable) | a retry; then [`is_service`](crate::Error::is_service) |
/// | [`server_error`](Self::server_error), [`bad_gateway`](Self::bad_gateway) | [`is_service`](crate::Error::is_service) and `outcome_unknown` |
/// | [`timeout`](Self::timeout) | [`is_timeout`](crate::Error::is_timeout) and `outcome_unknown` |
/// | [`broken_connection`](Self::broken_connection) | [`is_transport`](crate::Error::is_transport) and `outcome_unknown` |
/// | [`no_connection`](Self::no_connection) | a retry; then [`is_transport`](crate::Error::is_transport) |
/// | [`error`](Self::error), [`http`](Self::http) | depends on the status and the code |
#[derive(Debug, Clone)]
#[must_use]
pub struct FakeResponse {
    content: Content,
    headers: HeaderMap,
}

#[derive(Debug, Clone)]
enum Content {
    /// The key after the request, changed by this function.
    Updated(fn(Key) -> Key),
    Key(Key),
    Keys(Vec<Key>),
    Entries(Vec<AccessListEntry>),
    Empty,
    Error(StatusCode, Value),
    Http(http::Response<Vec<u8>>),
    Failure(Failure),
}

/// Any nonce will do: authorizations are not verified.
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

    /// A success of the operation:
    ///
    /// | operation | response |
    /// | --- | --- |
    /// | reads and updates of a key | 200 with the key after the request: its id from the path, its description and roles from the body |
    /// | creations of a key | 200 with the new key: a synthetic id and private key, its description and roles from the body |
    /// | lists | 200 with an empty page |
    /// | entries to add, an entry to read | 200 with these entries |
    /// | deletions and removals | 204 |
    pub fn ok() -> Self {
        Self::new(Content::Updated(convert::identity))
    }

    /// 200 like [`ok`](Self::ok), but with the id of another key.
    pub fn another_key() -> Self {
        Self::new(Content::Updated(Key::with_another_id))
    }

    /// 200 like [`ok`](Self::ok), but with a description that no update set.
    pub fn stale_desc() -> Self {
        Self::new(Content::Updated(|key| key.desc("a stale description")))
    }

    /// 200 like [`ok`](Self::ok), but with roles that no update set.
    pub fn stale_roles() -> Self {
        Self::new(Content::Updated(Key::with_stale_roles))
    }

    /// 200 with this key.
    pub fn key(key: Key) -> Self {
        Self::new(Content::Key(key))
    }

    /// 200 with the page that the request asks for, of a list of these keys.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), atlas_admin::Error> {
    /// use atlas_admin::testing::{FakeResponse, FakeService, Key, Operation};
    ///
    /// let keys = ["6a793f752c88faeba59bba49", "6a793f752c88faeba59bba50"].map(Key::new);
    /// let fake = FakeService::new();
    /// fake.always(Operation::ListOrgApiKeys, FakeResponse::keys(keys));
    ///
    /// let org = fake.builder().build()?.org("32b6e34b3d91647abb20e7b8");
    /// assert_eq!(org.api_keys().list().items_per_page(1).all().await?.len(), 2);
    /// assert_eq!(fake.requests().len(), 2);
    /// # Ok(())
    /// # }
    /// ```
    pub fn keys(keys: impl IntoIterator<Item = Key>) -> Self {
        Self::new(Content::Keys(keys.into_iter().collect()))
    }

    /// 200 with the page that the request asks for, of an access list with these entries. If the
    /// operation is about one entry, 200 with the first one.
    pub fn entries(entries: impl IntoIterator<Item = AccessListEntry>) -> Self {
        Self::new(Content::Entries(entries.into_iter().collect()))
    }

    /// 204 without a body, as for a deletion.
    pub fn no_content() -> Self {
        Self::new(Content::Empty)
    }

    /// An error in the services' own shape, with the code in the header `X-Error-Code` as
    /// well.
    ///
    /// ```
    /// use atlas_admin::{ErrorCode, testing::FakeResponse};
    /// use http::StatusCode;
    ///
    /// let response = FakeResponse::error(
    ///     StatusCode::NOT_FOUND,
    ///     ErrorCode::GROUP_NOT_FOUND,
    ///     "There is no such project.",
    /// );
    /// ```
    pub fn error(status: StatusCode, code: ErrorCode, detail: &str) -> Self {
        let response = Self::new(Content::Error(status, error_body(status, &code, detail)));
        match HeaderValue::from_str(code.as_str()) {
            Ok(code) => response.header(HeaderName::from_static("x-error-code"), code),
            Err(_) => response,
        }
    }

    /// 401 with a challenge: the service does not recognize the caller. A client that was
    /// recognized before, or that has requested its token, tries once more: respond like
    /// this [`always`](super::FakeService::always).
    pub fn bad_credentials() -> Self {
        Self::error(
            StatusCode::UNAUTHORIZED,
            ErrorCode::UNEXPECTED_ERROR,
            "The caller is not recognized.",
        )
        .header(header::WWW_AUTHENTICATE, CHALLENGE)
    }

    /// 401 `USER_UNAUTHORIZED` without a challenge: the caller lacks a role.
    pub fn not_allowed() -> Self {
        Self::error(
            StatusCode::UNAUTHORIZED,
            ErrorCode::USER_UNAUTHORIZED,
            "The caller lacks a role.",
        )
    }

    /// 403 `IP_ADDRESS_NOT_ON_ACCESS_LIST`.
    pub fn address_not_allowed() -> Self {
        Self::error(
            StatusCode::FORBIDDEN,
            ErrorCode::IP_ADDRESS_NOT_ON_ACCESS_LIST,
            "The caller's address is not on its access list.",
        )
    }

    /// 400 `API_KEY_NOT_FOUND`.
    pub fn key_not_found() -> Self {
        Self::error(
            StatusCode::BAD_REQUEST,
            ErrorCode::API_KEY_NOT_FOUND,
            "There is no API key with this id.",
        )
    }

    /// 404 `API_KEY_ACCESS_LIST_ENTRY_NOT_FOUND`.
    pub fn entry_not_found() -> Self {
        Self::error(
            StatusCode::NOT_FOUND,
            ErrorCode::API_KEY_ACCESS_LIST_ENTRY_NOT_FOUND,
            "The access list has no such entry.",
        )
    }

    /// 403 `CANNOT_DEMOTE_LAST_ORG_OWNER`.
    pub fn last_owner() -> Self {
        Self::error(
            StatusCode::FORBIDDEN,
            ErrorCode::CANNOT_DEMOTE_LAST_ORG_OWNER,
            "The organization would be left without an owner.",
        )
    }

    /// 429 `RATE_LIMITED_TOKEN_BUCKET` with `Retry-After` in whole seconds.
    ///
    /// The standard policy waits this long before it retries; with Tokio's clock paused
    /// (`start_paused = true`) that takes no time.
    pub fn rate_limited(retry_after: Duration) -> Self {
        Self::error(
            StatusCode::TOO_MANY_REQUESTS,
            ErrorCode::RATE_LIMITED_TOKEN_BUCKET,
            "The rate limit is exhausted.",
        )
        .header(header::RETRY_AFTER, retry_after.as_secs().into())
    }

    /// 500 `UNEXPECTED_ERROR`.
    pub fn server_error() -> Self {
        Self::error(
            StatusCode::INTERNAL_SERVER_ERROR,
            ErrorCode::UNEXPECTED_ERROR,
            "The service failed.",
        )
    }

    /// 502 with an HTML page, as from a proxy.
    pub fn bad_gateway() -> Self {
        Self::page(StatusCode::BAD_GATEWAY)
    }

    /// 503 with an HTML page, as from a proxy.
    pub fn unavailable() -> Self {
        Self::page(StatusCode::SERVICE_UNAVAILABLE)
    }

    /// The connection is refused: nothing was sent.
    pub fn no_connection() -> Self {
        Self::new(Content::Failure(Failure::NoConnection))
    }

    /// The connection breaks after the request and before the response.
    pub fn broken_connection() -> Self {
        let reset = io::ErrorKind::ConnectionReset;
        Self::new(Content::Failure(Failure::Broken(reset)))
    }

    /// The response times out, at once: no test has to wait.
    pub fn timeout() -> Self {
        let timeout = io::ErrorKind::TimedOut;
        Self::new(Content::Failure(Failure::Broken(timeout)))
    }

    /// Exactly this response. Nothing is added, not even a content type.
    ///
    /// ```
    /// use atlas_admin::testing::FakeResponse;
    ///
    /// let redirect = http::Response::builder()
    ///     .status(307)
    ///     .header("location", "https://example.com/")
    ///     .body("")?;
    /// let response = FakeResponse::http(redirect);
    /// # Ok::<(), http::Error>(())
    /// ```
    pub fn http(response: http::Response<impl Into<Vec<u8>>>) -> Self {
        Self::new(Content::Http(response.map(Into::into)))
    }

    /// Sets a header of the response, such as `RateLimit-Remaining` or `Sunset`.
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    fn page(status: StatusCode) -> Self {
        let mut response = http::Response::new(format!("<!doctype html><title>{status}</title>"));
        *response.status_mut() = status;
        Self::http(response).header(header::CONTENT_TYPE, HeaderValue::from_static("text/html"))
    }

    /// Returns the response to `request`, as bytes.
    pub(super) fn respond(
        &self,
        request: &RecordedRequest,
    ) -> Result<http::Response<Vec<u8>>, Failure> {
        let ok =
            |body: Value| self.json_response((StatusCode::OK, body, key_type(request)), request);
        let key = |key: &Key| ok(key.to_json(request.operation));
        let mut response = match &self.content {
            Content::Updated(change) => match request.operation {
                Operation::ListOrgApiKeys
                | Operation::ListProjectApiKeys
                | Operation::ListAccessListEntries => ok(page(request, &[])),
                Operation::AddAccessListEntries => ok(page(request, &added(request))),
                Operation::GetAccessListEntry => ok(first(&[entry(&request.entry())])),
                Operation::DeleteOrgApiKey
                | Operation::RemoveProjectApiKey
                | Operation::DeleteAccessListEntry => no_content(request),
                _ => key(&change(Key::after(request))),
            },
            Content::Key(described) => key(described),
            Content::Keys(keys) => {
                let keys: Vec<_> = keys
                    .iter()
                    .map(|key| key.to_json(request.operation))
                    .collect();
                ok(page(request, &keys))
            }
            Content::Entries(entries) => {
                let entries: Vec<_> = entries.iter().map(|entry| json!(entry)).collect();
                match request.operation {
                    Operation::GetAccessListEntry => ok(first(&entries)),
                    _ => ok(page(request, &entries)),
                }
            }
            Content::Empty => no_content(request),
            Content::Error(status, body) => {
                self.json_response((*status, body.clone(), JSON), request)
            }
            Content::Http(response) => response.clone(),
            Content::Failure(failure) => return Err(*failure),
        };
        response.headers_mut().extend(self.headers.clone());
        Ok(response)
    }

    /// Wraps the body in an envelope if the request asks for one and the caller is
    /// recognized.
    fn json_response(
        &self,
        (status, body, media_type): (StatusCode, Value, HeaderValue),
        request: &RecordedRequest,
    ) -> http::Response<Vec<u8>> {
        let is_recognized = !self.headers.contains_key(header::WWW_AUTHENTICATE);
        let (status, body) = if request.has_envelope() && is_recognized {
            (StatusCode::OK, enveloped(status, body))
        } else {
            (status, body)
        };
        let mut response = http::Response::new(body.to_string().into_bytes());
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, media_type);
        response
    }
}

/// An error in the services' own shape.
pub(super) fn error_body(status: StatusCode, code: &ErrorCode, detail: &str) -> Value {
    json!({
        "detail": detail,
        "error": status.as_u16(),
        "errorCode": code.as_str(),
        "parameters": [],
        "reason": status.canonical_reason(),
    })
}

/// Puts the status around the body of a response, or into a page.
fn enveloped(status: StatusCode, mut body: Value) -> Value {
    if body.get("results").is_some() {
        body["status"] = status.as_u16().into();
        return body;
    }
    json!({"status": status.as_u16(), "content": body})
}

fn no_content(request: &RecordedRequest) -> http::Response<Vec<u8>> {
    let mut response = http::Response::new(Vec::new());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, key_type(request));
    response
}

/// Returns the page of these items that the request asks for, with links to those beside it.
fn page(request: &RecordedRequest, items: &[Value]) -> Value {
    let number = request.query_number("pageNum").unwrap_or(1).max(1);
    let size = request.query_number("itemsPerPage").unwrap_or(100).max(1);
    let start = (number - 1).saturating_mul(size).min(items.len());
    let end = start.saturating_add(size).min(items.len());
    let link = |rel: &str, number: usize| {
        let href = format!("https://fake.invalid{}?pageNum={number}", request.path);
        json!({"rel": rel, "href": href})
    };
    let mut links = vec![link("self", number)];
    if start > 0 {
        links.push(link("previous", number - 1));
    }
    if end < items.len() {
        links.push(link("next", number + 1));
    }
    json!({"links": links, "results": items[start..end], "totalCount": items.len()})
}

fn first(items: &[Value]) -> Value {
    items.first().cloned().unwrap_or_default()
}

/// Returns the entries that a request adds.
fn added(request: &RecordedRequest) -> Vec<Value> {
    let items = request.body.as_ref().and_then(Value::as_array);
    let texts = items.into_iter().flatten().filter_map(|item| {
        let text = |name| item.get(name).and_then(Value::as_str);
        text("cidrBlock").or(text("ipAddress"))
    });
    texts.map(entry).collect()
}

/// Returns the entry with this address or network.
fn entry(text: &str) -> Value {
    match Network::from(text).check() {
        Ok(network) => json!(AccessListEntry::new(network)),
        Err(_) => json!({"cidrBlock": text}),
    }
}

const JSON: HeaderValue = HeaderValue::from_static("application/json");

fn key_type(request: &RecordedRequest) -> HeaderValue {
    let served = served_type(request).and_then(|text| HeaderValue::try_from(text).ok());
    served.unwrap_or(JSON)
}

/// Returns the dated media type of the version that serves a request to Atlas v2: the newest
/// that is not newer than the requested one.
fn served_type(request: &RecordedRequest) -> Option<String> {
    let MediaType::Dated { prefix, suffix } = ATLAS_V2.media_type else {
        return None;
    };
    let accept = request.accept.strip_prefix(prefix)?;
    let requested = accept.strip_suffix(suffix)?;
    let versions = ATLAS_V2.operation(request.operation.id())?.versions;
    let served = versions.iter().rfind(|version| **version <= requested);
    let served = served.or(versions.first())?;
    Some(format!("{prefix}{served}{suffix};charset=utf-8"))
}
