//! Gives a key of the organization roles in a project, in place of those that it has there: the
//! Terraform provider changes roles by assigning anew.

use axum::response::Response;

use crate::{http::error::ApiError, server::call::Call, spec::role::Update};

pub(super) fn perform(call: &mut Call<'_>) -> Result<Response, ApiError> {
    let id = call.key_id()?;
    let (body, rules) = call.body()?;
    let assignments = body.as_array().into_iter().flatten();
    let mut roles = Vec::new();
    for role in assignments
        .filter_map(|one| rules.update(one).roles)
        .flatten()
    {
        if !roles.contains(&role) {
            roles.push(role);
        }
    }
    let update = Update {
        desc: None,
        roles: Some(roles),
    };
    let assumptions = &call.behavior.assumptions;
    call.state.update(call.scope, id, update, assumptions)?;
    Ok(call.response.empty())
}
