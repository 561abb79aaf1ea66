//! Where an operation acts.

use crate::state::object_id::ObjectId;

/// The organization in which an operation acts, and the project if it acts in one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scope {
    pub(crate) org: ObjectId,
    pub(crate) project: Option<ObjectId>,
}
