//! Who sends a request.

use std::{slice, sync::Arc};

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
    /// The hashes of name, realm and password, in the order of the algorithms, joined by spaces:
    /// one allocation, for the sake of a million users.
    pub(crate) ha1: Box<str>,
    /// What authorizations call the user instead of the name, if names are hashed.
    pub(crate) hashed_names: Box<[Arc<str>]>,
}

impl User {
    /// Returns the hash for the algorithm with this number.
    pub(crate) fn ha1(&self, algorithm: usize) -> Option<&str> {
        self.ha1.split(' ').nth(algorithm)
    }

    /// Returns what authorizations call the user with this name.
    pub(crate) fn names<'a>(&'a self, name: &'a Arc<str>) -> &'a [Arc<str>] {
        match self.hashed_names.is_empty() {
            true => slice::from_ref(name),
            false => &self.hashed_names,
        }
    }
}
