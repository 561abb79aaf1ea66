//! An API key as a test gives it.

use std::collections::BTreeMap;

use secrecy::SecretString;
use serde::Deserialize;

/// An API key to start with, beside the two that are always there.
///
/// Role names are not checked, so that a test can see what a client makes of
/// a role that it does not know.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// use atlas_emulator::{Emulator, SeedKey};
///
/// let reader = SeedKey::new("readonly", "0f3b7c1d-aaaa-bbbb-0123456789ab")
///     .desc("reads and nothing else")
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
    /// The key's id, 24 lower-case hexadecimal digits. Default: generated.
    pub(crate) id: Option<String>,
    /// The organization that the key belongs to. Default: the first.
    pub(crate) org: Option<String>,
    /// The public key: the user name for digest.
    pub(crate) public_key: String,
    /// The private key: the password for digest.
    #[cfg_attr(feature = "seed-file", schemars(with = "String"))]
    pub(crate) private_key: SecretString,
    /// The key's description. Default: empty.
    #[serde(default)]
    pub(crate) desc: String,
    /// The key's roles in its organization, as ORG_READ_ONLY.
    #[serde(default)]
    pub(crate) org_roles: Vec<String>,
    /// The key's roles in projects, by the project's id, as GROUP_READ_ONLY.
    #[serde(default)]
    pub(crate) project_roles: BTreeMap<String, Vec<String>>,
    /// The addresses and networks that the key may be used from, as 192.0.2.7
    /// and 10.0.0.0/8. Default: all.
    #[serde(default)]
    pub(crate) access_list: Vec<String>,
}

impl SeedKey {
    /// A key with no role and no description, in the first organization.
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

    /// The key's id, 24 lower-case hexadecimal digits. Default: generated.
    #[must_use]
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// The organization that the key belongs to. Default: the first.
    #[must_use]
    pub fn org(mut self, id: impl Into<String>) -> Self {
        self.org = Some(id.into());
        self
    }

    /// The key's description. Default: empty.
    #[must_use]
    pub fn desc(mut self, desc: impl Into<String>) -> Self {
        self.desc = desc.into();
        self
    }

    /// The key's roles in its organization, as `ORG_READ_ONLY`.
    #[must_use]
    pub fn org_roles<I>(mut self, roles: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        self.org_roles = roles.into_iter().map(Into::into).collect();
        self
    }

    /// The addresses and networks that the key may be used from, as
    /// `192.0.2.7` and `10.0.0.0/8`; from elsewhere the response is 403
    /// `IP_ADDRESS_NOT_ON_ACCESS_LIST`. Default: all.
    #[must_use]
    pub fn access_list<I>(mut self, entries: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        self.access_list = entries.into_iter().map(Into::into).collect();
        self
    }

    /// The key's roles in one project, as `GROUP_READ_ONLY`.
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
