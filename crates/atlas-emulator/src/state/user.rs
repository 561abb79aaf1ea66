//! Who sends a request.

use std::sync::Arc;

use crate::state::{access_list::AccessList, object_id::ObjectId};

/// The identity behind a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Principal {
    /// An API key, whose roles and access list are looked up for each request.
    Key(ObjectId),
    /// A service account or a person, by its number in the state.
    Account(usize),
}

/// A service account or a person, an owner of an organization.
#[derive(Debug)]
pub(crate) struct Account {
    pub(crate) org: ObjectId,
    pub(crate) access_list: AccessList,
}

/// A digest user. Of the password, only hashes are kept.
#[derive(Debug)]
pub(crate) struct User {
    pub(crate) principal: Principal,
    /// The hashes of name, realm and password, in the order of the algorithms.
    pub(crate) ha1: Box<[Box<str>]>,
    /// What authorizations call the user: the name, or hashes of it.
    pub(crate) names: Box<[Arc<str>]>,
}
