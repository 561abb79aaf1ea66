//! Read an API key of an organization.

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
    model::{api_key::ApiKey, response::Response, target::CallTarget},
};

const ID: &str = "get_org_api_key";

/// Reads an API key with its roles in the organization and in all projects; see
/// [`OrgApiKey::get`](crate::OrgApiKey::get).
///
/// `GET /orgs/{orgId}/apiKeys/{apiUserId}` on all three services. It changes nothing, so a
/// failed call is retried freely.
///
/// ```no_run
/// # async fn get(atlas: atlas_admin::Client) -> Result<(), atlas_admin::Error> {
/// let key = atlas.org("32b6e34b3d91647abb20e7b8").api_key("6a793f752c88faeba59bba49");
/// let read = key.get().await?;
/// println!("{:?} since {}", read.desc, read.created_at());
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use = "nothing is sent before the builder or send() is awaited"]
pub struct GetOrgApiKey {
    call: Call,
}

impl GetOrgApiKey {
    pub(crate) fn new(client: &Client, org_id: &Arc<str>, api_key_id: &Arc<str>) -> Self {
        let target = CallTarget::org(ID, org_id).api_key(api_key_id.clone());
        Self {
            call: Call::new(client, target),
        }
    }

    /// Sends the request and returns the key.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) before anything is sent: an invalid id, or
    /// an option that the service does not accept. After that, any
    /// [`ErrorKind`](crate::ErrorKind).
    pub async fn send(self) -> Result<Response<ApiKey>, Error> {
        let request = self.request()?;
        self.call.send(&request, verify::key).await
    }

    #[inline]
    fn request(&self) -> Result<ValidRequest<types::ApiKey>, Error> {
        let (call, options) = (&self.call, &self.call.options);
        call.request(Body::None, |client| {
            client.get_org_api_key(
                call.scope_id(),
                call.api_key_id(),
                options.envelope,
                options.pretty,
            )
        })
    }
}

builder!(GetOrgApiKey, ApiKey);
