//! Set the roles of an API key in a project.

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
    model::{api_key::ApiKey, response::Response, roles::ProjectRole, target::CallTarget},
};

const ID: &str = "replace_project_api_key_roles";

/// Sets an API key's roles in a project; see
/// [`ProjectApiKey::assign`](crate::ProjectApiKey::assign) and
/// [`ProjectApiKey::replace_roles`](crate::ProjectApiKey::replace_roles).
///
/// `PATCH /groups/{groupId}/apiKeys/{apiUserId}` on all three services. Roles that are not
/// listed are removed from the key in this project; its roles in the organization and in
/// other projects do not change.
///
/// ```no_run
/// # async fn replace(atlas: atlas_admin::Client) -> Result<(), atlas_admin::Error> {
/// use atlas_admin::ProjectRole;
///
/// let key = atlas.project("32b6e34b3d91647abb20e7b9").api_key("6a793f752c88faeba59bba49");
/// let roles = [ProjectRole::ReadOnly, ProjectRole::DataAccessReadWrite];
/// key.replace_roles(roles).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use = "nothing is sent before the builder or send() is awaited"]
pub struct ReplaceProjectRoles {
    call: Call,
    desc: Option<String>,
    roles: Vec<ProjectRole>,
}

impl ReplaceProjectRoles {
    pub(crate) fn new(
        client: &Client,
        project_id: &Arc<str>,
        api_key_id: &Arc<str>,
        roles: Vec<ProjectRole>,
    ) -> Self {
        let target = CallTarget::project(ID, project_id).api_key(api_key_id.clone());
        Self {
            call: Call::new(client, target),
            desc: None,
            roles,
        }
    }

    pub(super) fn into_target(self) -> CallTarget {
        self.call.target
    }

    /// Sets the description: 1 to 250 characters, without control characters. Only Atlas v2
    /// accepts it here.
    pub fn desc(mut self, desc: impl Into<String>) -> Self {
        self.desc = Some(desc.into());
        self
    }

    /// Sends the update and returns the key as it is afterwards.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) before anything is sent: an invalid id, no
    /// roles, a description that is empty, too long or not accepted by the service, or an
    /// option that the service does not accept. After that, any
    /// [`ErrorKind`](crate::ErrorKind); [`Error::outcome_unknown`] returns whether the update
    /// may have been applied.
    pub async fn send(self) -> Result<Response<ApiKey>, Error> {
        let request = self.request()?;
        let read =
            |target: &_, key| verify::updated(target, key, self.desc.as_deref(), Some(&self.roles));
        self.call.send(&request, read).await
    }

    #[inline]
    fn request(&self) -> Result<ValidRequest<types::ApiKey>, Error> {
        let (call, options) = (&self.call, &self.call.options);
        let body = types::ProjectApiKeyUpdate {
            desc: self.desc.clone(),
            roles: Some(validate::distinct(&self.roles)),
        };
        let fields = Body::Key {
            desc: body.desc.as_deref(),
            roles: body.roles.as_deref(),
        };
        call.request(fields, |client| {
            client.replace_project_api_key_roles(
                call.scope_id(),
                call.api_key_id(),
                options.envelope,
                options.include_count,
                options.items_per_page.map(i64::from),
                options.page_num.map(i64::from),
                options.pretty,
                &body,
            )
        })
    }
}

builder!(ReplaceProjectRoles, ApiKey);
