//! Requests and responses in the services' formats.

pub(crate) mod body;
pub(crate) mod error;
pub(crate) mod pretty;
pub(crate) mod response;
