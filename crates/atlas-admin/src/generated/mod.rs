//! Code that `cargo xtask generate` writes from the documents in `openapi/`. Only this
//! file is written by hand.

use crate::model::other_role::OtherRole;

#[rustfmt::skip]
pub(crate) mod roles;
