//! Reading the body of an update by the rules of its operation.

use serde_json::{Map, Value};

use crate::{
    catalog::{Role, Rules},
    error::ApiError,
    service::Operation,
    state::Update,
};

/// Reads and checks a body. The first fault found is the answer.
pub(crate) fn read(body: &[u8], operation: Operation, rules: &Rules) -> Result<Update, ApiError> {
    let body: Map<String, Value> =
        serde_json::from_slice(body).map_err(|_| ApiError::malformed_json())?;
    if let Some(unknown) = body.keys().find(|name| !rules.fields.contains(*name)) {
        return Err(ApiError::attribute(unknown));
    }
    let update = Update {
        desc: body
            .get("desc")
            .map(|desc| read_desc(desc, rules))
            .transpose()?,
        roles: body
            .get("roles")
            .map(|roles| read_roles(roles, operation, rules))
            .transpose()?,
    };
    if update.desc.is_none() && update.roles.is_none() {
        return Err(ApiError::missing_attributes(rules.fields.iter()));
    }
    // Inferred: roles that are required and absent are answered as empty ones.
    if update.roles.is_none() && rules.required.contains("roles") {
        return Err(ApiError::missing_roles());
    }
    Ok(update)
}

fn read_desc(value: &Value, rules: &Rules) -> Result<String, ApiError> {
    let desc = value.as_str().ok_or_else(|| ApiError::attribute("desc"))?;
    let (min, max) = rules.desc_length;
    if (min..=max).contains(&(desc.chars().count() as u64)) {
        Ok(desc.to_owned())
    } else {
        Err(ApiError::desc_length(min, max))
    }
}

fn read_roles(value: &Value, operation: Operation, rules: &Rules) -> Result<Vec<Role>, ApiError> {
    let names = value
        .as_array()
        .ok_or_else(|| ApiError::attribute("roles"))?;
    if names.is_empty() {
        return Err(ApiError::missing_roles());
    }
    let mut roles = Vec::with_capacity(names.len());
    for name in names {
        let name = name.as_str().ok_or_else(|| ApiError::attribute("roles"))?;
        let role = read_role(name, operation, rules)?;
        if !roles.contains(&role) {
            roles.push(role);
        }
    }
    Ok(roles)
}

fn read_role(name: &str, operation: Operation, rules: &Rules) -> Result<Role, ApiError> {
    let find = |roles: &[Role]| roles.iter().find(|role| &***role == name).cloned();
    if let Some(role) = find(&rules.roles) {
        return Ok(role);
    }
    if find(&rules.foreign_roles).is_some() {
        return Err(match operation {
            Operation::UpdateInProject => ApiError::org_role_in_group(name),
            _ => ApiError::group_role_in_org(name),
        });
    }
    if rules.roles.is_empty() {
        return Ok(Role::from(name));
    }
    Err(ApiError::unknown_role(name))
}
