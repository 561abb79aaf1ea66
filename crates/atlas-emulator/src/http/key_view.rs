//! A key's representation in responses.

use rand::seq::SliceRandom;
use serde::Serialize;

use crate::{http::link::Link, state::object_id::ObjectId, state::store::ApiKey};

/// A key, with its members in alphabetical order, as the services send them.
#[derive(Serialize)]
pub(crate) struct KeyView<'a> {
    /// Absent from a key without a description.
    #[serde(skip_serializing_if = "str::is_empty")]
    desc: &'a str,
    id: ObjectId,
    links: [Link; 1],
    #[serde(rename = "privateKey")]
    private_key: String,
    #[serde(rename = "publicKey")]
    public_key: &'a str,
    roles: Vec<RoleView<'a>>,
}

/// A role, in an organization or in a project.
#[derive(Serialize)]
pub(crate) struct RoleView<'a> {
    #[serde(rename = "groupId", skip_serializing_if = "Option::is_none")]
    group_id: Option<ObjectId>,
    #[serde(rename = "orgId", skip_serializing_if = "Option::is_none")]
    org_id: Option<ObjectId>,
    #[serde(rename = "roleName")]
    role_name: &'a str,
}

impl<'a> KeyView<'a> {
    /// Creates the representation. `root` is the service's base URL; a private key is shown whole
    /// only if it is given.
    pub(crate) fn new(
        id: ObjectId,
        key: &'a ApiKey,
        private_key: Option<&str>,
        root: &str,
        shuffled: bool,
    ) -> Self {
        let redacted = || format!("********-****-****-{}", key.private_key_tail);
        Self {
            desc: &key.desc,
            id,
            // The link to the key in its organization, for every operation.
            links: [Link {
                href: format!("{root}/orgs/{}/apiKeys/{id}", key.org),
                rel: "self",
            }],
            private_key: private_key.map_or_else(redacted, str::to_owned),
            public_key: &key.public_key,
            roles: roles(key, shuffled),
        }
    }
}

/// Returns a key's roles, first those in its organization.
pub(crate) fn roles(key: &ApiKey, shuffled: bool) -> Vec<RoleView<'_>> {
    let org_roles = key.org_roles.iter().map(|role| RoleView {
        group_id: None,
        org_id: Some(key.org),
        role_name: role,
    });
    let project_roles = key.project_roles.iter().flat_map(|(project, roles)| {
        roles.iter().map(|role| RoleView {
            group_id: Some(*project),
            org_id: None,
            role_name: role,
        })
    });
    let mut roles: Vec<_> = org_roles.chain(project_roles).collect();
    if shuffled {
        roles.shuffle(&mut rand::rng());
    }
    roles
}
