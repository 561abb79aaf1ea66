//! The differences between the services, as data: paths, media types, query parameters, body
//! fields, limits and role names.

pub use crate::generated::catalog::*;

/// A service that offers the generated operations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Service {
    /// The name of the service, as in `openapi/services.toml`.
    pub name: &'static str,
    /// The part of every path before the operation's own path.
    pub base_path: &'static str,
    /// The media type of its bodies.
    pub media_type: MediaType,
    /// The operations that the service offers.
    pub operations: &'static [Operation],
}

/// The media type of a service's request and response bodies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MediaType {
    /// `application/json`.
    Json,
    /// A vendor type that contains the date of the API version.
    Dated {
        /// The part before the date.
        prefix: &'static str,
        /// The part after the date.
        suffix: &'static str,
    },
}

/// An operation, as one service offers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Operation {
    /// The operation's id, which is also the name of its generated method.
    pub id: &'static str,
    /// The HTTP method, in upper case.
    pub method: &'static str,
    /// The path below the service's base path, with `{names}` for parameters.
    pub path: &'static str,
    /// What the operation does to the service's state.
    pub effect: Effect,
    /// The dates of the resource's versions, oldest first; empty if the media type is not
    /// dated.
    pub versions: &'static [&'static str],
    /// The query parameters that the operation accepts.
    pub query: &'static [Field],
    /// The fields of the request body, or of its items if it is a list; empty if there is no
    /// body.
    pub body: &'static [Field],
}

/// What an operation does to the service's state, and so what a repetition does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// It changes nothing.
    Read,
    /// It sets a state, which a repetition sets again.
    Set,
    /// It deletes something, and a repetition finds nothing more.
    Delete,
    /// It creates something, and a repetition creates another.
    Create,
}

/// A query parameter or a field of a body, with its limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    /// The name in requests.
    pub name: &'static str,
    /// Whether requests must have it.
    pub required: bool,
    /// The minimum value of a number, or the minimum length of a string or list.
    pub min: Option<u64>,
    /// The maximum value of a number, or the maximum length of a string or list.
    pub max: Option<u64>,
    /// The documented values, if there are any. The service may accept others.
    pub values: &'static [&'static str],
}

impl Field {
    /// Returns a field that requests may have.
    pub(crate) const fn optional(name: &'static str) -> Self {
        Self {
            name,
            required: false,
            min: None,
            max: None,
            values: &[],
        }
    }

    /// Returns a field that requests must have.
    pub(crate) const fn required(name: &'static str) -> Self {
        Self {
            required: true,
            ..Self::optional(name)
        }
    }

    pub(crate) const fn min(mut self, min: u64) -> Self {
        self.min = Some(min);
        self
    }

    pub(crate) const fn max(mut self, max: u64) -> Self {
        self.max = Some(max);
        self
    }

    pub(crate) const fn values(mut self, values: &'static [&'static str]) -> Self {
        self.values = values;
        self
    }
}

impl Service {
    /// Returns the operation with this id, if the service offers it.
    #[must_use]
    pub fn operation(&self, id: &str) -> Option<&'static Operation> {
        self.operations.iter().find(|operation| operation.id == id)
    }
}

impl Operation {
    /// Returns the query parameter with this name, if the operation accepts it.
    #[must_use]
    pub fn query(&self, name: &str) -> Option<&'static Field> {
        self.query.iter().find(|field| field.name == name)
    }

    /// Returns the body field with this name, if the operation accepts it.
    #[must_use]
    pub fn body(&self, name: &str) -> Option<&'static Field> {
        self.body.iter().find(|field| field.name == name)
    }
}
