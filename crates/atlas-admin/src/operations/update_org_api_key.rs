//! Update an API key in its organization.

use atlas_admin_raw::{self as raw, catalog::Operation, types};
use bytes::Bytes;

use super::{
    validate::{self, Body},
    verify,
};
use crate::{
    call,
    client::Client,
    error::Error,
    model::{
        api_key::ApiKey,
        options::RequestOptions,
        response::Response,
        roles::OrgRole,
        target::{CallTarget, Scope},
    },
};

const ID: &str = "update_org_api_key";

/// Updates an API key's description, its roles in the organization, or both; see
/// [`OrgApiKey::update`](crate::OrgApiKey::update).
///
/// `PATCH /orgs/{orgId}/apiKeys/{apiUserId}` on all three services. A field that is not set
/// keeps its value. Roles replace those that the key has in the organization; its roles in
/// projects do not change.
#[derive(Debug, Clone)]
#[must_use = "nothing is sent before send() is called and awaited"]
pub struct UpdateOrgApiKey {
    client: Client,
    target: CallTarget,
    desc: Option<String>,
    roles: Option<Vec<OrgRole>>,
    options: RequestOptions,
}

impl UpdateOrgApiKey {
    pub(crate) fn new(client: Client, org_id: String, api_key_id: String) -> Self {
        Self {
            client,
            target: CallTarget::new(ID, Scope::Org(org_id)).api_key(api_key_id),
            desc: None,
            roles: None,
            options: RequestOptions::new(),
        }
    }

    /// Sets the description: 1 to 250 characters, without control characters.
    pub fn desc(mut self, desc: impl Into<String>) -> Self {
        self.desc = Some(desc.into());
        self
    }

    /// Sets the key's roles in the organization, at least one. Duplicates are sent once.
    pub fn roles<R>(mut self, roles: impl IntoIterator<Item = R>) -> Self
    where
        R: Into<OrgRole>,
    {
        self.roles = Some(roles.into_iter().map(Into::into).collect());
        self
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

    /// Sends the update and returns the key as it is afterwards.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) before anything is sent: an invalid id,
    /// neither a description nor roles, a description or list of roles that is empty or too
    /// long, or an option that the service does not accept. After that, any
    /// [`ErrorKind`](crate::ErrorKind); [`Error::outcome_unknown`] returns whether the update
    /// may have been applied.
    pub async fn send(self) -> Result<Response<ApiKey>, Error> {
        let (operation, request) = self.request()?;
        call::send(
            &self.client.inner,
            operation,
            self.target,
            &self.options,
            request,
            |target, key| verify::update(target, key, self.desc.as_deref(), self.roles.as_deref()),
        )
        .await
        .map(|response| response.map(ApiKey::from_raw))
    }

    fn request(&self) -> Result<(&'static Operation, raw::Request<types::ApiKey>), Error> {
        let inner = &self.client.inner;
        let body = types::OrgApiKeyUpdate {
            desc: self.desc.clone(),
            roles: self.roles.as_deref().map(validate::distinct),
        };
        let fields = Body {
            desc: body.desc.as_deref(),
            roles: body.roles.as_deref(),
        };
        validate::request(
            inner.service,
            &self.target,
            &self.options,
            Some(fields),
            || {
                inner
                    .requests
                    .update_org_api_key(
                        self.target.scope.id(),
                        self.target.api_key_id(),
                        self.options.envelope,
                        self.options.items_per_page.map(i64::from),
                        self.options.page_num.map(i64::from),
                        self.options.pretty,
                        &body,
                    )
                    .map_err(call::build_error)
            },
        )
    }
}
