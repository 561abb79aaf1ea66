//! The contents of the OpenAPI documents: services, operations, parameters, bodies, versions and
//! roles.

pub(crate) mod body_rules;
pub(crate) mod catalog;
pub(crate) mod document;
pub(crate) mod operation;
pub(crate) mod query;
pub(crate) mod role;
pub(crate) mod service;
pub(crate) mod versions;
