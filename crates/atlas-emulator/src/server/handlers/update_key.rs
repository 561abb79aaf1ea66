//! Changes a key's description and roles in an organization or in a project.

use axum::response::Response;

use crate::{http::error::ApiError, server::call::Call};

pub(super) fn perform(call: &mut Call<'_>) -> Result<Response, ApiError> {
    let id = call.key_id()?;
    let update = call.update()?;
    let assumptions = &call.behavior.assumptions;
    call.state.update(call.scope, id, update, assumptions)?;
    call.respond_with_key(id, None)
}
