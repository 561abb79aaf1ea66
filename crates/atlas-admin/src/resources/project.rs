//! What can be done in a project.

use crate::{ProjectRole, client::Client, operations::ReplaceProjectRoles};

/// A project; see [`Client::project`].
#[derive(Debug, Clone)]
#[must_use]
pub struct Project {
    client: Client,
    project_id: String,
}

impl Project {
    pub(crate) fn new(client: Client, project_id: &str) -> Self {
        Self {
            client,
            project_id: project_id.to_owned(),
        }
    }

    /// An API key of the project's organization, by its id (not its public key):
    /// an [`ApiKeyId`](crate::ApiKeyId) or text, which is checked when a call is
    /// sent.
    pub fn api_key(self, api_key_id: impl AsRef<str>) -> ProjectApiKey {
        ProjectApiKey {
            project: self,
            api_key_id: api_key_id.as_ref().to_owned(),
        }
    }
}

/// An API key as a project sees it; see [`Project::api_key`].
#[derive(Debug, Clone)]
#[must_use]
pub struct ProjectApiKey {
    project: Project,
    api_key_id: String,
}

impl ProjectApiKey {
    /// Sets the key's roles in the project. A role that is not among these is
    /// taken from the key there.
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
