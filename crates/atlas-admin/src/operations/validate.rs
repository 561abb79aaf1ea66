//! What is refused before anything is sent.

use atlas_admin_raw::catalog::{Field, Operation};

use crate::{error::Error, model::service::Service};

/// The two fields that both operations have.
pub(super) struct Body<'a> {
    pub(super) desc: Option<&'a str>,
    pub(super) roles: Option<&'a [String]>,
}

impl Body<'_> {
    /// Checks the fields against what the operation takes on this service.
    pub(super) fn check(&self, service: Service, operation: &Operation) -> Result<(), Error> {
        if self.desc.is_none() && self.roles.is_none() {
            return Err(Error::input(
                "an update needs a description, roles, or both",
            ));
        }
        if let Some(desc) = self.desc {
            if desc.contains(char::is_control) {
                return Err(Error::input("the description has control characters"));
            }
            check(
                service,
                operation,
                "desc",
                desc.chars().count(),
                "characters",
            )?;
        }
        if let Some(roles) = self.roles {
            check(service, operation, "roles", roles.len(), "roles")?;
        }
        for field in operation.body.iter().filter(|field| field.required) {
            let is_set = match field.name {
                "desc" => self.desc.is_some(),
                "roles" => self.roles.is_some(),
                _ => true,
            };
            if !is_set {
                return Err(Error::input(format!(
                    "{} requires {}",
                    service.name(),
                    field.name
                )));
            }
        }
        Ok(())
    }
}

fn check(
    service: Service,
    operation: &Operation,
    name: &str,
    length: usize,
    unit: &str,
) -> Result<(), Error> {
    let Some(field) = operation.body(name) else {
        return Err(Error::input(format!(
            "{} does not take {name} here",
            service.name()
        )));
    };
    let length = length as u64;
    match *field {
        Field { min: Some(min), .. } if length < min => Err(Error::input(format!(
            "{name} has {length} {unit}; at least {min} is needed"
        ))),
        Field { max: Some(max), .. } if length > max => Err(Error::input(format!(
            "{name} has {length} {unit}; at most {max} are taken"
        ))),
        _ => Ok(()),
    }
}

/// The names of roles, each once, in the order given.
pub(super) fn names<R: AsRef<str>>(roles: &[R]) -> Vec<String> {
    let mut names = Vec::with_capacity(roles.len());
    for role in roles.iter().map(AsRef::as_ref) {
        if !names.iter().any(|name| name == role) {
            names.push(role.to_owned());
        }
    }
    names
}
