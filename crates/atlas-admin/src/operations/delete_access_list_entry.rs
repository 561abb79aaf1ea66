//! Delete an entry of an access list.

use std::sync::Arc;

use super::{
    builder::{Call, ValidRequest, builder},
    deletion,
    validate::Body,
};
use crate::{
    client::Client,
    error::Error,
    model::{access_list::Network, response::Response, target::CallTarget},
};

const ID: &str = "delete_access_list_entry";

/// Deletes an entry of an API key's access list; see
/// [`AccessList::delete`](crate::AccessList::delete).
///
/// `DELETE /orgs/{orgId}/apiKeys/{apiUserId}/accessList/{ipAddress}` on all three services. A key
/// without any entries may be used from anywhere, unless the organization requires a list.
/// Repeating it is harmless, so a failed call is retried freely; a repetition that finds no entry
/// is a success.
///
/// ```no_run
/// # async fn delete(atlas: atlas_admin::Client) -> Result<(), atlas_admin::Error> {
/// let key = atlas.org("32b6e34b3d91647abb20e7b8").api_key("6a793f752c88faeba59bba49");
/// key.access_list().delete("203.0.113.0/24").missing_ok().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use = "nothing is sent before the builder or send() is awaited"]
pub struct DeleteAccessListEntry {
    call: Call,
    entry: Network,
    missing_ok: bool,
}

impl DeleteAccessListEntry {
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
            missing_ok: false,
        }
    }

    /// Makes a success of `NotFound`: what is gone need not be deleted. The response then has
    /// the status of the refusal, such as 404.
    pub fn missing_ok(mut self) -> Self {
        self.missing_ok = true;
        self
    }

    /// Sends the request.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) before anything is sent: an invalid id, an
    /// entry that is neither an address nor a network, a network with host bits such as
    /// `203.0.113.7/24`, or an option that the service does not accept. After that, any
    /// [`ErrorKind`](crate::ErrorKind), of which
    /// [`NotFound`](crate::ErrorKind::NotFound) says that there is no such key or entry.
    /// [`Error::outcome_unknown`] returns whether it may have been deleted; sending it again is
    /// harmless.
    pub async fn send(self) -> Result<Response<()>, Error> {
        let request = self.request()?;
        deletion::send(&self.call, &request, self.missing_ok).await
    }

    #[inline]
    fn request(&self) -> Result<ValidRequest<()>, Error> {
        let (call, options) = (&self.call, &self.call.options);
        call.network(&self.entry)?;
        let entry = self.entry.to_string();
        call.request(Body::None, |client| {
            client.delete_access_list_entry(
                call.scope_id(),
                call.api_key_id(),
                &entry,
                options.envelope,
                options.pretty,
            )
        })
    }
}

builder!(DeleteAccessListEntry, ());
