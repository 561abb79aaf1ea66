//! Verifies that a response is about the request it came for.

use std::collections::BTreeSet;

use atlas_admin_raw::types;
use serde_json::{Value, json};

use crate::{
    error::{Error, ErrorKind, mismatch::Mismatch},
    model::{
        sanitize::quoted_excerpt,
        target::{CallTarget, Scope},
    },
};

/// Verifies that `key` is the key that was asked for.
pub(super) fn id(target: &CallTarget, key: &types::ApiKey) -> Result<(), Error> {
    if key.id == target.api_key_id() {
        return Ok(());
    }
    let id = quoted_excerpt(&key.id, 60);
    let message = format!("the response is about another API key, {id}");
    Err(Error::new(ErrorKind::Decode, message)
        .with_advice("check the base URL and any proxy or cache in between"))
}

/// Verifies that `key` is the key that was updated, and has the values that were sent. A value
/// that the response leaves out contradicts nothing.
pub(super) fn update<R: AsRef<str>>(
    target: &CallTarget,
    key: &types::ApiKey,
    desc: Option<&str>,
    roles: Option<&[R]>,
) -> Result<(), Error> {
    id(target, key)?;
    let mut mismatches = Vec::new();
    if let (Some(requested), Some(returned)) = (desc, key.desc.as_deref())
        && requested != returned
    {
        mismatches.push(mismatch("desc", json!(requested), json!(returned)));
    }
    if let (Some(requested), Some(returned)) = (roles, &key.roles) {
        let requested: BTreeSet<_> = requested.iter().map(AsRef::as_ref).collect();
        let returned: BTreeSet<_> = returned
            .iter()
            .filter(|role| is_in(&target.scope, role))
            .filter_map(|role| role.role_name.as_deref())
            .collect();
        if requested != returned {
            mismatches.push(mismatch("roles", json!(requested), json!(returned)));
        }
    }
    if mismatches.is_empty() {
        Ok(())
    } else {
        Err(Error::mismatch(mismatches))
    }
}

/// Returns whether a role applies in `scope`. A role that names no place is one of the
/// organization.
fn is_in(scope: &Scope, role: &types::RoleAssignment) -> bool {
    match scope {
        Scope::Org(id) => {
            role.group_id.is_none() && role.org_id.as_ref().is_none_or(|org| org == id)
        }
        Scope::Project(id) => role.group_id.as_ref() == Some(id),
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
