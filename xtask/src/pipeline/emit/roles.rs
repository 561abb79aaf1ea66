//! The role enums, from the names that documents list or have listed.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use anyhow::{Context, Result};
use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use serde::{Deserialize, Serialize};

use crate::{
    document::toml_error,
    pipeline::lower::SCHEMAS,
    pipeline::names::{Scope, camel},
    pipeline::services::{Roles, Services},
    pipeline::unify::Unified,
};

/// Every role name that a document has ever listed, by enum. None is ever removed: users'
/// code may name its variant.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KnownRoles(BTreeMap<String, BTreeSet<String>>);

const HEADER: &str = "\
# Written by `cargo xtask generate`: every role name that a document has listed.
# Names are never removed, because users' code names their variants.
";

impl KnownRoles {
    /// The path of the file, from the root of the workspace.
    pub const PATH: &str = "openapi/roles.toml";

    /// Reads the file of the workspace at `root`, if there is one.
    pub fn read(root: &Path) -> Result<Self> {
        match std::fs::read_to_string(root.join(Self::PATH)) {
            Ok(text) => toml::from_str(&text)
                .map_err(toml_error)
                .context(Self::PATH),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(error).context(Self::PATH),
        }
    }

    /// Adds the names that the documents list.
    pub fn with_listed(&self, unified: &Unified, services: &Services) -> Result<Self> {
        let mut known = self.clone();
        for (name, roles) in &services.roles {
            let listed = listed(roles, unified, services).with_context(|| name.clone())?;
            known
                .0
                .entry(name.clone())
                .or_default()
                .extend(listed.into_keys());
        }
        Ok(known)
    }

    /// Returns the text of the file.
    pub fn to_toml(&self) -> Result<String> {
        Ok(HEADER.to_owned() + &toml::to_string_pretty(self)?)
    }
}

/// Returns the listed names, each with the services that list it. A list may hold the roles of two
/// enums; those with the prefix of another one belong there.
fn listed<'a>(
    roles: &Roles,
    unified: &'a Unified,
    services: &Services,
) -> Result<BTreeMap<String, Vec<&'a str>>> {
    let places = roles
        .values
        .iter()
        .map(|place| place.split_once('.').context("values: not Type.field"))
        .collect::<Result<Vec<_>>>()?;
    let is_ours = |name: &str| {
        let mut others = services.roles.values().map(|other| &other.prefix);
        name.starts_with(&roles.prefix) || !others.any(|prefix| name.starts_with(prefix))
    };
    let mut listed = BTreeMap::<String, Vec<&str>>::new();
    for service in &unified.catalog {
        for operation in &service.operations {
            let body = services
                .operations
                .get(&operation.id)
                .and_then(|known| known.body.as_deref());
            for (_, field) in places.iter().filter(|(name, _)| body == Some(name)) {
                let values = operation
                    .body
                    .iter()
                    .filter(|known| known.name == *field)
                    .flat_map(|known| &known.values)
                    .filter(|name| is_ours(name));
                for value in values {
                    let names = listed.entry(value.clone()).or_default();
                    if !names.contains(&service.name.as_str()) {
                        names.push(&service.name);
                    }
                }
            }
        }
    }
    Ok(listed)
}

/// Returns the module of enums.
pub fn tokens(known: &KnownRoles, unified: &Unified, services: &Services) -> Result<TokenStream> {
    let enums = known
        .0
        .iter()
        .filter_map(|(name, values)| Some((name, services.roles.get(name)?, values)))
        .map(|(name, roles, values)| {
            let listed = listed(roles, unified, services)?;
            role_enum(name, roles, values, &listed).with_context(|| name.clone())
        })
        .collect::<Result<Vec<_>>>()?;
    Ok(quote!(#(#enums)*))
}

fn role_enum(
    name: &str,
    roles: &Roles,
    values: &BTreeSet<String>,
    listed: &BTreeMap<String, Vec<&str>>,
) -> Result<TokenStream> {
    let ident = format_ident!("{name}");
    let about = format!(" {}", roles.about);
    let mut scope = Scope::new(
        format!("the enum {name}"),
        format!("name its variant in openapi/services.toml, under [roles.{name}.variants]"),
        &["Other"],
    );
    let first = roles.values.first().context("values: empty")?;
    let place = format!("{SCHEMAS}/{}", first.replacen('.', "/properties/", 1));
    let mut variants = Vec::new();
    let mut idents = Vec::new();
    let mut wire = Vec::new();
    for value in values {
        let bare = value.strip_prefix(&roles.prefix).unwrap_or(value);
        let variant = roles
            .variants
            .get(value)
            .cloned()
            .unwrap_or_else(|| camel(bare));
        let variant = scope.claim(variant, value, &place)?;
        let doc = match listed.get(value) {
            Some(by) => format!(" `{value}`, listed by {}.", by.join(", ")),
            None => format!(" `{value}`, no longer listed by any service."),
        };
        variants.push(quote!(#[doc = #doc] #variant));
        idents.push(variant);
        wire.push(value);
    }
    Ok(quote! {
        #[doc = #about]
        ///
        /// Services add roles without notice, so the set is open: a name without a variant is
        /// kept and sent unchanged.
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum #ident {
            #(#variants,)*
            /// A role without a variant, as created by `From<&str>`.
            Other(super::OtherRole),
        }

        impl #ident {
            /// The roles that have a variant, by name.
            pub const KNOWN: &'static [Self] = &[#(Self::#idents),*];

            /// Returns the name that the services use.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    #(Self::#idents => #wire,)*
                    Self::Other(other) => other.as_str(),
                }
            }

            /// Returns the role with this name, if it has a variant.
            pub(crate) fn known(name: &str) -> Option<Self> {
                Some(match name {
                    #(#wire => Self::#idents,)*
                    _ => return None,
                })
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::pipeline::unify::{Field, OperationEntry, ServiceEntry};

    #[test]
    fn an_enum_has_the_names_of_all_bodies_that_it_is_made_from() {
        let services: Services = toml::from_str(
            r#"
            title = "Keys"
            services = {}
            types = {}
            [roles.Role]
            values = ["Update.roles", "New.roles"]
            prefix = "OUR_"
            about = "A role."
            [roles.OtherRole]
            values = ["Other.roles"]
            prefix = "THEIR_"
            about = "A role of another kind."
            [operations.create]
            method = "POST"
            path = "/keys"
            effect = "create"
            body = "New"
            [operations.other]
            method = "POST"
            path = "/others"
            effect = "create"
            body = "Other"
            [operations.update]
            method = "PATCH"
            path = "/keys"
            effect = "set"
            body = "Update"
            "#,
        )
        .unwrap();
        let operation = |id: &str, role: &str| OperationEntry {
            id: id.to_owned(),
            versions: Vec::new(),
            query: Vec::new(),
            body: vec![Field {
                name: "roles".to_owned(),
                required: false,
                min: None,
                max: None,
                values: ["OUR_BOTH", "THEIR_OWN", "PLAIN", role]
                    .map(str::to_owned)
                    .into(),
            }],
        };
        let unified = Unified {
            document: Value::Null,
            catalog: vec![ServiceEntry {
                name: "s".to_owned(),
                operations: vec![
                    operation("create", "OUR_NEW"),
                    operation("other", "OUR_UNRELATED"),
                    operation("update", "OUR_OLD"),
                ],
            }],
        };
        let known = KnownRoles::default()
            .with_listed(&unified, &services)
            .unwrap();
        let names = |of: &str| known.0[of].iter().cloned().collect::<Vec<_>>();
        assert_eq!(names("Role"), ["OUR_BOTH", "OUR_NEW", "OUR_OLD", "PLAIN"]);
        assert_eq!(names("OtherRole"), ["PLAIN", "THEIR_OWN"]);
    }
}
