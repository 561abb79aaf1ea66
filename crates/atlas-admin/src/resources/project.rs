//! Projects and the API keys in them.

use crate::{client::Client, model::roles::ProjectRole, operations::ReplaceProjectRoles};

impl Client {
    /// Returns a handle to a project, by its id: a [`ProjectId`](crate::ProjectId) or text,
    /// which is checked when a call is sent.
    pub fn project(&self, project_id: impl AsRef<str>) -> Project {
        Project {
            client: self.clone(),
            project_id: project_id.as_ref().to_owned(),
        }
    }
}

/// A project; see [`Client::project`].
#[derive(Debug, Clone)]
#[must_use]
pub struct Project {
    client: Client,
    project_id: String,
}

impl Project {
    /// Returns a handle to an API key of the project's organization, by its id (not its
    /// public key): an [`ApiKeyId`](crate::ApiKeyId) or text, which is checked when a call
    /// is sent.
    pub fn api_key(self, api_key_id: impl AsRef<str>) -> ProjectApiKey {
        ProjectApiKey {
            project: self,
            api_key_id: api_key_id.as_ref().to_owned(),
        }
    }
}

/// An API key in a project; see [`Project::api_key`].
#[derive(Debug, Clone)]
#[must_use]
pub struct ProjectApiKey {
    project: Project,
    api_key_id: String,
}

impl ProjectApiKey {
    /// Sets the key's roles in the project. Roles that are not listed are removed from the
    /// key in this project.
    pub fn replace_roles<R>(self, roles: impl IntoIterator<Item = R>) -> ReplaceProjectRoles
    where
        R: Into<ProjectRole>,
    {
        ReplaceProjectRoles::new(
            self.project.client,
            self.project.project_id,
            self.api_key_id,
            roles.into_iter().map(Into::into).collect(),
        )
    }
}
