//! Replace an API key by a new one with the same access.

use std::sync::Arc;

use std::collections::BTreeMap;

use chrono::{DateTime, SecondsFormat, Utc};
use ipnet::IpNet;

use super::{
    add_access_list_entries::AddAccessListEntries, builder::BoxFuture,
    create_org_api_key::CreateOrgApiKey, delete_org_api_key::DeleteOrgApiKey,
    get_org_api_key::GetOrgApiKey, list::List, replace_project_roles::ReplaceProjectRoles,
    update_org_api_key::UpdateOrgApiKey,
};
use crate::{
    client::Client,
    error::Error,
    model::{
        api_key::ApiKey,
        created_api_key::CreatedApiKey,
        ids::{ApiKeyId, IdText},
    },
};

/// The start of the default marker.
const MARKER: &str = "[successor of ";

/// The most characters that the services accept in a description.
const MAX_DESC: usize = 250;

/// Replaces an API key by a successor with the same access and another private key; see
/// [`OrgApiKey::rotate`](crate::OrgApiKey::rotate).
///
/// No service can do this in one request, and between the requests somebody has to store the new
/// private key. So a rotation is a sequence of steps, which the caller takes:
///
/// | step | does |
/// | --- | --- |
/// | [`send`](Self::send) | reads the key and creates the successor, with a marker in its description |
/// | [`Rotation::copy_access`] | gives it the roles in projects and the access list |
/// | [`Rotation::sign_in`] | signs in with it once |
/// | | the caller stores the private key of [`Rotation::created`] |
/// | [`Rotation::finish`] | removes the marker, then deletes the old key |
///
/// Every step but the first may be repeated. The marker finds the successor if a step's outcome
/// is unknown or the program ends in between: [`undo`](Self::undo) deletes all successors that
/// have it, and [`finish`](Self::finish) does the last step later, without the private key. Both
/// need the same [`marker`](Self::marker), so store it before `send`.
///
/// ```no_run
/// # async fn rotate(atlas: atlas_admin::Client) -> Result<(), atlas_admin::Error> {
/// let key = atlas.org("32b6e34b3d91647abb20e7b8").api_key("6a793f752c88faeba59bba49");
/// let rotation = key.rotate().await?;
/// rotation.copy_access().await?;
/// rotation.sign_in().await?;
/// // Store rotation.created.private_key() here.
/// rotation.finish().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use = "nothing is sent before the builder or send() is awaited"]
pub struct RotateOrgApiKey {
    client: Client,
    org_id: Arc<str>,
    api_key_id: Arc<str>,
    marker: String,
}

impl RotateOrgApiKey {
    pub(crate) fn new(client: &Client, org_id: &Arc<str>, api_key_id: &Arc<str>) -> Self {
        let now = Utc::now().to_rfc3339_opts(SecondsFormat::Millis, true);
        Self {
            client: client.clone(),
            org_id: org_id.clone(),
            api_key_id: api_key_id.clone(),
            marker: format!("{MARKER}{api_key_id}, {now}]"),
        }
    }

    /// Sets the marker at the end of the successor's description until the rotation is finished.
    /// It must contain the old key's id, and should differ between rotations. The default is
    /// `[successor of ID, TIME]`.
    pub fn with_marker(mut self, marker: impl Into<String>) -> Self {
        self.marker = marker.into();
        self
    }

    /// Returns the marker.
    #[must_use]
    pub fn marker(&self) -> &str {
        &self.marker
    }

    /// Returns the id of the key that `key` was made to replace, if its description ends with the
    /// default marker: a rotation has created it and is not finished, or the old key had no
    /// description, so that the marker stayed. In the latter case, the old key no longer exists.
    #[must_use]
    pub fn predecessor(key: &ApiKey) -> Option<ApiKeyId> {
        let desc = key.desc.as_deref()?.strip_suffix(']')?;
        let (_, marker) = desc.rsplit_once(MARKER)?;
        let (id, time) = marker.split_once(", ")?;
        DateTime::parse_from_rfc3339(time).ok()?;
        id.parse().ok()
    }

    /// Reads the key and its access list, and creates the successor: with the same roles in the
    /// organization, and the same description, cut at its end to make room for the marker if
    /// both have more than 250 characters. [`finish`](Self::finish) sets it again in full.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) before anything is sent: an invalid id, or a
    /// marker without the key's id; and before anything is created: the key has no roles in the
    /// organization, which services require of a new key. Atlas refuses, also before anything is
    /// created, if the caller may not see access lists. Otherwise those of a creation: if
    /// [`Error::outcome_unknown`] is true, or [`Error::created`] has a key,
    /// [`undo`](Self::undo) deletes what was created.
    pub async fn send(self) -> Result<Rotation, Error> {
        self.validate()?;
        let old = self.get(&self.api_key_id).await?.into_inner();
        let desc = old.desc.as_deref().unwrap_or_default();
        if !desc.is_empty() {
            // Fails now rather than in the last step.
            self.update_desc(old.id.text(), desc).to_request()?;
        }
        let access_list = self.access_list(&self.api_key_id).await?;
        let created = CreateOrgApiKey::new(&self.client, &self.org_id, self.mark(desc))
            .roles(old.org_roles())
            .await?
            .into_inner();
        Ok(Rotation {
            old,
            created,
            access_list,
            rotate: self,
        })
    }

    /// Returns the keys of the organization with the marker at the end of their description.
    ///
    /// # Errors
    ///
    /// As for [`List::page`], from any page.
    pub async fn successors(&self) -> Result<Vec<ApiKey>, Error> {
        self.validate()?;
        let keys = List::org_api_keys(&self.client, &self.org_id);
        let mut keys = keys.items_per_page(500).all().await?;
        keys.retain(|key| *key.id != *self.api_key_id && self.unmark(key).is_some());
        Ok(keys)
    }

    /// Does the last step of a rotation, given the successor's id: makes sure that the successor
    /// exists, deletes any other key with the marker, sets the successor's description to the old
    /// key's, and deletes the old key. The deletion is the last request, so that the old key may
    /// be the one that signs in. What is done already is left out.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) as for [`send`](Self::send), or if the
    /// successor is the key itself;
    /// [`NotFound`](crate::ErrorKind::NotFound) if there is no successor, before anything is
    /// deleted; and any other [`ErrorKind`](crate::ErrorKind). It may be called again.
    pub async fn finish(&self, successor: impl Into<IdText<ApiKeyId>>) -> Result<(), Error> {
        self.validate()?;
        let successor = successor.into().into_text();
        if successor == self.api_key_id {
            return Err(Error::input("an API key cannot be its own successor"));
        }
        let new = self.get(&successor).await?;
        let old = match self.get(&self.api_key_id).await {
            Ok(old) => Some(old),
            Err(error) if error.is_gone() => None,
            Err(error) => return Err(error),
        };
        // What creations have left whose outcome was unknown.
        for key in self.successors().await? {
            if *key.id != *successor {
                self.delete(key.id.text()).await?;
            }
        }
        if let Some(rest) = self.unmark(&new) {
            let desc = old.as_ref().map_or(Some(rest), |old| old.desc.as_deref());
            // Services require a description, so that without one the marker stays.
            if let Some(desc) = desc.filter(|desc| !desc.is_empty()) {
                self.update_desc(&successor, desc).await?;
            }
        }
        if old.is_some() {
            self.delete(&self.api_key_id).await?;
        }
        Ok(())
    }

    /// Takes the rotation back: deletes all keys with the marker, and returns their ids. The old
    /// key is as it was.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) if the old key no longer exists:
    /// nothing is deleted then, since the successor may be in use. Any other
    /// [`ErrorKind`](crate::ErrorKind); it may be called again.
    pub async fn undo(&self) -> Result<Vec<ApiKeyId>, Error> {
        self.validate()?;
        self.get(&self.api_key_id).await?;
        let mut deleted = Vec::new();
        for key in self.successors().await? {
            self.delete(key.id.text()).await?;
            deleted.push(key.id);
        }
        Ok(deleted)
    }

    /// Checks the ids, and that the marker marks nothing but successors of this key.
    #[inline]
    fn validate(&self) -> Result<(), Error> {
        self.get(&self.api_key_id).to_request()?;
        if self.marker.contains(&*self.api_key_id) {
            return Ok(());
        }
        let message = "the marker of a rotation must contain the old API key's id";
        Err(Error::input(message))
    }

    /// Returns a description with the marker at its end.
    fn mark(&self, desc: &str) -> String {
        let room = MAX_DESC.saturating_sub(self.marker.chars().count() + 1);
        let kept: String = desc.chars().take(room).collect();
        format!("{} {}", kept.trim_end(), self.marker)
            .trim_start()
            .to_owned()
    }

    /// Returns the key's description without the marker, if it has the marker.
    fn unmark<'a>(&self, key: &'a ApiKey) -> Option<&'a str> {
        let desc = key.desc.as_deref()?;
        Some(desc.strip_suffix(&self.marker)?.trim_end())
    }

    async fn access_list(&self, api_key_id: &Arc<str>) -> Result<Vec<IpNet>, Error> {
        let list = List::access_list(&self.client, &self.org_id, api_key_id);
        let entries = list.items_per_page(500).all().await?;
        Ok(entries.into_iter().map(|entry| entry.network).collect())
    }

    fn get(&self, api_key_id: &Arc<str>) -> GetOrgApiKey {
        GetOrgApiKey::new(&self.client, &self.org_id, api_key_id)
    }

    fn update_desc(&self, api_key_id: &Arc<str>, desc: &str) -> UpdateOrgApiKey {
        UpdateOrgApiKey::new(&self.client, &self.org_id, api_key_id).desc(desc)
    }

    fn delete(&self, api_key_id: &Arc<str>) -> DeleteOrgApiKey {
        DeleteOrgApiKey::new(&self.client, &self.org_id, api_key_id).missing_ok()
    }
}

impl IntoFuture for RotateOrgApiKey {
    type Output = Result<Rotation, Error>;
    type IntoFuture = BoxFuture<Self::Output>;

    /// Calls [`send`](Self::send).
    #[inline]
    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

/// A rotation whose successor exists; see [`RotateOrgApiKey`] for the steps to take.
///
/// Dropping it deletes nothing: two keys are left, and the successor's private key is lost unless
/// it was stored.
#[derive(Debug)]
#[non_exhaustive]
#[must_use = "the private key is lost and two keys are left"]
pub struct Rotation {
    /// The old key, as it was before.
    pub old: ApiKey,
    /// The successor, with its private key.
    pub created: CreatedApiKey,
    access_list: Vec<IpNet>,
    rotate: RotateOrgApiKey,
}

impl Rotation {
    /// Gives the successor the old key's roles in all projects, and the entries of its access
    /// list. It may be called again.
    ///
    /// # Errors
    ///
    /// Any [`ErrorKind`](crate::ErrorKind).
    pub async fn copy_access(&self) -> Result<(), Error> {
        let RotateOrgApiKey { client, org_id, .. } = &self.rotate;
        let successor = self.created.id.text();
        let roles = self.old.roles.iter();
        let projects: BTreeMap<_, ()> = roles
            .filter_map(|role| Some((role.project_id.as_ref()?, ())))
            .collect();
        for project in projects.into_keys() {
            let roles = self.old.project_roles(project).collect();
            ReplaceProjectRoles::new(client, project.text(), successor, roles).await?;
        }
        if self.access_list.is_empty() {
            return Ok(());
        }
        // An entry that is on the list already would be a conflict.
        let present = self.rotate.access_list(successor).await?;
        let missing = self.access_list.iter();
        let missing: Vec<_> = missing.filter(|entry| !present.contains(entry)).collect();
        if !missing.is_empty() {
            let missing = missing.into_iter().map(Into::into).collect();
            AddAccessListEntries::new(client, org_id, successor, missing).await?;
        }
        Ok(())
    }

    /// Reads the successor with its own credentials, to make sure that they work. A refusal that
    /// knows the key is enough: the key's access list may leave out this machine, or its roles may
    /// not let it read itself.
    ///
    /// # Errors
    ///
    /// Any [`ErrorKind`](crate::ErrorKind) but
    /// [`Permission`](crate::ErrorKind::Permission).
    pub async fn sign_in(&self) -> Result<(), Error> {
        let client = self.successors_client()?;
        let org_id = &self.rotate.org_id;
        match GetOrgApiKey::new(&client, org_id, self.created.id.text()).await {
            Ok(_) => Ok(()),
            Err(error) if error.is_permission() => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Removes the marker and deletes the old key, as [`RotateOrgApiKey::finish`] does. If the
    /// client signs in with the old key, this uses the successor's credentials instead.
    ///
    /// # Errors
    ///
    /// As for [`RotateOrgApiKey::finish`]. It may be called again.
    pub async fn finish(&self) -> Result<(), Error> {
        let mut rotate = self.rotate.clone();
        let caller = rotate.client.inner.auth.public_key();
        if caller.is_some() && caller == self.old.public_key.as_deref() {
            rotate.client = self.successors_client()?;
        }
        rotate.finish(&self.created.id).await
    }

    /// Deletes the successor, as [`RotateOrgApiKey::undo`] does.
    ///
    /// # Errors
    ///
    /// As for [`RotateOrgApiKey::undo`]. It may be called again.
    pub async fn undo(&self) -> Result<(), Error> {
        self.rotate.undo().await.map(|_| ())
    }

    fn successors_client(&self) -> Result<Client, Error> {
        let credentials = self.created.credentials();
        self.rotate.client.with_credentials(credentials)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credentials::Credentials;

    #[tokio::test]
    async fn a_marked_description_has_at_most_250_characters_and_ends_with_the_marker() {
        let client = Client::builder().credentials(Credentials::bearer("token"));
        let id: ApiKeyId = "6a793f752c88faeba59bba49".parse().unwrap();
        let rotate = RotateOrgApiKey::new(&client.build().unwrap(), id.text(), id.text());
        let rotate = rotate.with_marker("[successor of 6a793f752c88faeba59bba49]");
        assert_eq!(
            rotate.mark("ci deploys"),
            "ci deploys [successor of 6a793f752c88faeba59bba49]"
        );
        assert_eq!(rotate.mark(""), rotate.marker());
        let long = "ü".repeat(250);
        let mut key = ApiKey::new(id);
        key.desc = Some(rotate.mark(&long));
        assert_eq!(key.desc.as_ref().unwrap().chars().count(), 250);
        let kept = rotate.unmark(&key).unwrap();
        assert_eq!(kept, "ü".repeat(250 - rotate.marker().len() - 1));
        key.desc = Some(long);
        assert_eq!(rotate.unmark(&key), None);
    }

    #[tokio::test]
    async fn a_successor_is_known_by_the_default_marker() {
        let client = Client::builder().credentials(Credentials::bearer("token"));
        let id: ApiKeyId = "6a793f752c88faeba59bba49".parse().unwrap();
        let rotate = RotateOrgApiKey::new(&client.build().unwrap(), id.text(), id.text());
        let mut key = ApiKey::new("6a793f752c88faeba59bba50".parse().unwrap());
        assert_eq!(RotateOrgApiKey::predecessor(&key), None);
        for (desc, is_successor) in [
            (rotate.mark(""), true),
            (rotate.mark("ci deploys"), true),
            (rotate.mark("of two [successor of 6a, 2026]"), true),
            (format!("{}.", rotate.marker()), false),
            (format!("[successor of {id}]"), false),
            (format!("[successor of {id}, today]"), false),
            ("[successor of me, 2026-11-26T19:00:00Z]".to_owned(), false),
        ] {
            key.desc = Some(desc);
            let predecessor = RotateOrgApiKey::predecessor(&key);
            assert_eq!(predecessor.is_some(), is_successor, "{:?}", key.desc);
            assert!(predecessor.is_none_or(|old| old == id));
        }
    }
}
