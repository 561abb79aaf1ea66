//! A key's representation in responses.

use rand::seq::SliceRandom;
use serde::Serialize;

use crate::{state::object_id::ObjectId, state::store::ApiKey};

/// A key, with its members in alphabetical order, as the services send them.
#[derive(Serialize)]
pub(crate) struct KeyView<'a> {
    desc: &'a str,
    id: ObjectId,
    links: [Link; 1],
    #[serde(rename = "privateKey")]
    private_key: String,
    #[serde(rename = "publicKey")]
    public_key: &'a str,
    roles: Vec<RoleView<'a>>,
}

#[derive(Serialize)]
struct Link {
    href: String,
    rel: &'static str,
}

#[derive(Serialize)]
struct RoleView<'a> {
    #[serde(rename = "groupId", skip_serializing_if = "Option::is_none")]
    group_id: Option<ObjectId>,
    #[serde(rename = "orgId", skip_serializing_if = "Option::is_none")]
    org_id: Option<ObjectId>,
    #[serde(rename = "roleName")]
    role_name: &'a str,
}

impl<'a> KeyView<'a> {
    /// Creates the representation. `root` is the service's base URL.
    pub(crate) fn new(id: ObjectId, key: &'a ApiKey, root: &str, shuffled: bool) -> Self {
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
        Self {
            desc: &key.desc,
            id,
            // The link to the key in its organization, for every operation.
            links: [Link {
                href: format!("{root}/orgs/{}/apiKeys/{id}", key.org),
                rel: "self",
            }],
            private_key: format!("********-****-****-{}", key.private_key_tail),
            public_key: &key.public_key,
            roles,
        }
    }
}
