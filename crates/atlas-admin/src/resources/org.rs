//! Organizations and their API keys.

use crate::{
    client::Client,
    operations::{GetOrgApiKey, UpdateOrgApiKey},
};

impl Client {
    /// Returns a handle to an organization, by its id: an [`OrgId`](crate::OrgId) or text,
    /// which is checked when a call is sent.
    pub fn org(&self, org_id: impl AsRef<str>) -> Org {
        Org {
            client: self.clone(),
            org_id: org_id.as_ref().to_owned(),
        }
    }
}

/// An organization; see [`Client::org`].
#[derive(Debug, Clone)]
#[must_use]
pub struct Org {
    client: Client,
    org_id: String,
}

impl Org {
    /// Returns a handle to an API key of the organization, by its id (not its public key):
    /// an [`ApiKeyId`](crate::ApiKeyId) or text, which is checked when a call is sent.
    pub fn api_key(self, api_key_id: impl AsRef<str>) -> OrgApiKey {
        OrgApiKey {
            org: self,
            api_key_id: api_key_id.as_ref().to_owned(),
        }
    }
}

/// An API key of an organization; see [`Org::api_key`].
#[derive(Debug, Clone)]
#[must_use]
pub struct OrgApiKey {
    org: Org,
    api_key_id: String,
}

impl OrgApiKey {
    /// Reads the key, with its roles in the organization and in all projects.
    pub fn get(self) -> GetOrgApiKey {
        GetOrgApiKey::new(self.org.client, self.org.org_id, self.api_key_id)
    }

    /// Updates the key's description, its roles in the organization, or both.
    pub fn update(self) -> UpdateOrgApiKey {
        UpdateOrgApiKey::new(self.org.client, self.org.org_id, self.api_key_id)
    }
}
