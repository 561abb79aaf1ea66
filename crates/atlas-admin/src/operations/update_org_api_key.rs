//! Update an API key in its organization.

use atlas_admin_raw::{catalog::Operation, types};

use super::checks::{Body, names};
use crate::{
    ApiKey, OrgRole,
    call::Call,
    model::target::{CallTarget, Scope},
    client::Client,
    error::Error,
    model::options::RequestOptions,
    model::response::Response,
};

const ID: &str = "update_org_api_key";

/// Changes the description of an API key, its roles in the organization, or both;
/// see [`OrgApiKey::update`](crate::OrgApiKey::update).
///
/// `PATCH /orgs/{orgId}/apiKeys/{apiUserId}` on all three services. What is not
/// given stays as it is. Roles that are given replace those the key has in the
/// organization; its roles in projects stay.
#[derive(Debug, Clone)]
#[must_use = "nothing is sent before send() is called and awaited"]
pub struct UpdateOrgApiKey {
    client: Client,
    name: CallTarget,
    desc: Option<String>,
    roles: Option<Vec<OrgRole>>,
    options: RequestOptions,
}

impl UpdateOrgApiKey {
    pub(crate) fn new(client: Client, org_id: String, api_key_id: String) -> Self {
        Self {
            client,
            name: CallTarget {
                operation: ID,
                scope: Scope::Org(org_id),
                api_key_id,
            },
            desc: None,
            roles: None,
            options: RequestOptions::new(),
        }
    }

    /// What the key is for: 1 to 250 characters, none of them a control character.
    pub fn desc(mut self, desc: impl Into<String>) -> Self {
        self.desc = Some(desc.into());
        self
    }

    /// The roles that the key is to have in the organization, at least one. A role
    /// given twice is sent once.
    pub fn roles<R>(mut self, roles: impl IntoIterator<Item = R>) -> Self
    where
        R: Into<OrgRole>,
    {
        self.roles = Some(roles.into_iter().map(Into::into).collect());
        self
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
    /// that is none, neither description nor roles, a description or list of roles
    /// that is empty or too long, an option that the service does not take. After
    /// that, any [`ErrorKind`](crate::ErrorKind);
    /// [`Error::outcome_unknown`] tells whether the update may have been made.
    pub async fn send(self) -> Result<Response<ApiKey>, Error> {
        let (operation, body) = self
            .check()
            .map_err(|error| error.of_call(self.name.clone()))?;
        let call = Call::new(self.client.inner, operation, self.name, self.options);
        let decoded = call
            .client()
            .update_org_api_key(
                call.name.scope.id(),
                &call.name.api_key_id,
                call.options.envelope,
                call.options.items_per_page.map(i64::from),
                call.options.page_num.map(i64::from),
                call.options.pretty,
                &body,
            )
            .await;
        call.finish(decoded).map(|key| key.map(ApiKey::from_raw))
    }

    fn check(&self) -> Result<(&'static Operation, types::OrgApiKeyUpdate), Error> {
        self.name.check()?;
        let service = self.client.inner.service;
        let operation = service.operation(ID)?;
        self.options.check(service, operation)?;
        let roles = self.roles.as_deref().map(names);
        Body {
            desc: self.desc.as_deref(),
            roles: roles.as_deref(),
        }
        .check(service, operation)?;
        let body = types::OrgApiKeyUpdate {
            desc: self.desc.clone(),
            roles,
        };
        Ok((operation, body))
    }
}
