//! Create an API key in an organization.

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
    model::{
        created_api_key::CreatedApiKey, response::Response, roles::OrgRole, target::CallTarget,
    },
};

const ID: &str = "create_org_api_key";

/// Creates an API key in an organization; see
/// [`OrgApiKeys::create`](crate::OrgApiKeys::create).
///
/// `POST /orgs/{orgId}/apiKeys` on all three services, which all require a description and
/// roles. Sending it twice creates two keys, so it is repeated only if the service certainly
/// did nothing; see [`RetryPolicy`](crate::RetryPolicy).
///
/// ```no_run
/// # async fn create(atlas: atlas_admin::Client) -> Result<(), atlas_admin::Error> {
/// use atlas_admin::{OrgRole, secrecy::ExposeSecret};
///
/// let keys = atlas.org("32b6e34b3d91647abb20e7b8").api_keys();
/// let new = keys.create("ci deploys").roles([OrgRole::Member]).await?;
/// store(new.public_key.as_str(), new.private_key().expose_secret());
/// # fn store(_: &str, _: &str) {}
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use = "nothing is sent before the builder or send() is awaited"]
pub struct CreateOrgApiKey {
    call: Call,
    desc: String,
    roles: Option<Vec<OrgRole>>,
}

impl CreateOrgApiKey {
    pub(crate) fn new(client: &Client, org_id: &Arc<str>, desc: String) -> Self {
        let target = CallTarget::org(ID, org_id);
        Self {
            call: Call::new(client, target),
            desc,
            roles: None,
        }
    }

    /// Sets the key's roles in the organization, at least one. Duplicates are sent once.
    pub fn roles<R>(mut self, roles: impl IntoIterator<Item = R>) -> Self
    where
        R: Into<OrgRole>,
    {
        self.roles = Some(roles.into_iter().map(Into::into).collect());
        self
    }

    /// Sends the request and returns the new key with its private key.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) before anything is sent: an invalid id, no
    /// roles, a description that is empty or too long, or an option that the service does not
    /// accept. After that, any [`ErrorKind`](crate::ErrorKind). If
    /// [`Error::outcome_unknown`] is true, a key may have been created whose private key nobody
    /// knows: [`OrgApiKeys::find_created`](crate::OrgApiKeys::find_created) finds it. With
    /// [`ErrorKind::Mismatch`](crate::ErrorKind::Mismatch) the key was created with other values
    /// than these, and [`Error::created`] has it.
    pub async fn send(self) -> Result<Response<CreatedApiKey>, Error> {
        let request = self.request()?;
        let read =
            |target: &_, key| verify::created(target, key, &self.desc, self.roles.as_deref());
        self.call.send(&request, read).await
    }

    #[inline]
    fn request(&self) -> Result<ValidRequest<types::ApiKey>, Error> {
        let (call, options) = (&self.call, &self.call.options);
        let roles = self.roles.as_deref().map(validate::distinct);
        let fields = Body::Key {
            desc: Some(&self.desc),
            roles: roles.as_deref(),
        };
        call.request(fields, |client| {
            let body = types::NewOrgApiKey {
                desc: self.desc.clone(),
                roles: roles.clone().unwrap_or_default(),
            };
            client.create_org_api_key(
                call.scope_id(),
                options.envelope,
                options.items_per_page.map(i64::from),
                options.page_num.map(i64::from),
                options.pretty,
                &body,
            )
        })
    }
}

builder!(CreateOrgApiKey, CreatedApiKey);
