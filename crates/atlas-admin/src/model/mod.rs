//! Values that calls take and return. Nothing here does I/O.

pub(crate) mod access_list;
pub(crate) mod api_key;
pub(crate) mod api_version;
pub(crate) mod base_url;
pub(crate) mod created_api_key;
pub(crate) mod ids;
pub(crate) mod options;
pub(crate) mod other_role;
pub(crate) mod page;
pub(crate) mod parse_error;
pub(crate) mod response;
pub(crate) mod roles;
pub(crate) mod sanitize;
pub(crate) mod service;
pub(crate) mod target;
