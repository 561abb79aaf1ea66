//! The pipeline from OpenAPI documents to generated code. Each stage is a pure function on a
//! document: trim, rename, overlay, unify, lower, emit. `names` and `secrets` check the lowered
//! document.

pub mod emit;
pub mod lower;
pub mod names;
pub mod overlay;
pub mod rename;
pub mod secrets;
pub mod services;
pub mod sources;
pub mod trim;
pub mod unify;
