//! Removes a key from a project. It remains in its organization.

use axum::response::Response;

use crate::{http::error::ApiError, server::call::Call};

pub(super) fn perform(call: &mut Call<'_>) -> Result<Response, ApiError> {
    let (id, project) = (call.key_id()?, call.project()?);
    match call.state.remove_from_project(id, project) {
        true => Ok(call.response.empty()),
        false => Err(ApiError::key_not_found(id)),
    }
}
