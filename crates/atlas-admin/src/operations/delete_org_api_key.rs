//! Delete an API key.

use std::sync::Arc;

use super::{
    builder::{Call, ValidRequest, builder},
    deletion,
    validate::Body,
};
use crate::{
    client::Client,
    error::Error,
    model::{response::Response, target::CallTarget},
};

const ID: &str = "delete_org_api_key";

/// Deletes an API key, also from all projects; see
/// [`OrgApiKey::delete`](crate::OrgApiKey::delete).
///
/// `DELETE /orgs/{orgId}/apiKeys/{apiUserId}` on all three services. Nobody can sign in with the
/// key afterwards, and it cannot be restored. Repeating it is harmless, so a failed call is
/// retried freely; a repetition that finds no key is a success.
///
/// ```no_run
/// # async fn delete(atlas: atlas_admin::Client) -> Result<(), atlas_admin::Error> {
/// let key = atlas.org("32b6e34b3d91647abb20e7b8").api_key("6a793f752c88faeba59bba49");
/// key.delete().missing_ok().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use = "nothing is sent before the builder or send() is awaited"]
pub struct DeleteOrgApiKey {
    call: Call,
    missing_ok: bool,
}

impl DeleteOrgApiKey {
    pub(crate) fn new(client: &Client, org_id: &Arc<str>, api_key_id: &Arc<str>) -> Self {
        let target = CallTarget::org(ID, org_id).api_key(api_key_id.clone());
        Self {
            call: Call::new(client, target),
            missing_ok: false,
        }
    }

    /// Makes a success of `NotFound`: what is gone need not be deleted. The response then
    /// has the status of the refusal, such as 404.
    pub fn missing_ok(mut self) -> Self {
        self.missing_ok = true;
        self
    }

    /// Sends the request.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) before anything is sent: an invalid id, or
    /// an option that the service does not accept. After that, any
    /// [`ErrorKind`](crate::ErrorKind), of which
    /// [`NotFound`](crate::ErrorKind::NotFound) says that there is no such key.
    /// [`Error::outcome_unknown`] returns whether it may have been deleted; sending it again is
    /// harmless.
    pub async fn send(self) -> Result<Response<()>, Error> {
        let request = self.request()?;
        deletion::send(&self.call, &request, self.missing_ok).await
    }

    #[inline]
    fn request(&self) -> Result<ValidRequest<()>, Error> {
        let (call, options) = (&self.call, &self.call.options);
        call.request(Body::None, |client| {
            client.delete_org_api_key(
                call.scope_id(),
                call.api_key_id(),
                options.envelope,
                options.pretty,
            )
        })
    }
}

builder!(DeleteOrgApiKey, ());
