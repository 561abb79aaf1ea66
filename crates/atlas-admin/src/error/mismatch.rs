//! Differences between what was requested and what a success returned.

use std::fmt;

use serde_json::Value;

use crate::model::sanitize::excerpt;

/// A field that a response returned with another value than the update set.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Mismatch {
    /// The field's name in JSON: `desc` or `roles`.
    pub field: &'static str,
    /// The value that the update set. Roles are in alphabetical order.
    pub requested: Value,
    /// The value that the response returned: of roles, those in the organization or project of
    /// the update.
    pub returned: Value,
}

/// The longest value that an error shows, in characters.
const VALUE_LIMIT: usize = 300;

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let show = |value: &Value| excerpt(&value.to_string(), VALUE_LIMIT);
        let (requested, returned) = (show(&self.requested), show(&self.returned));
        write!(f, "{} {returned} instead of {requested}", self.field)
    }
}
