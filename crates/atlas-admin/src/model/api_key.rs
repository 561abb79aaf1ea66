//! An API key, as the services return it.

use std::fmt;

use atlas_admin_raw::{Redacted, types};
use serde::Serialize;

use super::roles::{OrgRole, ProjectRole};

/// A programmatic API key.
///
/// Its JSON has the services' names and leaves out what is not set, and the
/// private key always.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ApiKey {
    /// The key's id: 24 hexadecimal digits.
    pub id: String,
    /// What the key is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub desc: Option<String>,
    /// The public half, which serves as the user name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public_key: Option<String>,
    /// The private half, of which services show the last 12 characters only.
    #[serde(skip)]
    pub private_key: Option<PrivateKey>,
    /// The key's roles in its organization and in all projects, in no fixed order.
    pub roles: Vec<RoleAssignment>,
    /// Where the key is found.
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
    /// The project, for a role in a project; `groupId` on the wire.
    #[serde(rename = "groupId", skip_serializing_if = "Option::is_none")]
    pub project_id: Option<String>,
    /// The role's name on the wire; empty if the service sent none.
    pub role_name: String,
}

/// A link (RFC 8288) from one resource to another.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[non_exhaustive]
pub struct Link {
    /// The address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub href: Option<String>,
    /// What is there, such as `self`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rel: Option<String>,
}

/// The private half of a key pair, or what a service shows of it.
#[derive(Clone)]
pub struct PrivateKey(Redacted);

impl PrivateKey {
    /// The text, for a program that means to show or keep it.
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
    /// The key's roles in its organization.
    pub fn org_roles(&self) -> impl Iterator<Item = OrgRole> {
        self.roles
            .iter()
            .filter(|role| role.org_id.is_some())
            .map(|role| OrgRole::from(role.role_name.as_str()))
    }

    /// The key's roles in one project.
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
