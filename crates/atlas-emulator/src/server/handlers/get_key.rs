//! Reads a key of an organization.

use axum::response::Response;

use crate::{http::error::ApiError, server::call::Call};

pub(super) fn perform(call: &mut Call<'_>) -> Result<Response, ApiError> {
    call.respond_with_key(call.key_id()?, None)
}
