//! Update an API key in its organization.

use std::sync::Arc;

use atlas_admin_raw::types;

use super::{
    builder::{Call, ValidRequest, builder},
    validate::{self, Body},
    verify,
};
use crate::{
    client::Client,
    error::Error,
    model::{api_key::ApiKey, response::Response, roles::OrgRole, target::CallTarget},
};

const ID: &str = "update_org_api_key";

/// Updates an API key's description, its roles in the organization, or both; see
/// [`OrgApiKey::update`](crate::OrgApiKey::update).
///
/// `PATCH /orgs/{orgId}/apiKeys/{apiUserId}` on all three services. A field that is not set
/// keeps its value. Roles replace those that the key has in the organization; its roles in
/// projects do not change.
///
/// ```no_run
/// # async fn update(atlas: atlas_admin::Client) -> Result<(), atlas_admin::Error> {
/// use atlas_admin::OrgRole;
///
/// let key = atlas.org("32b6e34b3d91647abb20e7b8").api_key("6a793f752c88faeba59bba49");
/// let updated = key.update().desc("ci deploys").roles([OrgRole::ReadOnly]).await?;
/// assert_eq!(updated.desc.as_deref(), Some("ci deploys"));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use = "nothing is sent before the builder or send() is awaited"]
pub struct UpdateOrgApiKey {
    call: Call,
    desc: Option<String>,
    roles: Option<Vec<OrgRole>>,
}

impl UpdateOrgApiKey {
    pub(crate) fn new(client: &Client, org_id: &Arc<str>, api_key_id: &Arc<str>) -> Self {
        let target = CallTarget::org(ID, org_id).api_key(api_key_id.clone());
        Self {
            call: Call::new(client, target),
            desc: None,
            roles: None,
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
        let request = self.request()?;
        let read = |target: &_, key| {
            verify::updated(target, key, self.desc.as_deref(), self.roles.as_deref())
        };
        self.call.send(&request, read).await
    }

    #[inline]
    fn request(&self) -> Result<ValidRequest<types::ApiKey>, Error> {
        let (call, options) = (&self.call, &self.call.options);
        let body = types::OrgApiKeyUpdate {
            desc: self.desc.clone(),
            roles: self.roles.as_deref().map(validate::distinct),
        };
        let fields = Body::Key {
            desc: body.desc.as_deref(),
            roles: body.roles.as_deref(),
        };
        call.request(fields, |client| {
            client.update_org_api_key(
                call.scope_id(),
                call.api_key_id(),
                options.envelope,
                options.items_per_page.map(i64::from),
                options.page_num.map(i64::from),
                options.pretty,
                &body,
            )
        })
    }
}

builder!(UpdateOrgApiKey, ApiKey);
