//! OAuth 2.0 client credentials (RFC 6749) of service accounts.

pub(crate) mod service_account;
mod token_endpoint;
