//! Set the roles of an API key in a project.

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
        roles::ProjectRole,
        target::{CallTarget, Scope},
    },
};

const ID: &str = "replace_project_api_key_roles";

/// Sets an API key's roles in a project; see
/// [`ProjectApiKey::replace_roles`](crate::ProjectApiKey::replace_roles).
///
/// `PATCH /groups/{groupId}/apiKeys/{apiUserId}` on all three services. Roles that are not
/// listed are removed from the key in this project; its roles in the organization and in
/// other projects do not change.
#[derive(Debug, Clone)]
#[must_use = "nothing is sent before send() is called and awaited"]
pub struct ReplaceProjectRoles {
    client: Client,
    target: CallTarget,
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
            target: CallTarget::new(ID, Scope::Project(project_id)).api_key(api_key_id),
            desc: None,
            roles,
            options: RequestOptions::new(),
        }
    }

    /// Sets the description: 1 to 250 characters, without control characters. Only Atlas v2
    /// accepts it here.
    pub fn desc(mut self, desc: impl Into<String>) -> Self {
        self.desc = Some(desc.into());
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
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) before anything is sent: an invalid id, no
    /// roles, a description that is empty, too long or not accepted by the service, or an
    /// option that the service does not accept. After that, any
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
            |target, key| verify::update(target, key, self.desc.as_deref(), Some(&self.roles)),
        )
        .await
        .map(|response| response.map(ApiKey::from_raw))
    }

    fn request(&self) -> Result<(&'static Operation, raw::Request<types::ApiKey>), Error> {
        let inner = &self.client.inner;
        let body = types::ProjectApiKeyUpdate {
            desc: self.desc.clone(),
            roles: Some(validate::distinct(&self.roles)),
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
                    .replace_project_api_key_roles(
                        self.target.scope.id(),
                        self.target.api_key_id(),
                        self.options.envelope,
                        self.options.include_count,
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
