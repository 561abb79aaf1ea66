//! Sending the requests of one attempt.

use std::{sync::Arc, time::Duration};

use http::header;
use reqwest::Request;
use tokio::time::Instant;

use super::{
    Transport,
    body::{self, Incomplete},
    connection,
    delivery::{self, Delivery},
    progress::Progress,
    send_error::SendError,
};
use crate::{
    error::{Error, ErrorKind},
    model::response::BufferedResponse,
};

/// The longest body that is read only to reuse its connection.
const DRAIN_LIMIT: usize = 64 * 1024;

/// What an attempt carries down to the transport.
pub(crate) struct RequestContext<'a> {
    pub(crate) transport: &'a dyn Transport,
    pub(crate) operation_id: &'static str,
    pub(crate) progress: &'a Arc<Progress>,
    /// Whether the transport reports when it opens a connection.
    pub(crate) reports_connections: bool,
    /// The longest body that is read, in bytes after decompression.
    pub(crate) max_body_size: usize,
    pub(crate) deadline: Instant,
}

impl RequestContext<'_> {
    /// Sends a request of the operation, and returns when the headers of the response have
    /// arrived. A request without credentials only fetches a challenge: it cannot have been
    /// applied unless the response is a success.
    pub(crate) fn send(
        &self,
        request: Request,
    ) -> impl Future<Output = Result<reqwest::Response, Error>> {
        let is_authorized = request.headers().contains_key(header::AUTHORIZATION);
        let progress: &Progress = self.progress;
        // Created here so that the future below does not store the request as well.
        let executed = self.execute(request);
        async move {
            progress.set_may_have_applied(is_authorized);
            match executed.await {
                Ok(response) => {
                    if is_authorized || response.status().is_success() {
                        progress.record_status(response.status());
                    }
                    Ok(response)
                }
                Err(error) => {
                    let may = is_authorized && error.delivery != Delivery::Unprocessed;
                    progress.set_may_have_applied(may);
                    Err(error.into_error())
                }
            }
        }
    }

    /// Sends a request to a token endpoint and reads the response. Errors do not contain an
    /// incomplete success, which may have a part of a token.
    pub(crate) async fn fetch(&self, request: Request) -> Result<BufferedResponse, Error> {
        let mut response = self.execute(request).await.map_err(SendError::into_error)?;
        let (response, incomplete) = self.buffer(&mut response, self.max_body_size).await;
        match incomplete {
            Some(Incomplete::TooLong) if response.status.is_success() => Err(Error::new(
                ErrorKind::Decode,
                "the token endpoint's response is longer than max_body_size",
            )),
            Some(_) if response.status.is_success() => Err(Error::new(
                ErrorKind::Transport,
                "the connection broke during the token endpoint's response",
            )),
            _ => Ok(response),
        }
    }

    /// Reads a response to its end. Only a success must be complete.
    pub(crate) async fn read(
        &self,
        response: &mut reqwest::Response,
    ) -> Result<BufferedResponse, Error> {
        match self.buffer(response, self.max_body_size).await {
            (response, Some(incomplete)) if response.status.is_success() => {
                Err(incomplete_success(response, incomplete))
            }
            (response, _) => Ok(response),
        }
    }

    /// Reads a response so that the next request can reuse its connection. A long body is not
    /// worth that.
    pub(crate) async fn drain(&self, response: &mut reqwest::Response) -> BufferedResponse {
        let limit = DRAIN_LIMIT.min(self.max_body_size);
        self.buffer(response, limit).await.0
    }

    /// Reads up to `limit` bytes of a body. The body of a failure gets half of the time left,
    /// since its status alone is useful.
    async fn buffer(
        &self,
        response: &mut reqwest::Response,
        limit: usize,
    ) -> (BufferedResponse, Option<Incomplete>) {
        let left: Duration = self.deadline.saturating_duration_since(Instant::now());
        let max_time = (!response.status().is_success()).then_some(left / 2);
        body::read(response, limit, max_time).await
    }

    fn execute(
        &self,
        request: Request,
    ) -> impl Future<Output = Result<reqwest::Response, SendError>> {
        let executed = self.transport.execute(request, self.operation_id);
        async move {
            self.progress.count_request();
            let (result, has_connected) = connection::observe(executed, self.deadline).await;
            result.inspect_err(|error| {
                let is_idle_lost = error.delivery == Delivery::ConnectionClosed
                    && !has_connected
                    && self.reports_connections;
                self.progress.set_lost_idle_connection(is_idle_lost);
            })
        }
    }
}

/// Returns the error for a success with an incomplete body.
fn incomplete_success(response: BufferedResponse, incomplete: Incomplete) -> Error {
    let (kind, message, source) = match incomplete {
        Incomplete::TooLong => (
            ErrorKind::Decode,
            "the response is longer than max_body_size",
            None,
        ),
        Incomplete::TimedOut => (ErrorKind::Timeout, "the response did not end in time", None),
        Incomplete::Broken(source) if !delivery::is_connection_error(&source) => (
            ErrorKind::Decode,
            "the response cannot be decompressed",
            Some(source),
        ),
        Incomplete::Broken(source) => (
            ErrorKind::Transport,
            "the connection broke during the response",
            Some(source),
        ),
    };
    let error = Error::new(kind, message).with_response(response);
    match source {
        Some(source) => error.with_source(source.without_url()),
        None => error,
    }
}
