//! The span of a call, with the field names of OpenTelemetry's HTTP conventions.

use std::pin::pin;

use tracing::{Instrument, Span, field};

use super::context::CallContext;
use crate::{error::Error, model::response::BufferedResponse};

/// Runs the call in a span.
pub(super) async fn run(call: &CallContext<'_>) -> Result<BufferedResponse, Error> {
    let span = open(call);
    // Pinned here, since moving the large future would be slow.
    let run = pin!(call.run());
    let outcome = if span.is_disabled() {
        run.await
    } else {
        run.instrument(span.clone()).await
    };
    close(call, &span, &outcome);
    outcome
}

/// Opens the span of a call.
fn open(call: &CallContext<'_>) -> Span {
    let url = call.request.http.url();
    tracing::info_span!(
        "atlas_admin.call",
        otel.name = call.operation.id,
        otel.kind = "client",
        http.request.method = call.operation.method,
        // That of a request that is no operation is not known.
        url.template = Some(call.operation.path).filter(|path| !path.is_empty()),
        server.address = url.host_str(),
        server.port = url.port_or_known_default(),
        service = call.client.service.name(),
        http.response.status_code = field::Empty,
        error.type = field::Empty,
        requests_sent = field::Empty,
    )
}

/// Records how a call ended, and warns if its version will be withdrawn.
fn close(call: &CallContext<'_>, span: &Span, outcome: &Result<BufferedResponse, Error>) {
    span.record("requests_sent", call.progress.requests_sent());
    let (status, headers) = match outcome {
        Ok(response) => (Some(response.status), Some(&response.headers)),
        Err(error) => {
            span.record("error.type", field::debug(error.kind()));
            (error.status(), error.headers())
        }
    };
    if let Some(status) = status {
        span.record("http.response.status_code", status.as_u16());
    }
    if let Some(headers) = headers {
        call.client.sunset_warnings.warn(call.operation.id, headers);
    }
}
