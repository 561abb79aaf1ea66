//! The maintainers' tasks: the pipeline from OpenAPI documents to generated code, and what
//! is built around it.

#![cfg_attr(not(test), warn(clippy::unwrap_used))]

pub mod check_operations;
pub mod ci;
#[cfg(unix)]
pub mod cost;
pub mod diff;
pub mod document;
pub mod packages;
pub mod pipeline;
mod progress;
pub mod release_tasks;
pub mod screenshot;
pub mod speed;
pub mod trial;
pub mod type_check;
pub mod update;
pub mod upstream;
pub mod workspace;
