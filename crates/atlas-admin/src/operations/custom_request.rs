//! Requests to resources that this crate has no operation for.

use std::any::TypeId;

use atlas_admin_raw::{
    self as raw,
    catalog::{Effect, Operation},
};
use bytes::Bytes;
use http::{Method, StatusCode};
use percent_encoding::percent_decode_str;
use reqwest::{Request, RequestBuilder};
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    call,
    client::Client,
    error::Error,
    model::{
        options::RequestOptions,
        response::Response,
        target::{CallTarget, Scope},
    },
};

/// The id of requests that are none of the operations.
const ID: &str = "request";

impl Client {
    /// Returns a request to any resource of the service: a way past the operations of this
    /// crate, with the client's authentication, version, rate limiting, retries and errors.
    ///
    /// `path` is the part below the service's base path (`/api/atlas/v2`), with ids and other
    /// parameters filled in and percent-encoded where necessary. It begins with a slash and
    /// has neither a query nor `..`.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), atlas_admin::Error> {
    /// # use atlas_admin::testing::{FakeResponse, FakeService, Operation};
    /// # let fake = FakeService::new();
    /// # let page = br#"{"results": [{"id": "32b6e34b3d91647abb20e7b8", "name": "Example"}]}"#;
    /// # let response = http::Response::new(page.to_vec());
    /// # fake.once(Operation::Request, FakeResponse::http(response));
    /// # let atlas = fake.builder().build()?;
    /// use http::Method;
    ///
    /// #[derive(serde::Deserialize)]
    /// struct Page {
    ///     results: Vec<Org>,
    /// }
    ///
    /// #[derive(serde::Deserialize)]
    /// struct Org {
    ///     name: String,
    /// }
    ///
    /// let page = atlas
    ///     .request(Method::GET, "/orgs")
    ///     .query(&[("itemsPerPage", 500)])
    ///     .send::<Page>()
    ///     .await?;
    /// assert_eq!(page.results[0].name, "Example");
    /// # Ok(())
    /// # }
    /// ```
    pub fn request(&self, method: Method, path: impl Into<String>) -> CustomRequest {
        let path = path.into();
        let requests = &self.inner.requests;
        let url = format!("{}{path}", requests.baseurl());
        CustomRequest {
            http: built(requests.http().request(method.clone(), url)),
            client: self.clone(),
            method,
            path,
            effect: None,
            options: RequestOptions::new(),
        }
    }
}

/// A request to any resource of the service; see [`Client::request`].
///
/// How often it is sent depends on its [`Effect`], as [`RetryPolicy`](crate::RetryPolicy)
/// describes. If the method and the path are those of one of this crate's operations, the
/// effect is the operation's; otherwise the method decides:
///
/// | method | effect |
/// | --- | --- |
/// | `GET`, `HEAD` | [`Read`](Effect::Read) |
/// | `PUT`, `PATCH` | [`Set`](Effect::Set) |
/// | `DELETE` | [`Delete`](Effect::Delete) |
/// | `POST` | [`Create`](Effect::Create) |
///
/// Requests below `/orgs/{id}` and `/groups/{id}` share the rate limits of that organization
/// or project with the operations; others are not limited.
#[derive(Debug)]
#[must_use = "nothing is sent before send() is called and awaited"]
pub struct CustomRequest {
    client: Client,
    method: Method,
    path: String,
    /// The request so far, or why it cannot be built.
    http: Result<Request, Error>,
    effect: Option<Effect>,
    options: RequestOptions,
}

impl CustomRequest {
    /// Adds query parameters: a list of pairs, a map, or a struct.
    pub fn query(self, parameters: &(impl Serialize + ?Sized)) -> Self {
        self.change(|http| http.query(parameters))
    }

    /// Sets the body. Its media type is that of the service and version.
    pub fn json(self, body: &(impl Serialize + ?Sized)) -> Self {
        self.change(|http| http.json(body))
    }

    fn change(mut self, change: impl FnOnce(RequestBuilder) -> RequestBuilder) -> Self {
        let client = self.client.inner.requests.http().clone();
        self.http = self
            .http
            .and_then(|http| built(change(RequestBuilder::from_parts(client, http))));
        self
    }

    /// Sets what the request does to the service's state, and so when it is repeated.
    pub fn effect(mut self, effect: Effect) -> Self {
        self.effect = Some(effect);
        self
    }

    /// Sets the options of this call.
    pub fn options(mut self, options: RequestOptions) -> Self {
        self.options = options;
        self
    }

    /// Returns the request that [`send`](Self::send) would send, without credentials.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Input`](crate::ErrorKind::Input), as for [`send`](Self::send).
    #[inline]
    pub fn to_request(&self) -> Result<http::Request<Bytes>, Error> {
        let (_, target, request) = self.prepare::<()>()?;
        let client = &self.client.inner;
        call::preview(client, &target, &self.options, &request.http)
    }

    /// Sends the request and returns the response, from JSON. `send::<()>()` takes any body
    /// for a success and ignores it; every status from 200 to 299 is one.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) before anything is sent: an unknown
    /// method, a path that is not below the service's base path, or a body or query that
    /// cannot be serialized. [`ErrorKind::Decode`](crate::ErrorKind::Decode) if the response
    /// cannot be deserialized as `T`. Otherwise, any [`ErrorKind`](crate::ErrorKind).
    ///
    /// [`Error::operation`] returns `request`, or the id of the operation that has this method
    /// and path.
    pub async fn send<T: DeserializeOwned + 'static>(self) -> Result<Response<T>, Error> {
        let (operation, target, request) = self.prepare()?;
        call::send(
            &self.client.inner,
            &operation,
            &target,
            &self.options,
            &request,
            |_, value| Ok(value),
        )
        .await
    }

    /// Checks the input, and returns the request with its operation and target.
    fn prepare<T: DeserializeOwned + 'static>(
        &self,
    ) -> Result<(Operation, CallTarget, raw::Request<T>), Error> {
        let operation = check_path(&self.path).and_then(|()| self.operation());
        let operation = operation.map_err(|error| error.with_target(self.target(ID)))?;
        let target = self.target(operation.id);
        let request = self
            .build(operation.id)
            .map_err(|error| error.with_target(target.clone()))?;
        Ok((operation, target, request))
    }

    /// Returns the request with the query parameters of the options.
    fn build<T: DeserializeOwned + 'static>(
        &self,
        operation_id: &'static str,
    ) -> Result<raw::Request<T>, Error> {
        let http = self.http.as_ref().map_err(Error::clone)?;
        let mut http = http.try_clone().expect("the body is in memory");
        for (name, value) in self.options.query() {
            let value = value.to_string();
            http.url_mut().query_pairs_mut().append_pair(name, &value);
        }
        Ok(raw::Request::new(http, operation_id, is_success, decode))
    }

    /// Returns the operation that has this method and path, or one that stands for any other.
    fn operation(&self) -> Result<Operation, Error> {
        let unknown = |effect, method| Operation {
            id: ID,
            method,
            path: "",
            effect,
            versions: &[],
            query: &[],
            body: &[],
        };
        let operation = match self.method {
            Method::GET => unknown(Effect::Read, "GET"),
            Method::HEAD => unknown(Effect::Read, "HEAD"),
            Method::PUT => unknown(Effect::Set, "PUT"),
            Method::PATCH => unknown(Effect::Set, "PATCH"),
            Method::DELETE => unknown(Effect::Delete, "DELETE"),
            Method::POST => unknown(Effect::Create, "POST"),
            _ => {
                return Err(Error::input("the services do not have this method")
                    .with_advice("use GET, HEAD, POST, PUT, PATCH or DELETE"));
            }
        };
        let segments = segments(&self.path);
        let is_it =
            |known: &&Operation| known.method == operation.method && is_path_of(known, &segments);
        let known = self.client.inner.service.operations().iter().find(is_it);
        let operation = *known.unwrap_or(&operation);
        Ok(Operation {
            effect: self.effect.unwrap_or(operation.effect),
            ..operation
        })
    }

    fn target(&self, operation_id: &'static str) -> CallTarget {
        let segments = segments(&self.path);
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        let (scope, rest) = match &segments[..] {
            ["orgs", id, rest @ ..] => (Scope::Org((*id).into()), rest),
            ["groups", id, rest @ ..] => (Scope::Project((*id).into()), rest),
            _ => (Scope::Other, &[][..]),
        };
        let target = CallTarget::new(operation_id, scope).request(&self.method, &self.path);
        match rest {
            ["apiKeys", id, "accessList", entry] => target.api_key(*id).entry(*entry),
            ["apiKeys", id, ..] => target.api_key(*id),
            _ => target,
        }
    }
}

fn built(http: RequestBuilder) -> Result<Request, Error> {
    http.build()
        .map_err(|error| call::build_error(error.into()))
}

/// Refuses a path that could lead to another place than below the base path.
fn check_path(path: &str) -> Result<(), Error> {
    let refused = |message: &'static str| {
        Err(Error::input(message).with_advice("give the part below the base path, such as /orgs"))
    };
    if !path.starts_with('/') {
        return refused("the path does not begin with a slash");
    }
    if path.contains(['?', '#']) {
        return refused("the path has a query or a fragment; use CustomRequest::query");
    }
    // Decoded, since parsers of URLs take `%2e` for a dot, and some servers `%2f` for a slash.
    let segments = segments(path);
    if path.contains(char::is_control) || segments.concat().contains(char::is_control) {
        return refused("the path has control characters");
    }
    let mut parts = segments.iter().flat_map(|segment| segment.split('/'));
    if parts.any(|part| [".", ".."].contains(&part) || part.contains('\\')) {
        return refused("the path has a backslash, `.` or `..`");
    }
    Ok(())
}

/// Returns the segments of a path, decoded. Empty ones do not count.
fn segments(path: &str) -> Vec<String> {
    path.split('/')
        .filter(|segment| !segment.is_empty())
        .map(|segment| percent_decode_str(segment).decode_utf8_lossy().into_owned())
        .collect()
}

/// Returns whether a path with these segments is one of the operation's.
fn is_path_of(operation: &Operation, segments: &[String]) -> bool {
    let template = operation.path.split('/').skip(1);
    template.clone().count() == segments.len()
        && template
            .zip(segments)
            .all(|(template, segment)| template.starts_with('{') || template == segment)
}

fn is_success(status: u16) -> bool {
    StatusCode::from_u16(status).is_ok_and(|status| status.is_success())
}

/// Decodes JSON, or nothing if nothing is expected.
fn decode<T: DeserializeOwned + 'static>(body: &[u8]) -> serde_json::Result<T> {
    let is_ignored = TypeId::of::<T>() == TypeId::of::<()>();
    serde_json::from_slice(if is_ignored { b"null" } else { body })
}
