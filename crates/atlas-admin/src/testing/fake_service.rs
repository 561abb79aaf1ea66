//! A service in memory.

use std::{
    collections::{HashMap, VecDeque},
    fmt,
    sync::Arc,
};

use http::{HeaderValue, StatusCode, header};
use reqwest::Request;

use super::{FakeResponse, Operation, RecordedRequest, fake_response::CHALLENGE};
use crate::{
    Client, ClientBuilder, Credentials, ErrorCode,
    mutex::Mutex,
    transport::{ResponseFuture, Transport},
};

/// An in-process service, for clients that are real except for the network.
///
/// Responses are set for each operation: those given [`once`](Self::once), in order, and
/// after them the one given [`always`](Self::always). A request without a response gets 421
/// `NO_FAKE_RESPONSE`, with the request in [`Error::detail`](crate::Error::detail), and is not
/// retried. All credentials are accepted; challenges and requests for tokens are handled and
/// not recorded.
///
/// Clones and all clients share responses and recorded requests.
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), atlas_admin::Error> {
/// use atlas_admin::testing::{FakeResponse, FakeService, Operation};
///
/// let fake = FakeService::new();
/// fake.once(Operation::UpdateOrgApiKey, FakeResponse::unavailable());
/// fake.always(Operation::UpdateOrgApiKey, FakeResponse::ok());
///
/// let atlas = fake.builder().build()?;
/// let org = atlas.org("32b6e34b3d91647abb20e7b8");
/// let key = org.api_key("6a793f752c88faeba59bba49").update().desc("ci deploys").send().await?;
///
/// assert_eq!(key.desc.as_deref(), Some("ci deploys"));
/// assert_eq!(fake.requests().len(), 2);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default)]
pub struct FakeService(Arc<State>);

#[derive(Default)]
struct State {
    responses: Mutex<HashMap<Operation, Responses>>,
    requests: Mutex<Vec<RecordedRequest>>,
}

#[derive(Default)]
struct Responses {
    once: VecDeque<FakeResponse>,
    always: Option<Arc<Rule>>,
}

type Rule = dyn Fn(&RecordedRequest) -> FakeResponse + Send + Sync;

impl FakeService {
    /// Creates a service without responses.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns a builder of clients of this service, with synthetic credentials that all
    /// three services accept. Every other setting has its default and can be changed.
    pub fn builder(&self) -> ClientBuilder {
        Client::builder()
            .credentials(Credentials::digest("abcdefgh", "fake"))
            .transport(self.0.clone())
    }

    /// Responds to one request of `operation`, after the responses set before.
    pub fn once(&self, operation: Operation, response: FakeResponse) -> &Self {
        let mut responses = self.0.responses.lock();
        responses
            .entry(operation)
            .or_default()
            .once
            .push_back(response);
        drop(responses);
        self
    }

    /// Responds to every other request of `operation`.
    pub fn always(&self, operation: Operation, response: FakeResponse) -> &Self {
        self.always_with(operation, move |_| response.clone())
    }

    /// Responds to every other request of `operation` with what a function returns for it.
    ///
    /// ```
    /// use atlas_admin::testing::{FakeResponse, FakeService, Operation};
    ///
    /// let fake = FakeService::new();
    /// fake.always_with(Operation::UpdateOrgApiKey, |request| {
    ///     match request.api_key_id() {
    ///         "6a793f752c88faeba59bba49" => FakeResponse::key_not_found(),
    ///         _ => FakeResponse::ok(),
    ///     }
    /// });
    /// ```
    pub fn always_with(
        &self,
        operation: Operation,
        response: impl Fn(&RecordedRequest) -> FakeResponse + Send + Sync + 'static,
    ) -> &Self {
        let mut responses = self.0.responses.lock();
        responses.entry(operation).or_default().always = Some(Arc::new(response));
        drop(responses);
        self
    }

    /// Returns the requests so far, in order, one for each attempt.
    #[must_use]
    pub fn requests(&self) -> Vec<RecordedRequest> {
        self.0.requests.lock().clone()
    }
}

impl State {
    fn respond(&self, request: &RecordedRequest) -> FakeResponse {
        let always = {
            let mut responses = self.responses.lock();
            let responses = responses.entry(request.operation).or_default();
            if let Some(response) = responses.once.pop_front() {
                return response;
            }
            responses.always.clone()
        };
        always.map_or_else(|| unexpected(request), |response| response(request))
    }
}

impl Transport for State {
    fn execute<'a>(&'a self, request: Request, operation_id: &'static str) -> ResponseFuture<'a> {
        Box::pin(async move {
            let Some(operation) = Operation::with_id(operation_id) else {
                return Ok(token().into());
            };
            if !request.headers().contains_key(header::AUTHORIZATION) {
                return Ok(challenge().into());
            }
            let request = RecordedRequest::new(operation, &request);
            let response = self.respond(&request).respond(&request);
            self.requests.lock().push(request);
            match response {
                Ok(response) => Ok(response.into()),
                Err(failure) => Ok(failure.fail().await?),
            }
        })
    }
}

fn unexpected(request: &RecordedRequest) -> FakeResponse {
    let RecordedRequest {
        operation,
        method,
        path,
        ..
    } = request;
    let detail = format!("no response is set for {}: {method} {path}", operation.id());
    let code = ErrorCode::from("NO_FAKE_RESPONSE");
    FakeResponse::error(StatusCode::MISDIRECTED_REQUEST, code, &detail)
}

fn challenge() -> http::Response<&'static str> {
    let mut response = http::Response::new("");
    *response.status_mut() = StatusCode::UNAUTHORIZED;
    let headers = response.headers_mut();
    headers.insert(header::WWW_AUTHENTICATE, CHALLENGE);
    response
}

/// Returns the response of the token endpoints, to issue a token or revoke one.
fn token() -> http::Response<&'static str> {
    const TOKEN: &str = r#"{"access_token":"fake","expires_in":3600,"token_type":"Bearer"}"#;
    let mut response = http::Response::new(TOKEN);
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FakeService")
            .field("requests", &self.requests.lock())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for FakeService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
