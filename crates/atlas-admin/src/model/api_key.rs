//! An API key, as the services return it.

use std::fmt;

use atlas_admin_raw::{Redacted, types};
use chrono::{DateTime, Utc};
use secrecy::SecretString;
use serde::{Deserialize, Deserializer, Serialize, de};

use super::{
    ids::{ApiKeyId, IdText, OrgId, ProjectId},
    parse_error::ParseError,
    roles::{OrgRole, ProjectRole},
};

/// A programmatic API key.
///
/// It serializes with the services' field names, without fields that are not set and without
/// the private key, and deserializes from that and from what the services send.
///
/// ```
/// use atlas_admin::{ApiKey, OrgRole, RoleAssignment};
///
/// let mut key = ApiKey::new("6a793f752c88faeba59bba49".parse()?);
/// key.desc = Some("ci deploys".to_owned());
/// key.roles = vec![RoleAssignment::org("32b6e34b3d91647abb20e7b8".parse()?, OrgRole::Member)];
/// assert!(key.org_roles().eq([OrgRole::Member]));
/// # Ok::<(), atlas_admin::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ApiKey {
    /// The key's id.
    pub id: ApiKeyId,
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
    pub org_id: Option<OrgId>,
    /// The project, for a role in a project; `groupId` in JSON.
    #[serde(rename = "groupId", skip_serializing_if = "Option::is_none")]
    pub project_id: Option<ProjectId>,
    /// The role's name, such as `ORG_READ_ONLY`; empty if the service sent none.
    pub role_name: String,
}

/// A link (RFC 8288) from one resource to another.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
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
    /// Creates a private key, for tests.
    #[must_use]
    pub fn new(text: impl Into<SecretString>) -> Self {
        Self(Redacted::from(text.into()))
    }

    /// Returns the text.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose()
    }
}

impl PartialEq for PrivateKey {
    fn eq(&self, other: &Self) -> bool {
        self.expose() == other.expose()
    }
}

impl Eq for PrivateKey {}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[REDACTED]")
    }
}

impl ApiKey {
    /// Creates a key with this id and nothing else, for tests.
    #[must_use]
    pub fn new(id: ApiKeyId) -> Self {
        Self {
            id,
            desc: None,
            public_key: None,
            private_key: None,
            roles: Vec::new(),
            links: Vec::new(),
        }
    }

    /// Returns when the key was created; see [`ApiKeyId::created_at`].
    #[must_use]
    pub fn created_at(&self) -> DateTime<Utc> {
        self.id.created_at()
    }

    /// Returns the key's roles in its organization.
    pub fn org_roles(&self) -> impl Iterator<Item = OrgRole> {
        self.roles
            .iter()
            .filter(|role| role.org_id.is_some())
            .map(|role| OrgRole::from(role.role_name.as_str()))
    }

    /// Returns the key's roles in one project.
    pub fn project_roles(
        &self,
        project_id: impl Into<IdText<ProjectId>>,
    ) -> impl Iterator<Item = ProjectRole> {
        let project_id = project_id.into().into_text();
        self.roles
            .iter()
            .filter(move |role| role.project_id.as_deref() == Some(&*project_id))
            .map(|role| ProjectRole::from(role.role_name.as_str()))
    }

    /// Reads a key in a response.
    ///
    /// # Errors
    ///
    /// [`ParseError`] if an id of the key, an organization or a project is none.
    #[inline]
    pub(crate) fn from_raw(key: types::ApiKey) -> Result<Self, ParseError> {
        let roles = key.roles.unwrap_or_default().into_iter();
        let links = key.links.unwrap_or_default().into_iter();
        Ok(Self {
            id: ApiKeyId::from_text(key.id)?,
            desc: key.desc,
            public_key: key.public_key,
            private_key: key.private_key.map(PrivateKey),
            roles: roles
                .map(RoleAssignment::from_raw)
                .collect::<Result<_, _>>()?,
            links: links.map(Link::from_raw).collect(),
        })
    }
}

impl RoleAssignment {
    /// Creates a role in an organization.
    #[must_use]
    pub fn org(org_id: OrgId, role: impl Into<OrgRole>) -> Self {
        Self {
            org_id: Some(org_id),
            project_id: None,
            role_name: role.into().to_string(),
        }
    }

    /// Creates a role in a project.
    #[must_use]
    pub fn project(project_id: ProjectId, role: impl Into<ProjectRole>) -> Self {
        Self {
            org_id: None,
            project_id: Some(project_id),
            role_name: role.into().to_string(),
        }
    }

    #[inline]
    pub(crate) fn from_raw(role: types::RoleAssignment) -> Result<Self, ParseError> {
        Ok(Self {
            org_id: role.org_id.map(OrgId::from_text).transpose()?,
            project_id: role.group_id.map(ProjectId::from_text).transpose()?,
            role_name: role.role_name.unwrap_or_default(),
        })
    }
}

impl Link {
    /// Creates a link with a relation, such as `self`, and an address.
    #[must_use]
    pub fn new(rel: impl Into<String>, href: impl Into<String>) -> Self {
        Self {
            href: Some(href.into()),
            rel: Some(rel.into()),
        }
    }

    #[inline]
    pub(crate) fn from_raw(link: types::Link) -> Self {
        Self {
            href: link.href,
            rel: link.rel,
        }
    }

    #[inline]
    pub(crate) fn to_raw(&self) -> types::Link {
        types::Link {
            href: self.href.clone(),
            rel: self.rel.clone(),
        }
    }
}

// As leniently as responses are read.
impl<'de> Deserialize<'de> for ApiKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::from_raw(types::ApiKey::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

impl<'de> Deserialize<'de> for RoleAssignment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::from_raw(types::RoleAssignment::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const KEY: &str = "6a793f752c88faeba59bba49";
    const ORG: &str = "32b6e34b3d91647abb20e7b8";

    #[test]
    fn keys_round_trip_through_json_without_their_private_key() {
        let wire = json!({
            "id": KEY,
            "desc": "ci",
            "publicKey": "gswvkocq",
            "privateKey": "********-****-****-01bdd56c8977",
            "roles": [{"orgId": ORG, "roleName": "ORG_MEMBER"}, {"roleName": null}],
            "links": [{"href": "h", "rel": "self"}],
            "brandNew": {},
        });
        let key: ApiKey = serde_json::from_value(wire).unwrap();
        let private = key.private_key.as_ref().unwrap();
        assert_eq!(private.expose(), "********-****-****-01bdd56c8977");
        let written = serde_json::to_value(&key).unwrap();
        assert_eq!(written["roles"][0]["orgId"], ORG);
        assert_eq!(written.get("privateKey"), None);
        let mut read: ApiKey = serde_json::from_value(written).unwrap();
        read.private_key = key.private_key.clone();
        assert_eq!(read, key);
        let least: ApiKey = serde_json::from_value(json!({"id": KEY, "roles": null})).unwrap();
        assert_eq!(least, ApiKey::new(KEY.parse().unwrap()));
    }

    #[test]
    fn what_is_no_id_is_refused_by_name() {
        for (wire, expected) in [
            (json!({"id": "x"}), r#"API key id "x""#),
            (
                json!({"id": KEY, "roles": [{"orgId": "y"}]}),
                r#"organization id "y""#,
            ),
            (
                json!({"id": KEY, "roles": [{"groupId": "z"}]}),
                r#"project id "z""#,
            ),
        ] {
            let error = serde_json::from_value::<ApiKey>(wire).unwrap_err();
            assert!(error.to_string().contains(expected), "{error}");
        }
        assert!(serde_json::from_value::<RoleAssignment>(Value::Null).is_err());
    }
}
