//! What `cargo xtask generate` writes from the documents in `openapi/`. This file
//! is written by hand.

use crate::roles::OtherRole;

#[rustfmt::skip]
pub(crate) mod roles;
