//! The pipeline from OpenAPI documents to generated code, stage by stage. Each
//! stage is a pure function on a document; `generate` puts them in a row.

#![cfg_attr(not(test), warn(clippy::unwrap_used))]

pub mod diff;
pub mod document;
pub mod files;
pub mod generate;
pub mod licences;
pub mod lock;
pub mod lower;
pub mod name;
pub mod overlay;
pub mod services;
pub mod trim;
pub mod unify;
