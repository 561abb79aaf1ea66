//! What the services have in common in kind but not in value: paths, media
//! types, query parameters, body fields, limits and role names, as data.

pub use crate::generated::catalog::*;

/// One service that answers the generated operations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Service {
    /// Our name of the service, as in `openapi/services.toml`.
    pub name: &'static str,
    /// The part of every path before the operation's own path.
    pub base_path: &'static str,
    /// How the service writes the type of its bodies.
    pub media_type: MediaType,
    /// What the service can do.
    pub operations: &'static [Operation],
}

/// How a service names the type of its request and response bodies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MediaType {
    /// `application/json`.
    Json,
    /// A vendor type with the date of the API version in it.
    Dated {
        /// What stands before the date.
        prefix: &'static str,
        /// What stands after it.
        suffix: &'static str,
    },
}

/// One operation, as one service offers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Operation {
    /// Our name of the operation, which generated methods pass to the transport.
    pub id: &'static str,
    /// The HTTP method, in upper case.
    pub method: &'static str,
    /// The path below the service's base path, with `{names}` for parameters.
    pub path: &'static str,
    /// The dates of the versions of this resource, oldest first; empty where
    /// the media type is not dated.
    pub versions: &'static [&'static str],
    /// The query parameters it takes.
    pub query: &'static [Field],
    /// The fields of its request body; empty where it takes none.
    pub body: &'static [Field],
}

/// A query parameter or a field of a body, with its limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    /// The name on the wire.
    pub name: &'static str,
    /// Whether a request without it is refused.
    pub required: bool,
    /// The least value of a number, or the least length of a text or list.
    pub min: Option<u64>,
    /// The greatest value of a number, or the greatest length of a text or list.
    pub max: Option<u64>,
    /// The values known to be accepted, where they are known. More may be.
    pub values: &'static [&'static str],
}

impl Service {
    /// The operation with this id, where the service has it.
    #[must_use]
    pub fn operation(&self, id: &str) -> Option<&'static Operation> {
        self.operations.iter().find(|operation| operation.id == id)
    }
}

impl Operation {
    /// The query parameter with this name, where the operation takes it.
    #[must_use]
    pub fn query(&self, name: &str) -> Option<&'static Field> {
        self.query.iter().find(|field| field.name == name)
    }

    /// The body field with this name, where the operation takes it.
    #[must_use]
    pub fn body(&self, name: &str) -> Option<&'static Field> {
        self.body.iter().find(|field| field.name == name)
    }
}
