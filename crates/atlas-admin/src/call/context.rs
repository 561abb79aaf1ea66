//! The retry loop of a call, and each attempt.

use std::{pin::pin, sync::Arc, time::Duration};

use atlas_admin_raw::catalog::{Effect, Operation};
use bytes::Bytes;
use http::StatusCode;
use tokio::time::{Instant, sleep, timeout_at};

use crate::{
    auth::CallRequest,
    client::ClientInner,
    error::{Error, ErrorKind, from_response},
    model::{
        options::RequestOptions,
        response::{BufferedResponse, RateLimit},
        target::{CallTarget, Scope},
    },
    rate_limiter::{MAX_PAUSE, Permit},
    retry::Failure,
    transport::{
        Transport, context::RequestContext, deadline::deadline_after, envelope, progress::Progress,
    },
};

/// A call in progress.
pub(super) struct CallContext<'a> {
    pub(super) client: &'a ClientInner,
    pub(super) target: &'a CallTarget,
    pub(super) operation: &'a Operation,
    pub(super) request: CallRequest<'a>,
    pub(super) progress: Arc<Progress>,
    options: &'a RequestOptions,
    /// Whether a status is a success of the operation.
    is_success: &'a (dyn Fn(u16) -> bool + Sync),
}

impl<'a> CallContext<'a> {
    pub(super) fn new(
        client: &'a ClientInner,
        operation: &'a Operation,
        target: &'a CallTarget,
        options: &'a RequestOptions,
        request: CallRequest<'a>,
        is_success: &'a (dyn Fn(u16) -> bool + Sync),
    ) -> Self {
        Self {
            client,
            target,
            operation,
            request,
            progress: Arc::default(),
            options,
            is_success,
        }
    }

    /// Returns whether the operation changes something, and some attempt may have done so.
    pub(super) fn may_have_applied(&self) -> bool {
        self.operation.effect != Effect::Read && self.progress.may_have_applied()
    }

    /// Sends the request in as many attempts as the retry policy and the deadline allow.
    pub(super) async fn run(&self) -> Result<BufferedResponse, Error> {
        let mut deadline = deadline_after(self.options.timeout.unwrap_or(self.client.timeout));
        let mut attempts = 0;
        // An idle connection may close while the request is on its way. Nobody could then tell
        // whether something was created.
        let is_creation = self.operation.effect == Effect::Create;
        let mut uses_pool = !is_creation;
        let mut has_lost_idle_connection = false;
        loop {
            let mut permit = None;
            if let Some(limiter) = &self.client.rate_limiter
                && self.target.scope != Scope::Other
            {
                let started = Instant::now();
                permit = Some(limiter.acquire(&self.target.scope).await);
                deadline += started.elapsed();
            }
            let result = self.attempt(uses_pool, deadline).await;
            attempts += 1;
            let is_rate_limiting = permit.is_some();
            if let Some(permit) = permit {
                settle(permit, &result);
            }
            let error = match result {
                Ok(response) => return Ok(response),
                Err(error) if self.has_deleted(&error) => return Ok(deleted(&error)),
                Err(error) => error,
            };
            let failure = Failure {
                error: &error,
                effect: self.operation.effect,
                may_have_applied: self.progress.attempt_may_have_applied(),
                lost_idle_connection: self.progress.lost_idle_connection()
                    && !has_lost_idle_connection,
            };
            let delay = match self.client.retry.delay(attempts, &failure) {
                // The rate limiter waits instead.
                Some(_) if is_rate_limiting && error.is_rate_limited() => error
                    .retry_after()
                    .is_none_or(|wait| wait <= MAX_PAUSE)
                    .then_some(Duration::ZERO),
                delay => delay,
            };
            let left = deadline.saturating_duration_since(Instant::now());
            let Some(delay) = delay.filter(|delay| *delay < left) else {
                return Err(error);
            };
            tracing::info!(
                operation = self.operation.id,
                reason = failure.reason(),
                http.request.resend_count = attempts,
                delay_ms = delay.as_millis(),
                "retrying"
            );
            has_lost_idle_connection |= failure.lost_idle_connection;
            uses_pool = !is_creation && !failure.lost_idle_connection;
            self.progress.start_attempt();
            sleep(delay).await;
        }
    }

    /// Returns whether `error` says that what an earlier attempt may have deleted is gone.
    fn has_deleted(&self, error: &Error) -> bool {
        self.operation.effect == Effect::Delete
            && self.progress.earlier_may_have_applied()
            && error.is_gone()
    }

    /// Makes one attempt, over the client's pool or, as far as it has them, over connections
    /// that were not used before.
    async fn attempt(
        &self,
        uses_pool: bool,
        call_deadline: Instant,
    ) -> Result<BufferedResponse, Error> {
        let deadline = call_deadline.min(deadline_after(self.client.attempt_timeout));
        let transport: &dyn Transport = match &self.client.unpooled {
            Some(unpooled) if !uses_pool => unpooled,
            _ => &*self.client.transport,
        };
        let context = RequestContext {
            transport,
            operation_id: self.operation.id,
            progress: &self.progress,
            reports_connections: self.client.unpooled.is_some(),
            max_body_size: self.client.max_body_size,
            deadline,
        };
        // Pinned here, since moving the large future would be slow.
        let exchange = pin!(self.exchange(&context));
        timeout_at(deadline, exchange).await.unwrap_or_else(|_| {
            let message = if deadline == call_deadline {
                "the call timed out"
            } else {
                "no response within the time allowed for an attempt"
            };
            Err(Error::new(ErrorKind::Timeout, message)
                .with_advice("allow more time, or check the network and the service"))
        })
    }

    /// Sends the request with credentials. A response that is not a success is an error.
    async fn exchange(&self, context: &RequestContext<'_>) -> Result<BufferedResponse, Error> {
        let mut response = self.client.auth.send(context, &self.request).await?;
        if self.options.envelope == Some(true) {
            response = envelope::open(response);
            self.progress.record_status(response.status);
        }
        if (self.is_success)(response.status.as_u16()) {
            Ok(response)
        } else {
            Err(from_response::refusal(response))
        }
    }
}

/// Returns the response to a deletion that the service reports as `error`, since an earlier
/// attempt was applied.
fn deleted(error: &Error) -> BufferedResponse {
    BufferedResponse {
        status: StatusCode::NO_CONTENT,
        headers: error.headers().cloned().unwrap_or_default(),
        body: Bytes::new(),
    }
}

/// Reports to the rate limiter how a request ended.
fn settle(permit: Permit<'_>, result: &Result<BufferedResponse, Error>) {
    match result {
        Ok(response) => permit.complete(RateLimit::read(&response.headers)),
        Err(error) if error.is_rate_limited() => permit.reject(error.retry_after()),
        Err(error) => permit.complete(error.headers().and_then(RateLimit::read)),
    }
}
