//! Deletions of what is gone already.

use crate::{error::Error, model::response::Response};

/// Makes a success of a refusal that says that what should be deleted does not exist. It keeps
/// the refusal's status.
pub(super) fn accept(outcome: Result<Response<()>, Error>) -> Result<Response<()>, Error> {
    match outcome {
        Err(error) if error.is_gone() => {
            let mut response = Response::new(()).with_requests_sent(error.requests_sent());
            if let Some(status) = error.status() {
                response = response.with_status(status);
            }
            if let Some(headers) = error.headers() {
                response = response.with_headers(headers.clone());
            }
            Ok(response)
        }
        outcome => outcome,
    }
}
