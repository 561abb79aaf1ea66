//! One call of an operation, from its request to its response.
//!
//! ```text
//! operations ──▶ call::send ──▶ CallContext::run ──▶ Auth::send ──▶ RequestContext ──▶ Transport
//! validate       span           rate limiter         credentials    progress           reqwest
//! raw::Request                  retries, deadline    challenges     body limit            │
//!                               envelope             tokens                               │
//!                                                                                         │
//! Response<T> ◀── decode ◀───────────────── BufferedResponse, or Error ◀──────────────────┘
//! ```

mod context;
mod span;

use std::error::Error as StdError;

use atlas_admin_raw::{
    self as raw, BuildError, DecodeError,
    catalog::{Effect, Operation},
};
use bytes::Bytes;
use http::Uri;

use self::context::CallContext;
use crate::{
    auth::CallRequest,
    client::ClientInner,
    error::{Error, from_response, html},
    model::{
        options::RequestOptions,
        response::{BufferedResponse, Response},
        target::CallTarget,
    },
};

/// Sends the request of an operation and decodes the response. `read` verifies that it is about
/// the request, and makes the result of it.
pub(crate) async fn send<T, U>(
    client: &ClientInner,
    operation: &Operation,
    target: &CallTarget,
    options: &RequestOptions,
    request: &raw::Request<T>,
    read: impl FnOnce(&CallTarget, T) -> Result<U, Error>,
) -> Result<Response<U>, Error> {
    let is_success = |status| request.is_success(status);
    let http = with_headers(client, options, &request.http);
    let call = CallContext::new(client, operation, target, options, http, &is_success);
    let outcome = span::run(&call).await;
    match outcome.and_then(|response| decode(&call, request, response, read)) {
        Ok(response) => Ok(response.with_requests_sent(call.progress.requests_sent())),
        Err(error) => Err(describe(&call, error)),
    }
}

/// Decodes the response to a request.
fn decode<T, U>(
    call: &CallContext<'_>,
    request: &raw::Request<T>,
    response: BufferedResponse,
    read: impl FnOnce(&CallTarget, T) -> Result<U, Error>,
) -> Result<Response<U>, Error> {
    let operation = call.operation;
    // No service says that it deleted something by a page.
    if operation.effect == Effect::Delete && html::is_page(&response.body) {
        let error = from_response::unreadable(&response, "an empty body");
        return Err(error.with_response(response));
    }
    let value = match request.decode(response.status.as_u16(), &response.body) {
        Ok(value) => value,
        Err(error) => {
            return Err(from_response::unreadable(&response, expected(operation.id))
                .with_response(response)
                .with_source(decode_error(error, call.target.creates_key())));
        }
    };
    match read(call.target, value) {
        Ok(value) => Ok(Response::new(value)
            .with_status(response.status)
            .with_headers(response.headers)),
        Err(error) => Err(error.with_response(response)),
    }
}

/// Adds to an error what the call knows.
fn describe(call: &CallContext<'_>, error: Error) -> Error {
    let unknown = call.may_have_applied().then_some(call.operation.effect);
    let error = match call.target.creates_key() {
        // It may contain the key's secret, whatever the status says.
        true => error.without_body(),
        false => error,
    };
    error
        .with_target(call.target.clone())
        .with_outcome(call.progress.requests_sent(), unknown)
}

/// Returns the request that [`send`] would send, without credentials.
pub(crate) fn preview(
    client: &ClientInner,
    target: &CallTarget,
    options: &RequestOptions,
    http: &reqwest::Request,
) -> Result<http::Request<Bytes>, Error> {
    let uri = http.url().as_str().parse::<Uri>();
    let body = http.body().and_then(reqwest::Body::as_bytes);
    let mut preview = http::Request::new(Bytes::copy_from_slice(body.unwrap_or_default()));
    *preview.method_mut() = http.method().clone();
    *preview.uri_mut() =
        uri.map_err(|error| cannot_build(error.into()).with_target(target.clone()))?;
    *preview.headers_mut() = with_headers(client, options, http).headers();
    Ok(preview)
}

/// Converts the error of a generated method.
pub(crate) fn build_error(error: BuildError) -> Error {
    let source: Box<dyn StdError + Send + Sync> = match error {
        BuildError::CommunicationError(error) => error.without_url().into(),
        BuildError::InvalidRequest(text) => text.into(),
        error => error.to_string().into(),
    };
    cannot_build(source)
}

fn cannot_build(source: Box<dyn StdError + Send + Sync>) -> Error {
    Error::input("cannot build a request from this input").with_source(source)
}

/// Returns why a body could not be decoded. The error may quote a value of the body, so that of
/// a secret body is reduced to its place.
fn decode_error(error: DecodeError, is_secret: bool) -> Box<dyn StdError + Send + Sync> {
    match error {
        DecodeError::Body(error) if is_secret => {
            let (line, column) = (error.line(), error.column());
            format!("unexpected JSON at line {line} column {column}").into()
        }
        DecodeError::Body(error) => error.into(),
        error => error.into(),
    }
}

/// Returns what the body of an operation's success is, for errors.
fn expected(operation_id: &str) -> &'static str {
    match operation_id {
        "list_org_api_keys" | "list_project_api_keys" => "a page of API keys",
        "list_access_list_entries" | "add_access_list_entries" => "a page of access list entries",
        "get_access_list_entry" => "an access list entry",
        "request" => "what was expected",
        _ => "an API key",
    }
}

/// Returns the request of a call, with the headers of the service and version.
pub(crate) fn with_headers<'a>(
    client: &'a ClientInner,
    options: &RequestOptions,
    http: &'a reqwest::Request,
) -> CallRequest<'a> {
    let media_type = |version| client.service.media_type(version);
    CallRequest {
        http,
        service_headers: &client.headers,
        media_type: options.api_version.map(media_type),
    }
}
