//! One call of an operation, from the request that the generated client builds to
//! the answer that it decodes.

use std::{
    error::Error as StdError,
    fmt,
    pin::pin,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use atlas_admin_raw::{self as raw, ResponseFuture, ResponseValue, Transport, catalog::Operation};
use http::{StatusCode, header};
use reqwest::{Request, ResponseBuilderExt, Url};
use tokio::time::{Instant, sleep, timeout_at};
use tracing::{Instrument, Span, field};

use crate::{
    attempt::{Exchange, Progress, attempt},
    model::target::CallTarget,
    client::ClientInner,
    error::{Error, ErrorKind},
    headers,
    model::options::RequestOptions,
    rate_limiter::{Admission, LONGEST_PAUSE},
    response::{RateLimit, Response},
    retry::Failure,
    wire::{BufferedResponse, Fresh},
};

/// About as many headers as a request has in the end.
const HEADERS: usize = 8;

/// A call under way. It stands in the place of the generated client's transport
/// and keeps what happened, of which that client could tell a part only.
pub(crate) struct Call {
    shared: Arc<ClientInner>,
    operation: &'static Operation,
    pub(crate) name: CallTarget,
    pub(crate) options: RequestOptions,
    progress: Arc<Progress>,
    outcome: Mutex<Option<Result<BufferedResponse, Error>>>,
}

impl Call {
    pub(crate) fn new(
        shared: Arc<ClientInner>,
        operation: &'static Operation,
        name: CallTarget,
        options: RequestOptions,
    ) -> Arc<Self> {
        Arc::new(Self {
            shared,
            operation,
            name,
            options,
            progress: Arc::default(),
            outcome: Mutex::default(),
        })
    }

    /// A generated client that sends through this call.
    pub(crate) fn client(self: &Arc<Self>) -> raw::Client {
        raw::Client::new_with_client(&self.inner.url, self.inner.http.clone(), self.clone())
    }

    /// What became of the call, given what the generated client made of it.
    pub(crate) fn finish<T>(
        &self,
        decoded: Result<ResponseValue<T>, raw::Error<()>>,
    ) -> Result<Response<T>, Error> {
        let outcome = self
            .outcome
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let error = match (outcome, decoded) {
            (Some(Ok(answer)), Ok(value)) => {
                return Ok(Response::new(
                    value.into_inner(),
                    answer.status,
                    answer.headers,
                    self.progress.requests_sent(),
                ));
            }
            (Some(Ok(answer)), Err(error)) => {
                Error::new(ErrorKind::Decode, "the service's answer is not an API key")
                    .with_response(answer)
                    .with_source(cause(error))
            }
            (Some(Err(error)), _) => error,
            (None, Err(error)) => {
                Error::input("no request can be made of this input").with_source(cause(error))
            }
            (None, Ok(_)) => Error::new(ErrorKind::Decode, "an answer to no request"),
        };
        Err(error.of_call(self.name.clone()).after(
            self.progress.requests_sent(),
            self.is_update() && self.progress.may_be_taken(),
        ))
    }

    /// Carries the request out within its time, in as many attempts as the policy
    /// has it.
    async fn run(&self, request: &mut Request) -> Result<BufferedResponse, Error> {
        self.set_headers(request)?;
        let mut deadline = after(self.options.timeout.unwrap_or(self.inner.timeout));
        let mut made = 0;
        let mut fresh = None;
        let mut was_lost = false;
        loop {
            let mut admission = None;
            if let Some(rate_limiter) = &self.inner.rate_limiter {
                let asked = Instant::now();
                admission = Some(rate_limiter.admit(&self.name.scope).await);
                deadline += asked.elapsed();
            }
            let result = self.attempt(request, fresh.take(), deadline).await;
            made += 1;
            let is_paced = admission.is_some();
            if let Some(admission) = admission {
                settle(admission, &result);
            }
            let error = match result {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            let failure = Failure {
                error: &error,
                may_be_taken: self.is_update() && self.progress.last_may_be_taken(),
                lost_kept_alive: self.progress.lost_kept_alive() && !was_lost,
            };
            let delay = match self.inner.retry.delay(made, &failure) {
                // The rate_limiter knows when.
                Some(_) if is_paced && error.is_rate_limited() => error
                    .retry_after()
                    .is_none_or(|wait| wait <= LONGEST_PAUSE)
                    .then_some(Duration::ZERO),
                delay => delay,
            };
            let left = deadline.saturating_duration_since(Instant::now());
            let Some(delay) = delay.filter(|delay| *delay < left) else {
                return Err(error);
            };
            self.log_retry(&failure, made, delay);
            if failure.lost_kept_alive {
                was_lost = true;
                fresh = self.inner.fresh.as_ref().and_then(Fresh::wire);
            }
            self.progress.again();
            sleep(delay).await;
        }
    }

    /// Whether the operation is one that changes something.
    fn is_update(&self) -> bool {
        self.operation.method != "GET"
    }

    /// One attempt, over `fresh` connections or those that are kept.
    async fn attempt(
        &self,
        request: &Request,
        fresh: Option<&dyn Transport>,
        deadline: Instant,
    ) -> Result<BufferedResponse, Error> {
        let until = deadline.min(after(self.inner.attempt_timeout));
        let exchange = Exchange {
            wire: fresh.unwrap_or(&*self.inner.wire),
            operation: self.operation.id,
            progress: &self.progress,
            tells_connections: self.inner.fresh.is_some(),
            body_limit: self.inner.body_limit,
            until,
        };
        let enveloped = self.options.envelope == Some(true);
        // Pinned here and in `execute`: these futures are large, and would be moved.
        let attempt = pin!(attempt(&self.inner.auth, &exchange, request, enveloped));
        timeout_at(until, attempt).await.unwrap_or_else(|_| {
            let what = if until == deadline {
                "the time for the call is over"
            } else {
                "no answer in the time for an attempt"
            };
            Err(Error::new(ErrorKind::Timeout, what)
                .with_advice("allow more time, or look at the network and the service"))
        })
    }

    fn log_retry(&self, failure: &Failure<'_>, made: u32, delay: Duration) {
        tracing::info!(
            operation = self.operation.id,
            reason = failure.reason(),
            http.request.resend_count = made,
            delay_ms = delay.as_millis(),
            "another attempt"
        );
    }

    /// Puts this service's headers in the place of the generator's defaults.
    fn set_headers(&self, request: &mut Request) -> Result<(), Error> {
        let media_type = match self.options.api_version {
            Some(version) => self.inner.service.media_type(version)?,
            None => self.inner.media_type.clone(),
        };
        let headers = request.headers_mut();
        // With those that come later: to grow is to move them.
        headers.reserve(HEADERS);
        headers.remove(headers::API_VERSION);
        headers.insert(header::USER_AGENT, self.inner.user_agent.clone());
        if headers.contains_key(header::CONTENT_TYPE) {
            headers.insert(header::CONTENT_TYPE, media_type.clone());
        }
        headers.insert(header::ACCEPT, media_type);
        Ok(())
    }
}

impl Call {
    /// The span of the call, in the names of OpenTelemetry's conventions for HTTP.
    fn span(&self, request: &Request) -> Span {
        tracing::info_span!(
            "atlas_admin.call",
            otel.name = self.operation.id,
            otel.kind = "client",
            http.request.method = self.operation.method,
            url.template = self.operation.path,
            server.address = request.url().host_str(),
            server.port = request.url().port_or_known_default(),
            service = self.inner.service.name(),
            http.response.status_code = field::Empty,
            error.type = field::Empty,
            requests_sent = field::Empty,
        )
    }

    fn record(&self, span: &Span, outcome: &Result<BufferedResponse, Error>) {
        span.record("requests_sent", self.progress.requests_sent());
        let (status, headers) = match outcome {
            Ok(answer) => (Some(answer.status), Some(&answer.headers)),
            Err(error) => {
                span.record("error.type", field::debug(error.kind()));
                (error.status(), error.headers())
            }
        };
        if let Some(status) = status {
            span.record("http.response.status_code", status.as_u16());
        }
        if let Some(headers) = headers {
            self.inner.sunsets.warn(self.operation.id, headers);
        }
    }
}

impl Transport for Call {
    fn execute<'a>(
        &'a self,
        mut request: Request,
        _operation_id: &'static str,
    ) -> ResponseFuture<'a> {
        Box::pin(async move {
            let url = request.url().clone();
            let span = self.span(&request);
            let run = pin!(self.run(&mut request));
            let outcome = if span.is_disabled() {
                run.await
            } else {
                run.instrument(span.clone()).await
            };
            self.record(&span, &outcome);
            let response = decodable(url, outcome.as_ref().ok());
            *self.outcome.lock().unwrap_or_else(PoisonError::into_inner) = Some(outcome);
            Ok(response)
        })
    }
}

/// When this much time is over; a year is as good as any more, which clocks may not
/// reach.
pub(crate) fn after(time: Duration) -> Instant {
    const YEAR: Duration = Duration::from_secs(365 * 24 * 3600);
    Instant::now() + time.min(YEAR)
}

/// Tells the rate_limiter what became of a request that it let go.
fn settle(admission: Admission<'_>, result: &Result<BufferedResponse, Error>) {
    match result {
        Ok(answer) => admission.answered(RateLimit::read(&answer.headers)),
        Err(error) if error.is_rate_limited() => admission.refused(error.retry_after()),
        Err(error) => match error.headers().map(RateLimit::read) {
            // This need not come from who counts.
            Some(None) if error.is_service() => drop(admission),
            Some(said) => admission.answered(said),
            None => drop(admission),
        },
    }
}

/// The answer as the generated client can decode it; for a failure, which that
/// client has no type for, one that it does not expect.
fn decodable(url: Url, answer: Option<&BufferedResponse>) -> reqwest::Response {
    let (status, body) = match answer {
        Some(answer) => (answer.status, answer.body.clone()),
        None => (StatusCode::IM_A_TEAPOT, bytes::Bytes::new()),
    };
    let response = http::Response::builder().status(status).url(url);
    response
        .body(body)
        .expect("a status and a URL make a response")
        .into()
}

/// Why the generated client could not do its part.
fn cause(error: raw::Error<()>) -> Box<dyn StdError + Send + Sync> {
    match error {
        // The payload itself stays out of the text: it holds a key.
        raw::Error::InvalidResponsePayload(_, error) => error.into(),
        raw::Error::CommunicationError(error) => error.without_url().into(),
        raw::Error::InvalidRequest(text) => text.into(),
        _ => "the generated client does not know the answer".into(),
    }
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}
