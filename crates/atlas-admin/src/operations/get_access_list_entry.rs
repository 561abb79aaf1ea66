//! Read an entry of an access list.

use std::sync::Arc;

use atlas_admin_raw::types;

use super::{
    builder::{Call, ValidRequest, builder},
    validate::Body,
    verify,
};
use crate::{
    client::Client,
    error::Error,
    model::{
        access_list::{AccessListEntry, Network},
        response::Response,
        target::CallTarget,
    },
};

const ID: &str = "get_access_list_entry";

/// Reads an entry of an API key's access list, with its use so far; see
/// [`AccessList::get`](crate::AccessList::get).
///
/// `GET /orgs/{orgId}/apiKeys/{apiUserId}/accessList/{ipAddress}` on all three services. It
/// changes nothing, so a failed call is retried freely.
///
/// ```no_run
/// # async fn get(atlas: atlas_admin::Client) -> Result<(), atlas_admin::Error> {
/// let key = atlas.org("32b6e34b3d91647abb20e7b8").api_key("6a793f752c88faeba59bba49");
/// let entry = key.access_list().get("203.0.113.0/24").await?;
/// println!("last used {:?}", entry.last_used);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use = "nothing is sent before the builder or send() is awaited"]
pub struct GetAccessListEntry {
    call: Call,
    entry: Network,
}

impl GetAccessListEntry {
    pub(crate) fn new(
        client: &Client,
        org_id: &Arc<str>,
        api_key_id: &Arc<str>,
        entry: Network,
    ) -> Self {
        let target = CallTarget::org(ID, org_id)
            .api_key(api_key_id.clone())
            .entry(entry.to_string());
        Self {
            call: Call::new(client, target),
            entry,
        }
    }

    /// Sends the request and returns the entry.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) before anything is sent: an invalid id, an
    /// entry that is neither an address nor a network, a network with host bits such as
    /// `203.0.113.7/24`, or an option that the service does not accept. After that, any
    /// [`ErrorKind`](crate::ErrorKind).
    pub async fn send(self) -> Result<Response<AccessListEntry>, Error> {
        let request = self.request()?;
        let network = self.call.network(&self.entry)?;
        let read = |_: &_, entry| verify::entry(network, entry);
        self.call.send(&request, read).await
    }

    #[inline]
    fn request(&self) -> Result<ValidRequest<types::AccessListEntry>, Error> {
        let (call, options) = (&self.call, &self.call.options);
        call.network(&self.entry)?;
        let entry = self.entry.to_string();
        call.request(Body::None, |client| {
            client.get_access_list_entry(
                call.scope_id(),
                call.api_key_id(),
                &entry,
                options.envelope,
                options.pretty,
            )
        })
    }
}

builder!(GetAccessListEntry, AccessListEntry);
