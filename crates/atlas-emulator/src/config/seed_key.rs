//! An API key in the seed.

use std::collections::BTreeMap;

use secrecy::SecretString;
use serde::Deserialize;

/// An API key that exists at startup, in addition to the two default keys.
///
/// The emulator does not check role names, so a test can seed a role that its client does not know.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// use atlas_emulator::{Emulator, SeedKey};
///
/// let reader = SeedKey::new("readonly", "0f3b7c1d-aaaa-4bbb-8ccc-0123456789ab")
///     .desc("read only")
///     .org_roles(["ORG_READ_ONLY"]);
/// let emulator = Emulator::builder().key(reader).start().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "seed-file", derive(schemars::JsonSchema))]
#[cfg_attr(
    feature = "seed-file",
    schemars(description = "An API key. Its role names are not checked.")
)]
#[serde(deny_unknown_fields)]
pub struct SeedKey {
    /// The key's id, 24 lower-case hexadecimal digits; default: generated.
    pub(crate) id: Option<String>,
    /// The id of the key's organization; default: the first organization.
    pub(crate) org: Option<String>,
    /// The public key, which is the user name for digest.
    pub(crate) public_key: String,
    /// The private key, which is the password for digest.
    #[cfg_attr(feature = "seed-file", schemars(with = "String"))]
    pub(crate) private_key: SecretString,
    /// The key's description; default: empty.
    #[serde(default)]
    pub(crate) desc: String,
    /// The key's roles in its organization, such as ORG_READ_ONLY.
    #[serde(default)]
    pub(crate) org_roles: Vec<String>,
    /// The key's roles in projects, such as GROUP_READ_ONLY, by project id.
    #[serde(default)]
    pub(crate) project_roles: BTreeMap<String, Vec<String>>,
    /// The addresses and networks from which the key may be used, such as 192.0.2.7 and 10.0.0.0/8;
    /// default: all.
    #[serde(default)]
    pub(crate) access_list: Vec<String>,
}

impl SeedKey {
    /// Creates a key in the first organization, with no role and no description.
    pub fn new(public_key: impl Into<String>, private_key: impl Into<String>) -> Self {
        Self {
            id: None,
            org: None,
            public_key: public_key.into(),
            private_key: SecretString::from(private_key.into()),
            desc: String::new(),
            org_roles: Vec::new(),
            project_roles: BTreeMap::new(),
            access_list: Vec::new(),
        }
    }

    /// Sets the key's id, 24 lower-case hexadecimal digits; default: generated.
    #[must_use]
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// Sets the key's organization; default: the first organization.
    #[must_use]
    pub fn org(mut self, id: impl Into<String>) -> Self {
        self.org = Some(id.into());
        self
    }

    /// Sets the key's description; default: empty.
    #[must_use]
    pub fn desc(mut self, desc: impl Into<String>) -> Self {
        self.desc = desc.into();
        self
    }

    /// Sets the key's roles in its organization, such as `ORG_READ_ONLY`; default: no role.
    #[must_use]
    pub fn org_roles<I>(mut self, roles: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        self.org_roles = roles.into_iter().map(Into::into).collect();
        self
    }

    /// Sets the addresses and networks from which the key may be used, such as `192.0.2.7` and
    /// `10.0.0.0/8`; default: all. Requests from other addresses get 403
    /// `IP_ADDRESS_NOT_ON_ACCESS_LIST`.
    #[must_use]
    pub fn access_list<I>(mut self, entries: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        self.access_list = entries.into_iter().map(Into::into).collect();
        self
    }

    /// Sets the key's roles in one project, such as `GROUP_READ_ONLY`; default: no role.
    #[must_use]
    pub fn project_roles<I>(mut self, project_id: impl Into<String>, roles: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        let roles = roles.into_iter().map(Into::into).collect();
        self.project_roles.insert(project_id.into(), roles);
        self
    }
}
