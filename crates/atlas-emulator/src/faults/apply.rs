//! The effect of a fault on the response.

use std::time::Duration;

use axum::{body::Body, response::Response};
use http::{
    HeaderValue, StatusCode,
    header::{CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER},
};
use http_body_util::BodyExt;

use crate::{
    auth::digest::DigestAuthenticator,
    config::assumptions::Assumptions,
    faults::fault::{BreakConnection, FaultKind, Mismatch},
    faults::injector::InjectedFault,
    http::error::ApiError,
    http::response,
    state::object_id::ObjectId,
    state::rate_limit::{Exhausted, RateLimit},
    state::store::ApiKey,
};

/// The error page of a proxy whose upstream is unreachable.
const PAGE: &str = "<!DOCTYPE html>\n<html>\n<head><title>Error</title></head>\n<body>\n<h1>The upstream server did not respond</h1>\n</body>\n</html>\n";

impl InjectedFault {
    /// Returns whether the client gets no response.
    pub(crate) fn never_responds(&self) -> bool {
        self.kind == FaultKind::Hang
    }

    /// Returns how the success differs from what was requested, if it does.
    pub(crate) fn mismatch(&self) -> Option<Mismatch> {
        match self.kind {
            FaultKind::Mismatch(mismatch) => Some(mismatch),
            _ => None,
        }
    }

    /// Returns the response to send instead of `response`.
    pub(crate) async fn response(
        self,
        assumptions: &Assumptions,
        digest: &DigestAuthenticator,
        path: &str,
        mut response: Response,
    ) -> Response {
        let refused = |error| response::unrouted(error, assumptions);
        let mut response = match self.kind {
            FaultKind::RateLimited => {
                let retry_after = Duration::from_secs(self.retry_after.unwrap_or(1));
                let exhausted = Exhausted { retry_after };
                let mut error = ApiError::rate_limited(path, RateLimit::ORGANIZATION, exhausted);
                error.retry_after = None;
                refused(error)
            }
            FaultKind::Maintenance => refused(ApiError::maintenance()),
            FaultKind::Stale => response::challenge(digest.challenge(true)),
            FaultKind::Unexpected => refused(ApiError::unexpected()),
            FaultKind::Gateway { status, html } => gateway(status, html),
            FaultKind::BrokenJson => truncated(response).await,
            FaultKind::Delay(time) => {
                tokio::time::sleep(time).await;
                response
            }
            // The handler has made the response.
            FaultKind::Mismatch(_) => response,
            FaultKind::Hang => std::future::pending().await,
            FaultKind::Reset(when) => {
                response.extensions_mut().insert(BreakConnection(when));
                response
            }
        };
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(RETRY_AFTER, seconds.into());
        }
        response
    }
}

impl Mismatch {
    /// Changes the id and the key of a response. `before` is the key before the change, `None` for
    /// a creation, which had neither description nor roles before.
    pub(crate) fn apply(
        self,
        id: ObjectId,
        before: Option<&ApiKey>,
        key: &ApiKey,
    ) -> (ObjectId, ApiKey) {
        let mut shown = key.clone();
        match (self, before) {
            (Self::OtherKey, _) => return (id.other(), shown),
            (Self::Ignored, Some(before)) => return (id, before.clone()),
            (Self::Ignored, None) => {}
            (Self::OldDesc, before) => {
                shown.desc = before.map(|before| before.desc.clone()).unwrap_or_default();
            }
            (Self::OldRoles, Some(before)) => {
                shown.org_roles.clone_from(&before.org_roles);
                shown.project_roles.clone_from(&before.project_roles);
            }
            (Self::OldRoles, None) => {
                shown.org_roles.clear();
                shown.project_roles.clear();
            }
        }
        (id, shown)
    }
}

fn gateway(status: u16, html: bool) -> Response {
    let mut response = Response::default();
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
    if html {
        let page = HeaderValue::from_static("text/html; charset=utf-8");
        response.headers_mut().insert(CONTENT_TYPE, page);
        *response.body_mut() = Body::from(PAGE);
    }
    response
}

async fn truncated(response: Response) -> Response {
    let (mut head, body) = response.into_parts();
    head.headers.remove(CONTENT_LENGTH);
    // Bodies in memory do not fail.
    let whole = body
        .collect()
        .await
        .map(|body| body.to_bytes())
        .unwrap_or_default();
    Response::from_parts(head, Body::from(whole.slice(..whole.len() / 2)))
}
