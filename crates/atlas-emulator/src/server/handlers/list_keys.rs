//! Lists the keys of an organization or of a project.

use axum::response::Response;

use crate::{http::error::ApiError, server::call::Call};

pub(super) fn perform(call: &mut Call<'_>) -> Result<Response, ApiError> {
    let index = call.state.keys_in(call.scope);
    let index = index.ok_or_else(ApiError::unexpected)?;
    let paging = call.paging();
    let range = paging.offset()..paging.offset().saturating_add(paging.items);
    let keys = index.slice(range).filter_map(|id| {
        let key = call.state.key(id)?;
        Some(call.view(id, key, None))
    });
    Ok(call.response.page(call.page(index.len(), keys.collect())))
}
