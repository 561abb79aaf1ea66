//! Add roles to those that an API key has in a project, or remove some.

use std::sync::Arc;

use super::{
    builder::BoxFuture, list::List, replace_project_roles::ReplaceProjectRoles,
    role_locks::RoleLock,
};
use crate::{
    client::Client,
    error::{Error, ErrorKind},
    model::{options::RequestOptions, response::Response, roles::ProjectRole, target::CallTarget},
};

/// Adds roles to an API key in a project or removes some, and keeps its others; see
/// [`ProjectApiKey::add_roles`](crate::ProjectApiKey::add_roles) and
/// [`ProjectApiKey::remove_roles`](crate::ProjectApiKey::remove_roles).
///
/// No service can do this in one request: the key's roles are read from the list of the
/// project's keys, and replaced. If nothing changes, nothing is sent after the list is read.
///
/// Within this process, edits of one key's roles in one project wait for each other, whatever
/// client they are made with; the time that they wait does not count towards their timeouts.
/// **No lock exists between processes**, nor for
/// [`replace_roles`](crate::ProjectApiKey::replace_roles): what somebody else changes between
/// the two requests is undone.
///
/// ```no_run
/// # async fn add(atlas: atlas_admin::Client) -> Result<(), atlas_admin::Error> {
/// use atlas_admin::ProjectRole;
///
/// let key = atlas.project("32b6e34b3d91647abb20e7b9").api_key("6a793f752c88faeba59bba49");
/// let edit = key.add_roles([ProjectRole::ReadOnly]).await?;
/// println!("{} roles now", edit.roles.len());
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use = "nothing is sent before the builder or send() is awaited"]
pub struct EditProjectRoles {
    client: Client,
    project_id: Arc<str>,
    api_key_id: Arc<str>,
    edit: Edit,
    roles: Vec<ProjectRole>,
    options: RequestOptions,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Edit {
    Add,
    Remove,
}

/// What became of an edit of roles; see [`EditProjectRoles`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RoleEdit {
    /// Whether the roles changed. If not, no update was sent.
    pub changed: bool,
    /// The key's roles in the project after the edit.
    pub roles: Vec<ProjectRole>,
}

impl RoleEdit {
    /// Creates the result of an edit, for tests.
    #[must_use]
    pub fn new(changed: bool, roles: Vec<ProjectRole>) -> Self {
        Self { changed, roles }
    }
}

impl EditProjectRoles {
    pub(crate) fn new(
        client: &Client,
        project_id: &Arc<str>,
        api_key_id: &Arc<str>,
        edit: Edit,
        roles: Vec<ProjectRole>,
    ) -> Self {
        Self {
            client: client.clone(),
            project_id: project_id.clone(),
            api_key_id: api_key_id.clone(),
            edit,
            roles,
            options: RequestOptions::new(),
        }
    }

    /// Sets the options of each request. Pages are chosen by this operation.
    pub fn options(mut self, options: RequestOptions) -> Self {
        self.options = options;
        self
    }

    /// Reads the key's roles in the project, and replaces them if they change.
    ///
    /// The response is that of the update; without one it has no headers. Its
    /// [`requests_sent`](Response::requests_sent) counts all requests.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Input`] before anything is sent: an invalid id, no roles, or an option that the
    /// service does not accept; and before the update is sent: the removal would leave the key
    /// without roles in the project, which is what [`remove`](crate::ProjectApiKey::remove) is for.
    /// After that, any [`ErrorKind`]; [`Error::outcome_unknown`] returns whether the update may have
    /// been applied.
    pub async fn send(self) -> Result<Response<RoleEdit>, Error> {
        // Validates the input, before anything is read.
        self.replace(self.roles.clone()).to_request()?;
        let service = self.client.inner.requests.baseurl();
        let place = [
            service.into(),
            self.project_id.clone(),
            self.api_key_id.clone(),
        ];
        let _lock = RoleLock::acquire(place).await;

        let mut options = self.options.clone();
        options.page_num = None;
        let list = List::project_api_keys(&self.client, &self.project_id).options(options);
        let (key, requests_read) = list.find(&self.api_key_id).await?;
        let current: Vec<_> = match &key {
            Some(key) => key.project_roles(&*self.project_id).collect(),
            None => Vec::new(),
        };
        if key.is_some() && current.is_empty() {
            let message = "the service lists the API key in the project and shows no roles of it";
            return Err(Error::new(ErrorKind::Decode, message).with_target(self.target()));
        }
        let edited = self.edited(&current);
        if edited == current {
            let edit = RoleEdit::new(false, current);
            return Ok(Response::new(edit).with_requests_sent(requests_read));
        }
        if edited.is_empty() {
            return Err(
                Error::input("the API key would have no roles left in the project")
                    .with_advice("take it out of the project with remove()")
                    .with_target(self.target()),
            );
        }
        let response = self.replace(edited.clone()).send().await?;
        let requests_sent = requests_read.saturating_add(response.requests_sent());
        Ok(response
            .map(|_| RoleEdit::new(true, edited))
            .with_requests_sent(requests_sent))
    }

    fn target(&self) -> CallTarget {
        self.replace(Vec::new()).into_target()
    }

    /// Returns the roles after the edit, in the order they had.
    fn edited(&self, current: &[ProjectRole]) -> Vec<ProjectRole> {
        let mut roles = current.to_vec();
        match self.edit {
            Edit::Add => {
                for role in &self.roles {
                    if !roles.contains(role) {
                        roles.push(role.clone());
                    }
                }
            }
            Edit::Remove => roles.retain(|role| !self.roles.contains(role)),
        }
        roles
    }

    fn replace(&self, roles: Vec<ProjectRole>) -> ReplaceProjectRoles {
        ReplaceProjectRoles::new(&self.client, &self.project_id, &self.api_key_id, roles)
            .options(self.options.clone())
    }
}

impl IntoFuture for EditProjectRoles {
    type Output = Result<Response<RoleEdit>, Error>;
    type IntoFuture = BoxFuture<Self::Output>;

    /// Calls [`send`](Self::send).
    #[inline]
    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}
