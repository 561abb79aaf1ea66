//! An API key, as the services return it.

use std::fmt;

use atlas_admin_raw::{Redacted, types};
use serde::Serialize;

use super::roles::{OrgRole, ProjectRole};

/// A programmatic API key.
///
/// It serializes with the services' field names, without fields that are not set and
/// without the private key.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ApiKey {
    /// The key's id: 24 hexadecimal digits.
    pub id: String,
    /// The description.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub desc: Option<String>,
    /// The public half, which is the user name of digest authentication.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public_key: Option<String>,
    /// The private half, of which services return only the last 12 characters.
    #[serde(skip)]
    pub private_key: Option<PrivateKey>,
    /// The key's roles in its organization and in all projects, in no fixed order.
    pub roles: Vec<RoleAssignment>,
    /// Links to the key.
    pub links: Vec<Link>,
}

/// One role of an API key, in an organization or in a project.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct RoleAssignment {
    /// The organization, for a role in an organization.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub org_id: Option<String>,
    /// The project, for a role in a project; `groupId` in JSON.
    #[serde(rename = "groupId", skip_serializing_if = "Option::is_none")]
    pub project_id: Option<String>,
    /// The role's name, such as `ORG_READ_ONLY`; empty if the service sent none.
    pub role_name: String,
}

/// A link (RFC 8288) from one resource to another.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[non_exhaustive]
pub struct Link {
    /// The address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub href: Option<String>,
    /// The relation to the linked resource, such as `self`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rel: Option<String>,
}

/// The private half of a key pair, or the part that a service returns.
///
/// `Debug` does not show it; [`expose`](Self::expose) does.
#[derive(Clone)]
pub struct PrivateKey(Redacted);

impl PrivateKey {
    /// Returns the text.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose()
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[REDACTED]")
    }
}

impl ApiKey {
    /// Returns the key's roles in its organization.
    pub fn org_roles(&self) -> impl Iterator<Item = OrgRole> {
        self.roles
            .iter()
            .filter(|role| role.org_id.is_some())
            .map(|role| OrgRole::from(role.role_name.as_str()))
    }

    /// Returns the key's roles in one project.
    pub fn project_roles(&self, project_id: impl AsRef<str>) -> impl Iterator<Item = ProjectRole> {
        self.roles
            .iter()
            .filter(move |role| role.project_id.as_deref() == Some(project_id.as_ref()))
            .map(|role| ProjectRole::from(role.role_name.as_str()))
    }
}

impl ApiKey {
    pub(crate) fn from_raw(key: types::ApiKey) -> Self {
        Self {
            id: key.id,
            desc: key.desc,
            public_key: key.public_key,
            private_key: key.private_key.map(PrivateKey),
            roles: key
                .roles
                .unwrap_or_default()
                .into_iter()
                .map(RoleAssignment::from_raw)
                .collect(),
            links: key
                .links
                .unwrap_or_default()
                .into_iter()
                .map(Link::from_raw)
                .collect(),
        }
    }
}

impl RoleAssignment {
    pub(crate) fn from_raw(role: types::RoleAssignment) -> Self {
        Self {
            org_id: role.org_id,
            project_id: role.group_id,
            role_name: role.role_name.unwrap_or_default(),
        }
    }
}

impl Link {
    pub(crate) fn from_raw(link: types::Link) -> Self {
        Self {
            href: link.href,
            rel: link.rel,
        }
    }
}
