//! A service in memory.

use std::{
    collections::{HashMap, VecDeque},
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::transport::{ResponseFuture, Transport};
use http::{HeaderValue, StatusCode, header};
use reqwest::Request;

use super::{FakeResponse, Operation, RecordedRequest, fake_response::CHALLENGE};
use crate::{Client, ClientBuilder, Credentials, ErrorCode};

/// A service in memory: its clients are real but for the network, which they never
/// touch.
///
/// Replies are said for each operation: those that are given
/// [`once`](Self::once), in order, and after them what it [`always`](Self::always)
/// gets. A request without a reply is answered 421 `NO_CANNED_REPLY`, with the
/// request in [`Error::detail`](crate::Error::detail), and is not repeated. Whatever
/// the credentials, they are accepted: challenges, and requests for tokens, are
/// answered and not counted.
///
/// Clones, and the clients, share what was said and what was sent.
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), atlas_admin::Error> {
/// use atlas_admin::testing::{FakeService, Operation, FakeResponse};
///
/// let fake = FakeService::new();
/// fake.once(Operation::UpdateOrgApiKey, FakeResponse::unavailable());
/// fake.always(Operation::UpdateOrgApiKey, FakeResponse::done());
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
    replies: Mutex<HashMap<Operation, Replies>>,
    requests: Mutex<Vec<RecordedRequest>>,
}

#[derive(Default)]
struct Replies {
    once: VecDeque<FakeResponse>,
    always: Option<Arc<Rule>>,
}

type Rule = dyn Fn(&RecordedRequest) -> FakeResponse + Send + Sync;

impl FakeService {
    /// A service that has no reply to anything yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A builder of clients of this service. Everything is at its default, and may
    /// be set: the service, the version, the policy of retries. The credentials are
    /// an API key that is made up, which all three services take.
    pub fn builder(&self) -> ClientBuilder {
        Client::builder()
            .credentials(Credentials::digest("abcdefgh", "fake"))
            .transport(self.0.clone())
    }

    /// Answers one request of `operation` with `reply`, after those that were said
    /// before.
    pub fn once(&self, operation: Operation, reply: FakeResponse) -> &Self {
        let mut replies = lock(&self.0.replies);
        replies.entry(operation).or_default().once.push_back(reply);
        drop(replies);
        self
    }

    /// Answers every other request of `operation` with `reply`.
    pub fn always(&self, operation: Operation, reply: FakeResponse) -> &Self {
        self.always_with(operation, move |_| reply.clone())
    }

    /// Answers every other request of `operation` with what `reply` makes of it, for
    /// code that changes several keys at once.
    ///
    /// ```
    /// use atlas_admin::testing::{FakeService, Operation, FakeResponse};
    ///
    /// let fake = FakeService::new();
    /// fake.always_with(Operation::UpdateOrgApiKey, |request| {
    ///     match request.api_key_id() {
    ///         "6a793f752c88faeba59bba49" => FakeResponse::key_not_found(),
    ///         _ => FakeResponse::done(),
    ///     }
    /// });
    /// ```
    pub fn always_with(
        &self,
        operation: Operation,
        reply: impl Fn(&RecordedRequest) -> FakeResponse + Send + Sync + 'static,
    ) -> &Self {
        let mut replies = lock(&self.0.replies);
        replies.entry(operation).or_default().always = Some(Arc::new(reply));
        drop(replies);
        self
    }

    /// The requests so far, in order, each attempt one.
    #[must_use]
    pub fn requests(&self) -> Vec<RecordedRequest> {
        lock(&self.0.requests).clone()
    }
}

impl State {
    fn reply(&self, request: &RecordedRequest) -> FakeResponse {
        let always = {
            let mut replies = lock(&self.replies);
            let replies = replies.entry(request.operation).or_default();
            if let Some(reply) = replies.once.pop_front() {
                return reply;
            }
            replies.always.clone()
        };
        always.map_or_else(|| unexpected(request), |reply| reply(request))
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
            let answer = self.reply(&request).answer(&request);
            lock(&self.requests).push(request);
            match answer {
                Ok(answer) => Ok(answer.into()),
                Err(unanswered) => unanswered.fail().await,
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
    let detail = format!("nothing is fake for {}: {method} {path}", operation.id());
    let code = ErrorCode::from("NO_CANNED_REPLY");
    FakeResponse::refusal(StatusCode::MISDIRECTED_REQUEST, code, &detail)
}

fn challenge() -> http::Response<&'static str> {
    let mut answer = http::Response::new("");
    *answer.status_mut() = StatusCode::UNAUTHORIZED;
    let headers = answer.headers_mut();
    headers.insert(header::WWW_AUTHENTICATE, CHALLENGE);
    answer
}

/// The token endpoints' answer, to those who want one and to those who give it back.
fn token() -> http::Response<&'static str> {
    const TOKEN: &str = r#"{"access_token":"fake","expires_in":3600,"token_type":"Bearer"}"#;
    let mut answer = http::Response::new(TOKEN);
    let json = HeaderValue::from_static("application/json");
    answer.headers_mut().insert(header::CONTENT_TYPE, json);
    answer
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FakeService")
            .field("requests", &lock(&self.requests))
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for FakeService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
