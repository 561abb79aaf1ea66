//! Authentication: digest, bearer tokens, and the token endpoints.

pub(crate) mod authorization;
pub(crate) mod digest;
pub(crate) mod nonces;
pub(crate) mod token_issuer;
