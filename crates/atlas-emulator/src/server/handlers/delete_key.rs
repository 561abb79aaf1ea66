//! Deletes a key, which removes it from all projects too.

use axum::response::Response;

use crate::{http::error::ApiError, server::call::Call};

pub(super) fn perform(call: &mut Call<'_>) -> Result<Response, ApiError> {
    let id = call.key_id()?;
    if call.state.is_last_owner(call.key()?) {
        return Err(ApiError::deletes_last_owner());
    }
    call.state.remove_key(id);
    Ok(call.response.empty())
}
