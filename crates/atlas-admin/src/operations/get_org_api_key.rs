//! Read an API key of an organization.

use atlas_admin_raw::catalog::Operation;

use crate::{
    ApiKey,
    call::Call,
    model::target::{CallTarget, Scope},
    client::Client,
    error::Error,
    model::options::RequestOptions,
    model::response::Response,
};

const ID: &str = "get_org_api_key";

/// Reads an API key with its roles in the organization and in all projects; see
/// [`OrgApiKey::get`](crate::OrgApiKey::get).
///
/// `GET /orgs/{orgId}/apiKeys/{apiUserId}` on all three services. Nothing is
/// changed, so a call that failed is repeated freely.
#[derive(Debug, Clone)]
#[must_use = "nothing is sent before send() is called and awaited"]
pub struct GetOrgApiKey {
    client: Client,
    name: CallTarget,
    options: RequestOptions,
}

impl GetOrgApiKey {
    pub(crate) fn new(client: Client, org_id: String, api_key_id: String) -> Self {
        Self {
            client,
            name: CallTarget {
                operation: ID,
                scope: Scope::Org(org_id),
                api_key_id,
            },
            options: RequestOptions::new(),
        }
    }

    /// Settings of this call.
    pub fn options(mut self, options: RequestOptions) -> Self {
        self.options = options;
        self
    }

    /// Checks the input, sends it, and gives back the key as it is now.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) before anything is sent: an id
    /// that is none, an option that the service does not take. After that, any
    /// [`ErrorKind`](crate::ErrorKind).
    pub async fn send(self) -> Result<Response<ApiKey>, Error> {
        let operation = self
            .check()
            .map_err(|error| error.of_call(self.name.clone()))?;
        let call = Call::new(self.client.inner, operation, self.name, self.options);
        let decoded = call
            .client()
            .get_org_api_key(
                call.name.scope.id(),
                &call.name.api_key_id,
                call.options.envelope,
                call.options.pretty,
            )
            .await;
        call.finish(decoded).map(|key| key.map(ApiKey::from_raw))
    }

    fn check(&self) -> Result<&'static Operation, Error> {
        self.name.check()?;
        let service = self.client.inner.service;
        let operation = service.operation(ID)?;
        self.options.check(service, operation)?;
        Ok(operation)
    }
}
