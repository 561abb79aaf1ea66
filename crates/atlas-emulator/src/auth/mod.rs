//! Who is calling: digest, bearer tokens, and the endpoints that issue tokens.

pub(crate) mod authorization;
pub(crate) mod digest;
pub(crate) mod nonces;
pub(crate) mod token_issuer;
