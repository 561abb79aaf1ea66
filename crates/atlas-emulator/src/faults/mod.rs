//! Fault injection.

pub(crate) mod apply;
pub(crate) mod fault;
pub(crate) mod fault_spec;
pub(crate) mod injector;
