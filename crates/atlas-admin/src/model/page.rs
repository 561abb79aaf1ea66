//! One page of a list.

use serde::{Deserialize, Serialize};

use super::api_key::Link;

/// One page of a list.
///
/// It serializes with the services' field names, and deserializes from what they send.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Page<T> {
    /// The items of the page, in the order of the list.
    #[serde(default = "Vec::new")]
    pub results: Vec<T>,
    /// The length of the whole list, which the services call an estimate. `None` if it was not
    /// asked for ([`List::include_count`](crate::List::include_count)).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total_count: Option<u32>,
    /// Links to this page (`self`), the one before it (`previous`) and the one after it
    /// (`next`), as far as they exist.
    #[serde(default)]
    pub links: Vec<Link>,
}

impl<T> Page<T> {
    /// Creates the only page of a list, for tests.
    #[must_use]
    pub fn new(results: Vec<T>) -> Self {
        Self {
            total_count: u32::try_from(results.len()).ok(),
            results,
            links: Vec::new(),
        }
    }

    /// Returns whether the page links to a next one.
    #[must_use]
    pub fn has_next(&self) -> bool {
        let is_next = |link: &Link| link.rel.as_deref() == Some("next");
        self.links.iter().any(is_next)
    }
}
