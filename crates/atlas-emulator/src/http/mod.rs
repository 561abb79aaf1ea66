//! Requests and responses in the services' formats.

pub(crate) mod body;
pub(crate) mod entry_view;
pub(crate) mod error;
pub(crate) mod key_view;
pub(crate) mod link;
pub(crate) mod page;
pub(crate) mod pretty;
pub(crate) mod response;
