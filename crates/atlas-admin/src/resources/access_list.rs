//! The access lists of API keys.

use std::sync::Arc;

use crate::{
    client::Client,
    model::access_list::{AccessListEntry, Network},
    operations::{AddAccessListEntries, DeleteAccessListEntry, GetAccessListEntry, List},
};

/// The access list of an API key: the addresses and networks that it may be used from; see
/// [`OrgApiKey::access_list`](crate::OrgApiKey::access_list).
///
/// A key without any entries may be used from anywhere, unless its organization requires a list.
/// Atlas lets only callers see or change access lists whose own key has a list that holds their
/// address.
#[derive(Debug, Clone)]
#[must_use]
pub struct AccessList {
    client: Client,
    org_id: Arc<str>,
    api_key_id: Arc<str>,
}

impl AccessList {
    pub(crate) fn new(client: &Client, org_id: &Arc<str>, api_key_id: &Arc<str>) -> Self {
        Self {
            client: client.clone(),
            org_id: org_id.clone(),
            api_key_id: api_key_id.clone(),
        }
    }

    /// Lists the entries, with their use so far.
    #[inline]
    pub fn list(&self) -> List<AccessListEntry> {
        List::access_list(&self.client, &self.org_id, &self.api_key_id)
    }

    /// Adds addresses and networks, at least one: of [`ipnet`] or [`std::net`], or text, which is
    /// checked when the call is sent. Duplicates are sent once.
    ///
    /// ```no_run
    /// # async fn restrict(atlas: atlas_admin::Client) -> Result<(), atlas_admin::Error> {
    /// let key = atlas.org("32b6e34b3d91647abb20e7b8").api_key("6a793f752c88faeba59bba49");
    /// key.access_list().add(["203.0.113.0/24", "198.51.100.7"]).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn add<N>(&self, entries: impl IntoIterator<Item = N>) -> AddAccessListEntries
    where
        N: Into<Network>,
    {
        let entries = entries.into_iter().map(Into::into).collect();
        AddAccessListEntries::new(&self.client, &self.org_id, &self.api_key_id, entries)
    }

    /// Reads one entry: an address or a network, exactly as it was added.
    pub fn get(&self, entry: impl Into<Network>) -> GetAccessListEntry {
        GetAccessListEntry::new(&self.client, &self.org_id, &self.api_key_id, entry.into())
    }

    /// Deletes one entry: an address or a network, exactly as it was added.
    pub fn delete(&self, entry: impl Into<Network>) -> DeleteAccessListEntry {
        DeleteAccessListEntry::new(&self.client, &self.org_id, &self.api_key_id, entry.into())
    }
}
