//! Organizations and their API keys.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::access_list::AccessList;
use crate::{
    client::Client,
    error::Error,
    model::{
        api_key::ApiKey,
        ids::{ApiKeyId, IdText, OrgId},
    },
    operations::{
        CreateOrgApiKey, DeleteOrgApiKey, GetOrgApiKey, List, RotateOrgApiKey, UpdateOrgApiKey,
    },
};

impl Client {
    /// Returns a handle to an organization, by its id: an [`OrgId`] or text, which is checked
    /// when a call is sent.
    pub fn org(&self, org_id: impl Into<IdText<OrgId>>) -> Org {
        Org {
            client: self.clone(),
            org_id: org_id.into().into_text(),
        }
    }
}

/// An organization; see [`Client::org`].
#[derive(Debug, Clone)]
#[must_use]
pub struct Org {
    client: Client,
    org_id: Arc<str>,
}

impl Org {
    /// Returns a handle to the organization's API keys.
    pub fn api_keys(&self) -> OrgApiKeys {
        OrgApiKeys { org: self.clone() }
    }

    /// Returns a handle to an API key of the organization, by its id (not its public key):
    /// an [`ApiKeyId`] or text, which is checked when a call is sent.
    pub fn api_key(&self, api_key_id: impl Into<IdText<ApiKeyId>>) -> OrgApiKey {
        OrgApiKey {
            org: self.clone(),
            api_key_id: api_key_id.into().into_text(),
        }
    }
}

/// The API keys of an organization; see [`Org::api_keys`].
#[derive(Debug, Clone)]
#[must_use]
pub struct OrgApiKeys {
    org: Org,
}

impl OrgApiKeys {
    /// Lists the keys, with their roles in the organization and in all projects.
    #[inline]
    pub fn list(&self) -> List<ApiKey> {
        List::org_api_keys(&self.org.client, &self.org.org_id)
    }

    /// Creates a key with a description: 1 to 250 characters, without control characters.
    /// Descriptions need not be unique. All services require
    /// [`roles`](CreateOrgApiKey::roles), too.
    pub fn create(&self, desc: impl Into<String>) -> CreateOrgApiKey {
        CreateOrgApiKey::new(&self.org.client, &self.org.org_id, desc.into())
    }

    /// Returns the keys with exactly this description that were created at `since` or later, by
    /// their ids ([`ApiKeyId::created_at`]): what a creation may have left behind whose outcome
    /// is unknown ([`Error::outcome_unknown`]).
    ///
    /// It reads the whole list and deletes nothing: whether such a key is the one that was asked
    /// for is up to the caller, since descriptions need not be unique. Its private key is lost
    /// in any case. Ids tell the second, and one more second is allowed for clocks that differ;
    /// if the caller's clock may be further ahead of the service's, pass an earlier time.
    ///
    /// ```no_run
    /// # async fn create(atlas: atlas_admin::Client) -> Result<(), atlas_admin::Error> {
    /// use std::time::SystemTime;
    /// use atlas_admin::OrgRole;
    ///
    /// let keys = atlas.org("32b6e34b3d91647abb20e7b8").api_keys();
    /// let start = SystemTime::now();
    /// match keys.create("ci deploys").roles([OrgRole::Member]).await {
    ///     Ok(new) => println!("created {}", new.id),
    ///     Err(error) if error.outcome_unknown() => {
    ///         for key in keys.find_created("ci deploys", start).await? {
    ///             println!("{} may have been created", key.id);
    ///         }
    ///     }
    ///     Err(error) => return Err(error),
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As for [`List::page`], from any page.
    pub async fn find_created(
        &self,
        desc: &str,
        since: impl Into<DateTime<Utc>>,
    ) -> Result<Vec<ApiKey>, Error> {
        self.list().find_created(desc, since.into()).await
    }
}

/// An API key of an organization; see [`Org::api_key`].
#[derive(Debug, Clone)]
#[must_use]
pub struct OrgApiKey {
    org: Org,
    api_key_id: Arc<str>,
}

impl OrgApiKey {
    /// Reads the key, with its roles in the organization and in all projects.
    pub fn get(&self) -> GetOrgApiKey {
        GetOrgApiKey::new(&self.org.client, &self.org.org_id, &self.api_key_id)
    }

    /// Updates the key's description, its roles in the organization, or both.
    pub fn update(&self) -> UpdateOrgApiKey {
        UpdateOrgApiKey::new(&self.org.client, &self.org.org_id, &self.api_key_id)
    }

    /// Deletes the key, also from all projects. Nobody can sign in with it afterwards, and it
    /// cannot be restored.
    pub fn delete(&self) -> DeleteOrgApiKey {
        DeleteOrgApiKey::new(&self.org.client, &self.org.org_id, &self.api_key_id)
    }

    /// Replaces the key by a successor with the same description, roles and access list, in steps
    /// that the caller takes; see [`RotateOrgApiKey`]. The key may be the one that signs in.
    pub fn rotate(&self) -> RotateOrgApiKey {
        RotateOrgApiKey::new(&self.org.client, &self.org.org_id, &self.api_key_id)
    }

    /// Returns a handle to the key's access list.
    pub fn access_list(&self) -> AccessList {
        AccessList::new(&self.org.client, &self.org.org_id, &self.api_key_id)
    }
}
