//! Links between resources.

use serde::Serialize;

/// A link to a resource.
#[derive(Serialize)]
pub(crate) struct Link {
    pub(crate) href: String,
    pub(crate) rel: &'static str,
}
