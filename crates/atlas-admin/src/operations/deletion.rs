//! What deletions have in common: that what should be deleted may be gone already.

use super::builder::{Call, ValidRequest};
use crate::{error::Error, model::response::Response};

/// Sends a deletion. With `missing_ok`, a refusal that says that there is nothing to delete is a
/// success with the refusal's status and headers.
pub(super) async fn send(
    call: &Call,
    request: &ValidRequest<()>,
    missing_ok: bool,
) -> Result<Response<()>, Error> {
    let error = match call.send(request, |_, ()| Ok(())).await {
        Err(error) if missing_ok && error.is_gone() => error,
        outcome => return outcome,
    };
    let mut response = Response::new(()).with_requests_sent(error.requests_sent());
    if let Some(status) = error.status() {
        response = response.with_status(status);
    }
    if let Some(headers) = error.headers() {
        response = response.with_headers(headers.clone());
    }
    Ok(response)
}
