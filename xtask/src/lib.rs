//! The pipeline from OpenAPI documents to generated code, stage by stage. Each
//! stage is a pure function on a document; `generate` puts them in a row.

#![cfg_attr(not(test), warn(clippy::unwrap_used))]

pub mod api_digest;
pub mod catalog;
pub mod changelog;
pub mod ci;
pub mod diff;
pub mod document;
pub mod files;
pub mod generate;
pub mod inherit;
pub mod json;
pub mod licences;
pub mod lock;
pub mod lower;
pub mod measurements;
pub mod mocks;
pub mod name;
pub mod overlay;
pub mod progress;
pub mod report;
mod requests;
pub mod roles;
pub mod screenshot;
pub mod services;
pub mod sources;
pub mod speed;
pub mod survey;
pub mod transaction;
pub mod trial;
pub mod trim;
pub mod unify;
pub mod update;
pub mod upstream;
pub mod worker;
