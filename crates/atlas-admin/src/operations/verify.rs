//! Verifies that a response is about the request it came for.

use atlas_admin_raw::types;
use ipnet::IpNet;
use serde_json::Value;

use crate::{
    error::{Error, ErrorKind, mismatch::Mismatch},
    model::{
        access_list::AccessListEntry,
        api_key::ApiKey,
        created_api_key::{CreatedApiKey, NotCreated},
        parse_error::ParseError,
        sanitize::quoted_excerpt,
        target::{CallTarget, Scope},
    },
};

/// Reads the key that was asked for.
pub(super) fn key(target: &CallTarget, key: types::ApiKey) -> Result<ApiKey, Error> {
    if Some(&*key.id) == target.api_key_id.as_deref() {
        return ApiKey::from_raw(key).map_err(invalid);
    }
    Err(another("API key", &key.id))
}

/// Reads the key that was updated, and verifies that it has the values that were sent. A value
/// that the response leaves out contradicts nothing.
pub(super) fn updated<R: AsRef<str>>(
    target: &CallTarget,
    updated: types::ApiKey,
    desc: Option<&str>,
    roles: Option<&[R]>,
) -> Result<ApiKey, Error> {
    let mismatches = mismatches(target, &updated, desc, roles);
    let key = key(target, updated)?;
    if mismatches.is_empty() {
        Ok(key)
    } else {
        Err(Error::mismatch(mismatches))
    }
}

/// Reads a new key with its secret. If the key has other values than were sent, the error
/// keeps it; without a secret, the error names it.
pub(super) fn created<R: AsRef<str>>(
    target: &CallTarget,
    created: types::ApiKey,
    desc: &str,
    roles: Option<&[R]>,
) -> Result<CreatedApiKey, Error> {
    let mismatches = mismatches(target, &created, Some(desc), roles);
    let key = CreatedApiKey::from_raw(created).map_err(|reason| match reason {
        NotCreated::Id(error) => invalid(error),
        NotCreated::Half(id, half) => {
            let message = format!("the response shows no {half} key of the new API key {id}");
            Error::new(ErrorKind::Decode, message)
                .with_advice("nobody can sign in with that key: delete it, then create another")
        }
    })?;
    if mismatches.is_empty() {
        return Ok(key);
    }
    let advice = format!(
        "the new API key {} is in Error::created with its private key; update or delete it",
        key.id
    );
    Err(Error::mismatch(mismatches)
        .with_advice(advice)
        .with_created(key))
}

/// Reads the access list entry that was asked for.
pub(super) fn entry(
    network: IpNet,
    entry: types::AccessListEntry,
) -> Result<AccessListEntry, Error> {
    let entry = AccessListEntry::from_raw(entry).map_err(invalid)?;
    if entry.network == network {
        return Ok(entry);
    }
    Err(another("access list entry", &entry.network.to_string()))
}

/// Returns the error for a response that has an invalid value.
pub(super) fn invalid(error: ParseError) -> Error {
    let message = format!("the response is invalid: {error}");
    Error::new(ErrorKind::Decode, message)
}

fn another(what: &str, id: &str) -> Error {
    let id = quoted_excerpt(id, 60);
    let message = format!("the response is about another {what}, {id}");
    Error::new(ErrorKind::Decode, message)
        .with_advice("check the base URL and any proxy or cache in between")
}

fn mismatches<R: AsRef<str>>(
    target: &CallTarget,
    key: &types::ApiKey,
    desc: Option<&str>,
    roles: Option<&[R]>,
) -> Vec<Mismatch> {
    let mut mismatches = Vec::new();
    if let (Some(requested), Some(returned)) = (desc, key.desc.as_deref())
        && requested != returned
    {
        mismatches.push(mismatch("desc", requested.into(), returned.into()));
    }
    if let (Some(requested), Some(returned)) = (roles, &key.roles) {
        let requested = || requested.iter().map(AsRef::as_ref);
        let returned = || {
            let in_scope = returned.iter().filter(|role| is_in(&target.scope, role));
            in_scope.filter_map(|role| role.role_name.as_deref())
        };
        let are_returned = requested().all(|role| returned().any(|other| role == other));
        if !are_returned || returned().any(|role| !requested().any(|other| role == other)) {
            let (requested, returned) = (sorted(&mut requested()), sorted(&mut returned()));
            mismatches.push(mismatch("roles", requested.into(), returned.into()));
        }
    }
    mismatches
}

/// Returns the names in order, each once.
fn sorted<'a>(names: &mut dyn Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut sorted = Vec::new();
    for name in names {
        if let Err(index) = sorted.binary_search(&name) {
            sorted.insert(index, name);
        }
    }
    sorted
}

/// Returns whether a role applies in `scope`. A role that names no place is one of the
/// organization.
fn is_in(scope: &Scope, role: &types::RoleAssignment) -> bool {
    match scope {
        Scope::Org(id) => {
            role.group_id.is_none() && role.org_id.as_ref().is_none_or(|org| **org == **id)
        }
        Scope::Project(id) => role.group_id.as_deref() == Some(id),
        Scope::Other => false,
    }
}

fn mismatch(field: &'static str, requested: Value, returned: Value) -> Mismatch {
    Mismatch {
        field,
        requested,
        returned,
    }
}
