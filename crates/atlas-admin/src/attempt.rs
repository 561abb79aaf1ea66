//! One attempt at a call: authenticated, executed, classified.
//!
//! It is the unit that a retry policy would repeat.

use std::{
    error::Error as _,
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
};

use atlas_admin_raw::Transport;
use http::StatusCode;
use reqwest::Request;

use crate::{
    auth::Auth,
    classify, envelope,
    error::{Error, ErrorKind},
    wire::{Answer, BODY_LIMIT, Incomplete},
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
}

/// How far a call has come, readable even if it is cut off.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    attempts: AtomicU32,
    may_be_taken: AtomicBool,
}

impl Progress {
    pub(crate) fn attempts(&self) -> u32 {
        self.attempts.load(Ordering::Relaxed)
    }

    /// Whether the last request may have taken effect.
    pub(crate) fn may_be_taken(&self) -> bool {
        self.may_be_taken.load(Ordering::Relaxed)
    }

    /// What was answered is not to be believed.
    pub(crate) fn doubt(&self) {
        self.may_be_taken.store(true, Ordering::Relaxed);
    }

    fn answered(&self, status: StatusCode) {
        let may_be_taken = status.is_success() || status.is_server_error();
        self.may_be_taken.store(may_be_taken, Ordering::Relaxed);
    }
}

impl Exchange<'_> {
    /// Sends the operation's request; returns when the headers of the answer are
    /// there.
    pub(crate) async fn send(&self, request: Request) -> Result<reqwest::Response, Error> {
        self.progress.may_be_taken.store(true, Ordering::Relaxed);
        match self.execute(request).await {
            Ok(response) => {
                self.progress.answered(response.status());
                Ok(response)
            }
            Err(error) => {
                let unsent = error.is_connect() || error.is_builder();
                self.progress.may_be_taken.store(!unsent, Ordering::Relaxed);
                Err(broken(error))
            }
        }
    }

    /// Sends a request to a token endpoint and reads its answer. A success that
    /// breaks off is not kept: it may hold a part of a token.
    pub(crate) async fn fetch(&self, request: Request) -> Result<Answer, Error> {
        let response = self.execute(request).await.map_err(broken)?;
        match Answer::read(response, BODY_LIMIT).await {
            (answer, Some(_)) if answer.status.is_success() => Err(Error::new(
                ErrorKind::Transport,
                "the answer of the token endpoint broke off",
            )),
            (answer, _) => Ok(answer),
        }
    }

    /// The whole of an answer. One that is no success is worth having even if
    /// its body is not all there.
    pub(crate) async fn read(&self, response: reqwest::Response) -> Result<Answer, Error> {
        let (answer, incomplete) = Answer::read(response, BODY_LIMIT).await;
        match incomplete {
            Some(incomplete) if answer.status.is_success() => Err(match incomplete {
                Incomplete::TooLong => {
                    Error::new(ErrorKind::Decode, "the answer is longer than 8 MiB")
                        .with_answer(answer)
                }
                Incomplete::Broken(source) => {
                    let kind = if failed_to_decompress(&source) {
                        ErrorKind::Decode
                    } else {
                        ErrorKind::Transport
                    };
                    Error::new(kind, "the answer broke off")
                        .with_answer(answer)
                        .with_source(source.without_url())
                }
            }),
            _ => Ok(answer),
        }
    }

    /// An answer that asks for another request. Its connection is not worth
    /// reading a long body for.
    pub(crate) async fn drain(&self, response: reqwest::Response) -> Answer {
        Answer::read(response, DRAIN_LIMIT).await.0
    }

    async fn execute(&self, request: Request) -> reqwest::Result<reqwest::Response> {
        self.progress.attempts.fetch_add(1, Ordering::Relaxed);
        self.wire.execute(request, self.operation).await
    }
}

/// Tells a bad encoding from a bad connection, which reqwest reports alike: only
/// the latter comes from hyper.
fn failed_to_decompress(error: &reqwest::Error) -> bool {
    error
        .source()
        .is_some_and(|source| source.is::<io::Error>())
}

fn broken(error: reqwest::Error) -> Error {
    let (kind, message) = if error.is_timeout() && error.is_connect() {
        (ErrorKind::Timeout, "no connection in time")
    } else if error.is_timeout() {
        (ErrorKind::Timeout, "no answer in time")
    } else if error.is_redirect() {
        (
            ErrorKind::Redirect,
            "a redirect was followed by the HTTP client given to the builder",
        )
    } else if error.is_builder() {
        (ErrorKind::Input, "no request can be made of this input")
    } else if error.is_connect() {
        (ErrorKind::Transport, "no connection to the service")
    } else {
        (
            ErrorKind::Transport,
            "the connection broke before the answer",
        )
    };
    Error::new(kind, message).with_source(error.without_url())
}
