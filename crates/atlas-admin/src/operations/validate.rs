//! Validates input against the catalog, before anything is sent.

use atlas_admin_raw::catalog::{Field, Operation};
use ipnet::IpNet;

use crate::{
    error::Error,
    model::{
        ids::{self, kind},
        options::RequestOptions,
        service::Service,
        target::{CallTarget, Scope},
    },
};

/// What a request body has that can be checked.
pub(super) enum Body<'a> {
    None,
    /// The fields of a new or updated key.
    Key {
        desc: Option<&'a str>,
        roles: Option<&'a [String]>,
    },
    /// New entries of an access list.
    Entries(&'a [IpNet]),
}

/// Validates the input of a call, and returns its operation.
pub(super) fn call(
    service: Service,
    target: &CallTarget,
    options: &RequestOptions,
    body: Body<'_>,
) -> Result<&'static Operation, Error> {
    ids(target)?;
    let operation = service
        .operation(target.operation)
        .ok_or_else(|| Error::input(format!("{service} has no operation {}", target.operation)))?;
    query(service, operation, options)?;
    match body {
        Body::None | Body::Entries([_, ..]) => {}
        Body::Key { desc, roles } => fields(service, operation, desc, roles)?,
        Body::Entries([]) => return Err(Error::input("no addresses or networks to add")),
    }
    Ok(operation)
}

/// Returns the names of roles in the order given, without duplicates.
pub(super) fn distinct<R: AsRef<str>>(roles: &[R]) -> Vec<String> {
    let mut names = Vec::with_capacity(roles.len());
    for role in roles.iter().map(AsRef::as_ref) {
        if !names.iter().any(|name| name == role) {
            names.push(role.to_owned());
        }
    }
    names
}

fn ids(target: &CallTarget) -> Result<(), Error> {
    match &target.scope {
        Scope::Org(id) => ids::check::<kind::Org>(id),
        Scope::Project(id) => ids::check::<kind::Project>(id),
        Scope::Other => Ok(()),
    }?;
    if let Some(id) = &target.api_key_id {
        ids::check::<kind::ApiKey>(id)?;
    }
    Ok(())
}

fn query(service: Service, operation: &Operation, options: &RequestOptions) -> Result<(), Error> {
    for (name, value) in options.query() {
        let Some(field) = operation.query(name) else {
            return Err(not_accepted(service, name));
        };
        let min = field.min.unwrap_or(0);
        let max = field.max.unwrap_or(u64::MAX);
        if let Some(value) = value.as_u64()
            && !(min..=max).contains(&value)
        {
            let range = match field.max {
                Some(max) => format!("{min} to {max}"),
                None => format!("{min} or more"),
            };
            return Err(Error::input(format!(
                "{name} is {value}; {service} accepts {range}"
            )));
        }
    }
    Ok(())
}

fn fields(
    service: Service,
    operation: &Operation,
    desc: Option<&str>,
    roles: Option<&[String]>,
) -> Result<(), Error> {
    if desc.is_none() && roles.is_none() {
        return Err(Error::input(
            "an update needs a description, roles, or both",
        ));
    }
    if let Some(desc) = desc {
        if desc.contains(char::is_control) {
            return Err(Error::input("the description has control characters"));
        }
        let length = desc.chars().count();
        check_length(service, operation, "desc", length, "characters")?;
    }
    if let Some(roles) = roles {
        check_length(service, operation, "roles", roles.len(), "roles")?;
    }
    for field in operation.body.iter().filter(|field| field.required) {
        let is_set = match field.name {
            "desc" => desc.is_some(),
            "roles" => roles.is_some(),
            _ => true,
        };
        if !is_set {
            return Err(Error::input(format!("{service} requires {}", field.name)));
        }
    }
    Ok(())
}

fn check_length(
    service: Service,
    operation: &Operation,
    name: &str,
    length: usize,
    unit: &str,
) -> Result<(), Error> {
    let Some(field) = operation.body(name) else {
        return Err(not_accepted(service, name));
    };
    let length = length as u64;
    match *field {
        Field { min: Some(min), .. } if length < min => Err(Error::input(format!(
            "{name} has {length} {unit}; the minimum is {min}"
        ))),
        Field { max: Some(max), .. } if length > max => Err(Error::input(format!(
            "{name} has {length} {unit}; the maximum is {max}"
        ))),
        _ => Ok(()),
    }
}

fn not_accepted(service: Service, name: &str) -> Error {
    Error::input(format!("{service} does not accept {name} here"))
}
