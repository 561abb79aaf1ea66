//! Validation of query parameters against the documents.

use url::form_urlencoded;

use crate::{
    http::error::ApiError,
    spec::catalog::{QueryKind, QueryParameter},
};

/// Returns whether the query sets `name` to true.
pub(crate) fn flag(query: &str, name: &str) -> bool {
    !query.is_empty()
        && form_urlencoded::parse(query.as_bytes())
            .any(|(key, value)| key == name && value == "true")
}

/// Validates the declared parameters. Undeclared parameters are ignored, which is an assumption.
pub(crate) fn check(query: &str, declared: &[QueryParameter]) -> Result<(), ApiError> {
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        let Some(parameter) = declared.iter().find(|declared| declared.name == name) else {
            continue;
        };
        let accepted = match parameter.kind {
            QueryKind::Boolean => matches!(&*value, "true" | "false"),
            QueryKind::Integer { minimum, maximum } => value.parse().is_ok_and(|number: i128| {
                minimum.is_none_or(|least| number >= least)
                    && maximum.is_none_or(|most| number <= most)
            }),
            QueryKind::Text => true,
        };
        if !accepted {
            return Err(ApiError::query_parameter(&name, &value));
        }
    }
    Ok(())
}
