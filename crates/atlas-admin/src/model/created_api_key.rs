//! A new API key, with its secret.

use std::fmt;

use atlas_admin_raw::types;
use chrono::{DateTime, Utc};
use secrecy::SecretString;

use super::{
    api_key::{ApiKey, RoleAssignment},
    ids::ApiKeyId,
    parse_error::ParseError,
};

/// A new API key, with its private key: services show it whole in the response to the creation
/// and never again.
///
/// It is neither `Clone` nor `Serialize`, and `Debug` does not show the private key, so that the
/// secret goes only where a program puts it:
/// [`credentials`](Self::credentials) and [`private_key`](Self::private_key).
#[non_exhaustive]
pub struct CreatedApiKey {
    /// The key's id.
    pub id: ApiKeyId,
    /// The description.
    pub desc: Option<String>,
    /// The public half, which is the user name of digest authentication.
    pub public_key: String,
    /// The key's roles. On Atlas, a key created in a project also has `ORG_MEMBER` in the
    /// organization.
    pub roles: Vec<RoleAssignment>,
    private_key: SecretString,
}

/// Why the response to a creation makes no [`CreatedApiKey`].
pub(crate) enum NotCreated {
    /// An id is none.
    Id(ParseError),
    /// A half of the key pair is missing or redacted.
    Half(ApiKeyId, &'static str),
}

impl CreatedApiKey {
    /// Creates a key, for tests.
    #[must_use]
    pub fn new(
        id: ApiKeyId,
        public_key: impl Into<String>,
        private_key: impl Into<SecretString>,
    ) -> Self {
        Self {
            id,
            desc: None,
            public_key: public_key.into(),
            roles: Vec::new(),
            private_key: private_key.into(),
        }
    }

    /// Returns the private half, which is the password of digest authentication.
    #[must_use]
    pub fn private_key(&self) -> &SecretString {
        &self.private_key
    }

    /// Returns when the key was created; see [`ApiKeyId::created_at`].
    #[must_use]
    pub fn created_at(&self) -> DateTime<Utc> {
        self.id.created_at()
    }

    /// Returns the key without its private key, to be kept or printed.
    #[must_use]
    pub fn to_api_key(&self) -> ApiKey {
        let mut key = ApiKey::new(self.id.clone());
        key.desc = self.desc.clone();
        key.public_key = Some(self.public_key.clone());
        key.roles = self.roles.clone();
        key
    }

    /// Reads the response to a creation. A role that cannot be read is left out, rather than the
    /// secret.
    #[inline]
    pub(crate) fn from_raw(key: types::ApiKey) -> Result<Self, NotCreated> {
        let id = ApiKeyId::from_text(key.id).map_err(NotCreated::Id)?;
        let Some(public_key) = key.public_key else {
            return Err(NotCreated::Half(id, "public"));
        };
        let private_key = match &key.private_key {
            Some(half) if !half.expose().is_empty() && !half.expose().contains('*') => {
                SecretString::from(half.expose())
            }
            _ => return Err(NotCreated::Half(id, "private")),
        };
        let roles = key.roles.unwrap_or_default().into_iter();
        Ok(Self {
            id,
            desc: key.desc,
            public_key,
            roles: roles
                .filter_map(|role| RoleAssignment::from_raw(role).ok())
                .collect(),
            private_key,
        })
    }
}

impl fmt::Debug for CreatedApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CreatedApiKey")
            .field("id", &self.id)
            .field("desc", &self.desc)
            .field("public_key", &self.public_key)
            .field("private_key", &format_args!("[REDACTED]"))
            .field("roles", &self.roles)
            .finish()
    }
}
