//! Read an API key of an organization.

use atlas_admin_raw::{self as raw, catalog::Operation, types};
use bytes::Bytes;

use super::{validate, verify};
use crate::{
    call,
    client::Client,
    error::Error,
    model::{
        api_key::ApiKey,
        options::RequestOptions,
        response::Response,
        target::{CallTarget, Scope},
    },
};

const ID: &str = "get_org_api_key";

/// Reads an API key with its roles in the organization and in all projects; see
/// [`OrgApiKey::get`](crate::OrgApiKey::get).
///
/// `GET /orgs/{orgId}/apiKeys/{apiUserId}` on all three services. It changes nothing, so a
/// failed call is retried freely.
#[derive(Debug, Clone)]
#[must_use = "nothing is sent before send() is called and awaited"]
pub struct GetOrgApiKey {
    client: Client,
    target: CallTarget,
    options: RequestOptions,
}

impl GetOrgApiKey {
    pub(crate) fn new(client: Client, org_id: String, api_key_id: String) -> Self {
        Self {
            client,
            target: CallTarget::new(ID, Scope::Org(org_id)).api_key(api_key_id),
            options: RequestOptions::new(),
        }
    }

    /// Sets the options of this call.
    pub fn options(mut self, options: RequestOptions) -> Self {
        self.options = options;
        self
    }

    /// Returns the request that [`send`](Self::send) would send, without credentials.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Input`](crate::ErrorKind::Input), as for [`send`](Self::send).
    pub fn to_request(&self) -> Result<http::Request<Bytes>, Error> {
        let (_, request) = self.request()?;
        call::preview(&self.client.inner, &self.target, &self.options, request)
    }

    /// Sends the request and returns the key.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) before anything is sent: an invalid id, or
    /// an option that the service does not accept. After that, any
    /// [`ErrorKind`](crate::ErrorKind).
    pub async fn send(self) -> Result<Response<ApiKey>, Error> {
        let (operation, request) = self.request()?;
        call::send(
            &self.client.inner,
            operation,
            self.target,
            &self.options,
            request,
            verify::id,
        )
        .await
        .map(|response| response.map(ApiKey::from_raw))
    }

    fn request(&self) -> Result<(&'static Operation, raw::Request<types::ApiKey>), Error> {
        let inner = &self.client.inner;
        validate::request(inner.service, &self.target, &self.options, None, || {
            inner
                .requests
                .get_org_api_key(
                    self.target.scope.id(),
                    self.target.api_key_id(),
                    self.options.envelope,
                    self.options.pretty,
                )
                .map_err(call::build_error)
        })
    }
}
