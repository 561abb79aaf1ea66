//! Projects and the API keys in them.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::{
    client::Client,
    error::Error,
    model::{
        api_key::ApiKey,
        ids::{ApiKeyId, IdText, ProjectId},
        roles::ProjectRole,
    },
    operations::{
        CreateProjectApiKey, Edit, EditProjectRoles, List, RemoveProjectApiKey, ReplaceProjectRoles,
    },
};

impl Client {
    /// Returns a handle to a project, by its id: a [`ProjectId`] or text, which is checked when
    /// a call is sent.
    pub fn project(&self, project_id: impl Into<IdText<ProjectId>>) -> Project {
        Project {
            client: self.clone(),
            project_id: project_id.into().into_text(),
        }
    }
}

/// A project; see [`Client::project`].
#[derive(Debug, Clone)]
#[must_use]
pub struct Project {
    client: Client,
    project_id: Arc<str>,
}

impl Project {
    /// Returns a handle to the API keys with roles in the project.
    pub fn api_keys(&self) -> ProjectApiKeys {
        ProjectApiKeys {
            project: self.clone(),
        }
    }

    /// Returns a handle to an API key of the project's organization, by its id (not its
    /// public key): an [`ApiKeyId`] or text, which is checked when a call is sent.
    pub fn api_key(&self, api_key_id: impl Into<IdText<ApiKeyId>>) -> ProjectApiKey {
        ProjectApiKey {
            project: self.clone(),
            api_key_id: api_key_id.into().into_text(),
        }
    }
}

/// The API keys with roles in a project; see [`Project::api_keys`].
#[derive(Debug, Clone)]
#[must_use]
pub struct ProjectApiKeys {
    project: Project,
}

impl ProjectApiKeys {
    /// Lists the keys, with their roles in the organization and in all projects.
    #[inline]
    pub fn list(&self) -> List<ApiKey> {
        List::project_api_keys(&self.project.client, &self.project.project_id)
    }

    /// Creates a key in the project's organization, with a description: 1 to 250 characters,
    /// without control characters. Descriptions need not be unique. Atlas requires
    /// [`roles`](CreateProjectApiKey::roles), too, and makes the key a member of the
    /// organization.
    pub fn create(&self, desc: impl Into<String>) -> CreateProjectApiKey {
        CreateProjectApiKey::new(&self.project.client, &self.project.project_id, desc.into())
    }

    /// Returns the keys with roles in the project that have exactly this description and were
    /// created at `since` or later; see
    /// [`OrgApiKeys::find_created`](crate::OrgApiKeys::find_created).
    ///
    /// # Errors
    ///
    /// As for [`List::page`], from any page.
    pub async fn find_created(
        &self,
        desc: &str,
        since: impl Into<DateTime<Utc>>,
    ) -> Result<Vec<ApiKey>, Error> {
        self.list().find_created(desc, since.into()).await
    }
}

/// An API key in a project; see [`Project::api_key`].
#[derive(Debug, Clone)]
#[must_use]
pub struct ProjectApiKey {
    project: Project,
    api_key_id: Arc<str>,
}

impl ProjectApiKey {
    /// Gives a key of the organization its first roles in the project. If it has roles there
    /// already, they are replaced: this is [`replace_roles`](Self::replace_roles) by another
    /// name, since the request is the same on all services.
    pub fn assign<R>(&self, roles: impl IntoIterator<Item = R>) -> ReplaceProjectRoles
    where
        R: Into<ProjectRole>,
    {
        self.replace_roles(roles)
    }

    /// Sets the key's roles in the project, at least one. Roles that are not listed are removed
    /// from the key in this project. Duplicates are sent once.
    pub fn replace_roles<R>(&self, roles: impl IntoIterator<Item = R>) -> ReplaceProjectRoles
    where
        R: Into<ProjectRole>,
    {
        ReplaceProjectRoles::new(
            &self.project.client,
            &self.project.project_id,
            &self.api_key_id,
            roles.into_iter().map(Into::into).collect(),
        )
    }

    /// Adds roles to those that the key has in the project. A key without roles there is
    /// assigned to the project with these.
    pub fn add_roles<R>(&self, roles: impl IntoIterator<Item = R>) -> EditProjectRoles
    where
        R: Into<ProjectRole>,
    {
        self.edit_roles(Edit::Add, roles)
    }

    /// Removes roles from those that the key has in the project. The last one stays:
    /// [`remove`](Self::remove) takes the key out of the project.
    pub fn remove_roles<R>(&self, roles: impl IntoIterator<Item = R>) -> EditProjectRoles
    where
        R: Into<ProjectRole>,
    {
        self.edit_roles(Edit::Remove, roles)
    }

    /// Removes the key from the project, with all its roles there. It stays in its organization
    /// and in other projects.
    pub fn remove(&self) -> RemoveProjectApiKey {
        RemoveProjectApiKey::new(
            &self.project.client,
            &self.project.project_id,
            &self.api_key_id,
        )
    }

    fn edit_roles<R>(&self, edit: Edit, roles: impl IntoIterator<Item = R>) -> EditProjectRoles
    where
        R: Into<ProjectRole>,
    {
        EditProjectRoles::new(
            &self.project.client,
            &self.project.project_id,
            &self.api_key_id,
            edit,
            roles.into_iter().map(Into::into).collect(),
        )
    }
}
