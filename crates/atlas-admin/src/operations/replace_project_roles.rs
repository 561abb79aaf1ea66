//! Set the roles of an API key in a project.

use atlas_admin_raw::{catalog::Operation, types};

use super::checks::{Body, names};
use crate::{
    ApiKey, ProjectRole,
    call::Call,
    model::target::{CallTarget, Scope},
    client::Client,
    error::Error,
    model::options::RequestOptions,
    model::response::Response,
};

const ID: &str = "replace_project_api_key_roles";

/// Sets the roles that an API key has in a project; see
/// [`ProjectApiKey::replace_roles`](crate::ProjectApiKey::replace_roles).
///
/// `PATCH /groups/{groupId}/apiKeys/{apiUserId}` on all three services. Roles that
/// are not given are taken from the key in this project; its roles in the
/// organization and in other projects stay.
#[derive(Debug, Clone)]
#[must_use = "nothing is sent before send() is called and awaited"]
pub struct ReplaceProjectRoles {
    client: Client,
    name: CallTarget,
    desc: Option<String>,
    roles: Vec<ProjectRole>,
    options: RequestOptions,
}

impl ReplaceProjectRoles {
    pub(crate) fn new(
        client: Client,
        project_id: String,
        api_key_id: String,
        roles: Vec<ProjectRole>,
    ) -> Self {
        Self {
            client,
            name: CallTarget {
                operation: ID,
                scope: Scope::Project(project_id),
                api_key_id,
            },
            desc: None,
            roles,
            options: RequestOptions::new(),
        }
    }

    /// What the key is for: 1 to 250 characters, none of them a control character.
    /// Atlas v2 takes it here; the other services do not.
    pub fn desc(mut self, desc: impl Into<String>) -> Self {
        self.desc = Some(desc.into());
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
    /// that is none, no roles, a description that is empty, too long, or not taken
    /// by the service, an option that the service does not take. After that, any [`ErrorKind`](crate::ErrorKind);
    /// [`Error::outcome_unknown`] tells whether the update may have been made.
    pub async fn send(self) -> Result<Response<ApiKey>, Error> {
        let (operation, body) = self
            .check()
            .map_err(|error| error.of_call(self.name.clone()))?;
        let call = Call::new(self.client.inner, operation, self.name, self.options);
        let decoded = call
            .client()
            .replace_project_api_key_roles(
                call.name.scope.id(),
                &call.name.api_key_id,
                call.options.envelope,
                call.options.include_count,
                call.options.items_per_page.map(i64::from),
                call.options.page_num.map(i64::from),
                call.options.pretty,
                &body,
            )
            .await;
        call.finish(decoded).map(|key| key.map(ApiKey::from_raw))
    }

    fn check(&self) -> Result<(&'static Operation, types::ProjectApiKeyUpdate), Error> {
        self.name.check()?;
        let service = self.client.inner.service;
        let operation = service.operation(ID)?;
        self.options.check(service, operation)?;
        let roles = names(&self.roles);
        Body {
            desc: self.desc.as_deref(),
            roles: Some(&roles),
        }
        .check(service, operation)?;
        let body = types::ProjectApiKeyUpdate {
            desc: self.desc.clone(),
            roles: Some(roles),
        };
        Ok((operation, body))
    }
}
