//! One attempt at a call: authenticated, executed, classified.
//!
//! It is the unit that the retry policy repeats.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::Duration,
};

use atlas_admin_raw::Transport;
use http::{StatusCode, header};
use reqwest::Request;
use tokio::time::Instant;

use crate::{
    auth::Auth,
    classify,
    connection::{self, Fate},
    envelope,
    error::{Error, ErrorKind},
    wire::{Answer, Incomplete},
};

/// The most of a body that is read only to keep its connection.
const DRAIN_LIMIT: usize = 64 * 1024;

/// Sends `request` with credentials and gives back the answer of a success.
pub(crate) async fn attempt(
    auth: &Auth,
    exchange: &Exchange<'_>,
    request: &Request,
    enveloped: bool,
) -> Result<Answer, Error> {
    let mut answer = auth.send(exchange, request).await?;
    if enveloped {
        answer = envelope::open(answer);
        exchange.progress.answered(answer.status);
    }
    if answer.status == StatusCode::OK {
        Ok(answer)
    } else {
        Err(classify::refusal(answer))
    }
}

/// The way to the service for one call.
pub(crate) struct Exchange<'a> {
    pub(crate) wire: &'a dyn Transport,
    pub(crate) operation: &'static str,
    pub(crate) progress: &'a Arc<Progress>,
    /// Whether the wire lets us see when a connection is opened.
    pub(crate) tells_connections: bool,
    /// The most of a body that is kept, after decompression.
    pub(crate) body_limit: usize,
    /// When this is over.
    pub(crate) until: Instant,
}

/// How far a call has come, readable even if it is cut off.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    requests_sent: AtomicU32,
    may_be_taken: AtomicBool,
    /// Whether an earlier attempt may have taken effect.
    may_have_been_taken: AtomicBool,
    /// Whether the last request went over a kept connection that broke.
    lost_kept_alive: AtomicBool,
}

impl Progress {
    pub(crate) fn requests_sent(&self) -> u32 {
        self.requests_sent.load(Ordering::Relaxed)
    }

    /// Whether any request may have taken effect.
    pub(crate) fn may_be_taken(&self) -> bool {
        self.last_may_be_taken() || self.may_have_been_taken.load(Ordering::Relaxed)
    }

    /// Whether the last attempt may have taken effect.
    pub(crate) fn last_may_be_taken(&self) -> bool {
        self.may_be_taken.load(Ordering::Relaxed)
    }

    /// Whether the last request went over a kept connection that broke.
    pub(crate) fn lost_kept_alive(&self) -> bool {
        self.lost_kept_alive.load(Ordering::Relaxed)
    }

    /// Another attempt follows.
    pub(crate) fn again(&self) {
        self.may_have_been_taken
            .store(self.may_be_taken(), Ordering::Relaxed);
        self.may_be_taken.store(false, Ordering::Relaxed);
        self.lost_kept_alive.store(false, Ordering::Relaxed);
    }

    /// What was answered is not to be believed.
    pub(crate) fn doubt(&self) {
        self.may_be_taken.store(true, Ordering::Relaxed);
    }

    /// The service refuses with 3xx and 4xx; of any other answer, who knows.
    fn answered(&self, status: StatusCode) {
        let is_refused = status.is_redirection() || status.is_client_error();
        self.may_be_taken.store(!is_refused, Ordering::Relaxed);
    }
}

impl Exchange<'_> {
    /// Sends the operation's request; returns when the headers of the answer are
    /// there. One without credentials only asks for a challenge: unless it is
    /// answered with a success, nothing was done for it.
    pub(crate) fn send(
        &self,
        request: Request,
    ) -> impl Future<Output = Result<reqwest::Response, Error>> {
        let is_signed = request.headers().contains_key(header::AUTHORIZATION);
        let progress: &Progress = self.progress;
        // Boxed outside of the future, which is moved and would carry it.
        let executed = self.execute(request);
        async move {
            let may_be_taken = &progress.may_be_taken;
            may_be_taken.store(is_signed, Ordering::Relaxed);
            match executed.await {
                Ok(response) => {
                    if is_signed || response.status().is_success() {
                        progress.answered(response.status());
                    }
                    Ok(response)
                }
                Err(unanswered) => {
                    let was_taken = is_signed && unanswered.fate != Fate::NotTaken;
                    may_be_taken.store(was_taken, Ordering::Relaxed);
                    Err(unanswered.into_error())
                }
            }
        }
    }

    /// Sends a request to a token endpoint and reads its answer. A success that
    /// breaks off is not kept: it may hold a part of a token.
    pub(crate) async fn fetch(&self, request: Request) -> Result<Answer, Error> {
        let mut response = self
            .execute(request)
            .await
            .map_err(Unanswered::into_error)?;
        let patience = self.patience(response.status());
        match Answer::read(&mut response, self.body_limit, patience).await {
            (answer, Some(Incomplete::TooLong)) if answer.status.is_success() => Err(Error::new(
                ErrorKind::Decode,
                "the answer of the token endpoint is longer than max_body_size",
            )),
            (answer, Some(_)) if answer.status.is_success() => Err(Error::new(
                ErrorKind::Transport,
                "the answer of the token endpoint broke off",
            )),
            (answer, _) => Ok(answer),
        }
    }

    /// The whole of an answer. One that is no success is worth having even if
    /// its body is not all there.
    pub(crate) async fn read(&self, response: &mut reqwest::Response) -> Result<Answer, Error> {
        let patience = self.patience(response.status());
        match Answer::read(response, self.body_limit, patience).await {
            (answer, Some(incomplete)) if answer.status.is_success() => {
                Err(cut_short(answer, incomplete))
            }
            (answer, _) => Ok(answer),
        }
    }

    /// An answer that asks for another request. Its connection is not worth
    /// reading a long body for.
    pub(crate) async fn drain(&self, response: &mut reqwest::Response) -> Answer {
        let patience = self.patience(response.status());
        let limit = DRAIN_LIMIT.min(self.body_limit);
        Answer::read(response, limit, patience).await.0
    }

    /// How long a body is waited for. That of a failure takes half of what is left
    /// at the most: its status says enough.
    fn patience(&self, status: StatusCode) -> Option<Duration> {
        let left = self.until.saturating_duration_since(Instant::now());
        (!status.is_success()).then_some(left / 2)
    }

    fn execute(
        &self,
        request: Request,
    ) -> impl Future<Output = Result<reqwest::Response, Unanswered>> {
        let executed = self.wire.execute(request, self.operation);
        async move {
            self.progress.requests_sent.fetch_add(1, Ordering::Relaxed);
            let (result, opened) = connection::watch(executed, self.until).await;
            result.map_err(|error| {
                let fate = connection::fate(&error);
                let lost = fate == Fate::Closed && !opened && self.tells_connections;
                self.progress.lost_kept_alive.store(lost, Ordering::Relaxed);
                Unanswered { error, fate }
            })
        }
    }
}

/// The answer of a success, without all of its body.
fn cut_short(answer: Answer, incomplete: Incomplete) -> Error {
    let (kind, message, source) = match incomplete {
        Incomplete::TooLong => (
            ErrorKind::Decode,
            "the answer is longer than max_body_size",
            None,
        ),
        Incomplete::Late => (ErrorKind::Timeout, "the answer does not end", None),
        Incomplete::Broken(source) if !connection::is_at_fault(&source) => (
            ErrorKind::Decode,
            "the answer is not compressed as it says",
            Some(source),
        ),
        Incomplete::Broken(source) => (ErrorKind::Transport, "the answer broke off", Some(source)),
    };
    let error = Error::new(kind, message).with_answer(answer);
    match source {
        Some(source) => error.with_source(source.without_url()),
        None => error,
    }
}

const CHECK_WAY: &str =
    "check the base URL, the network, and what stands between here and the service";

/// A request without an answer.
struct Unanswered {
    error: reqwest::Error,
    fate: Fate,
}

impl Unanswered {
    fn into_error(self) -> Error {
        let Self { error, fate } = self;
        let (kind, message, advice) = if error.is_timeout() && error.is_connect() {
            (ErrorKind::Timeout, "no connection in time", CHECK_WAY)
        } else if error.is_timeout() {
            (ErrorKind::Timeout, "no answer in time", CHECK_WAY)
        } else if error.is_redirect() {
            (
                ErrorKind::Redirect,
                "a redirect was followed by the HTTP client given to the builder",
                "build that client with redirects off",
            )
        } else if error.is_builder() {
            (
                ErrorKind::Input,
                "no request can be made of this input",
                "the source of this error says why",
            )
        } else if error.is_connect() {
            (
                ErrorKind::Transport,
                "no connection to the service",
                CHECK_WAY,
            )
        } else {
            let (message, advice) = match fate {
                Fate::NotTaken => ("the service turned the request away unread", "try again"),
                Fate::NotHttp => (
                    "what came back is not the head of an HTTP answer",
                    CHECK_WAY,
                ),
                Fate::Closed | Fate::Unknown => {
                    ("the connection broke before the answer", "try again")
                }
            };
            (ErrorKind::Transport, message, advice)
        };
        Error::new(kind, message)
            .with_advice(advice)
            .with_source(error.without_url())
    }
}
