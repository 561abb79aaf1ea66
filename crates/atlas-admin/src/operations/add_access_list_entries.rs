//! Add entries to an access list.

use std::sync::Arc;

use atlas_admin_raw::types;
use ipnet::IpNet;

use super::{
    builder::{Call, ValidRequest, builder},
    list,
    validate::Body,
};
use crate::{
    client::Client,
    error::Error,
    model::{
        access_list::{self, AccessListEntry, Network},
        page::Page,
        response::Response,
        target::CallTarget,
    },
};

const ID: &str = "add_access_list_entries";

/// Adds addresses and networks to an API key's access list; see
/// [`AccessList::add`](crate::AccessList::add).
///
/// `POST /orgs/{orgId}/apiKeys/{apiUserId}/accessList` on all three services. Entries that are
/// on the list already are a conflict, so it is repeated only if the service certainly did
/// nothing; see [`RetryPolicy`](crate::RetryPolicy).
///
/// ```no_run
/// # async fn restrict(atlas: atlas_admin::Client) -> Result<(), atlas_admin::Error> {
/// let key = atlas.org("32b6e34b3d91647abb20e7b8").api_key("6a793f752c88faeba59bba49");
/// let page = key.access_list().add(["203.0.113.0/24", "198.51.100.7"]).await?;
/// println!("{} entries", page.results.len());
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use = "nothing is sent before the builder or send() is awaited"]
pub struct AddAccessListEntries {
    call: Call,
    entries: Vec<Network>,
}

impl AddAccessListEntries {
    pub(crate) fn new(
        client: &Client,
        org_id: &Arc<str>,
        api_key_id: &Arc<str>,
        entries: Vec<Network>,
    ) -> Self {
        let target = CallTarget::org(ID, org_id).api_key(api_key_id.clone());
        Self {
            call: Call::new(client, target),
            entries,
        }
    }

    /// Sends the request and returns a page of the list. Whether it has the whole list or the
    /// new entries alone is up to the service.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) before anything is sent: an invalid id, no
    /// entries, an entry that is neither an address nor a network, a network with host bits such
    /// as `203.0.113.7/24`, or an option that the service does not accept. After that, any
    /// [`ErrorKind`](crate::ErrorKind), of which
    /// [`Conflict`](crate::ErrorKind::Conflict) says that an entry is on the list already;
    /// [`Error::outcome_unknown`] returns whether entries may have been added.
    pub async fn send(self) -> Result<Response<Page<AccessListEntry>>, Error> {
        let request = self.request()?;
        self.call
            .send(&request, |_, page| list::access_list_page(page))
            .await
    }

    #[inline]
    fn request(&self) -> Result<ValidRequest<types::AccessListPage>, Error> {
        let (call, options) = (&self.call, &self.call.options);
        let mut networks: Vec<IpNet> = Vec::with_capacity(self.entries.len());
        for entry in &self.entries {
            let network = call.network(entry)?;
            if !networks.contains(&network) {
                networks.push(network);
            }
        }
        call.request(Body::Entries(&networks), |client| {
            let body: Vec<_> = networks.iter().map(new_entry).collect();
            client.add_access_list_entries(
                call.scope_id(),
                call.api_key_id(),
                options.envelope,
                options.include_count,
                options.items_per_page.map(i64::from),
                options.page_num.map(i64::from),
                options.pretty,
                &body.into(),
            )
        })
    }
}

fn new_entry(network: &IpNet) -> types::NewAccessListEntry {
    match access_list::address(network) {
        Some(address) => types::NewAccessListEntry {
            ip_address: Some(address.to_string()),
            cidr_block: None,
        },
        None => types::NewAccessListEntry {
            ip_address: None,
            cidr_block: Some(network.to_string()),
        },
    }
}

builder!(AddAccessListEntries, Page<AccessListEntry>);
