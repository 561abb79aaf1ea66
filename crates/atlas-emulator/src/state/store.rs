//! The organizations, projects, keys and users.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    net::IpAddr,
    sync::Arc,
};

use crate::{
    config::assumptions::Assumptions,
    http::error::ApiError,
    spec::role::{Role, Update},
    state::access_list::AccessList,
    state::identities::Identities,
    state::key_index::KeyIndex,
    state::object_id::ObjectId,
    state::permission::Scope,
    state::rate_limit::Bucket,
    state::user::{Account, Principal, User},
};

pub(crate) const ORG_OWNER: &str = "ORG_OWNER";
pub(crate) const ORG_MEMBER: &str = "ORG_MEMBER";

/// The mutable state. A single lock guards all of it, so that changes are atomic.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) orgs: HashMap<ObjectId, Org>,
    pub(crate) projects: HashMap<ObjectId, Project>,
    /// Boxed, because a hash table of a million keys has almost as many unused slots.
    pub(crate) keys: HashMap<ObjectId, Box<ApiKey>>,
    pub(crate) accounts: Vec<Account>,
    /// The digest users by each of their names.
    users: HashMap<Arc<str>, Arc<User>>,
    /// The source of new ids and credentials.
    pub(crate) identities: Identities,
}

#[derive(Debug, Default)]
pub(crate) struct Org {
    /// The number of owners: keys with the role, and accounts that count as owners.
    pub(crate) owners: usize,
    pub(crate) keys: KeyIndex,
    pub(crate) projects: BTreeSet<ObjectId>,
    bucket: Bucket,
}

#[derive(Debug)]
pub(crate) struct Project {
    pub(crate) org: ObjectId,
    /// The keys with a role in the project.
    keys: KeyIndex,
    bucket: Bucket,
}

/// An API key. Of its private key, only the last characters are kept.
#[derive(Clone, Debug)]
pub(crate) struct ApiKey {
    pub(crate) org: ObjectId,
    pub(crate) desc: String,
    pub(crate) public_key: Arc<str>,
    pub(crate) private_key_tail: Box<str>,
    pub(crate) org_roles: Vec<Role>,
    pub(crate) project_roles: BTreeMap<ObjectId, Vec<Role>>,
    pub(crate) access_list: AccessList,
    pub(crate) user: Arc<User>,
}

impl ApiKey {
    pub(crate) fn has_org_role(&self, name: &str) -> bool {
        self.org_roles.iter().any(|role| &**role == name)
    }
}

impl State {
    pub(crate) fn new(identities: Identities) -> Self {
        Self {
            orgs: HashMap::new(),
            projects: HashMap::new(),
            keys: HashMap::new(),
            accounts: Vec::new(),
            users: HashMap::new(),
            identities,
        }
    }

    /// Makes room for this many keys.
    pub(crate) fn reserve(&mut self, keys: usize) {
        self.keys.reserve(keys);
        self.users.reserve(keys);
    }

    /// Adds an organization; returns `false` if its id is taken.
    pub(crate) fn add_org(&mut self, id: ObjectId) -> bool {
        self.orgs.insert(id, Org::default()).is_none()
    }

    /// Adds a project; returns `false` if its id is taken or its organization is unknown.
    pub(crate) fn add_project(&mut self, id: ObjectId, org: ObjectId) -> bool {
        let Some(owner) = self.orgs.get_mut(&org) else {
            return false;
        };
        owner.projects.insert(id);
        let project = Project {
            org,
            keys: KeyIndex::default(),
            bucket: Bucket::default(),
        };
        self.projects.insert(id, project).is_none()
    }

    /// Adds a digest user; returns `false` if a name is taken.
    pub(crate) fn add_user(&mut self, user: &Arc<User>) -> bool {
        let is_taken = user.names.iter().any(|name| self.users.contains_key(name));
        for name in &user.names {
            self.users.insert(Arc::clone(name), Arc::clone(user));
        }
        !is_taken
    }

    /// Returns the digest user with this name.
    pub(crate) fn user(&self, name: &str) -> Option<Arc<User>> {
        self.users.get(name).cloned()
    }

    /// Adds a key with its user; returns `false` if its id or public key is taken or its
    /// organization is unknown.
    pub(crate) fn add_key(&mut self, id: ObjectId, key: ApiKey) -> bool {
        let Some(org) = self.orgs.get_mut(&key.org) else {
            return false;
        };
        org.owners += usize::from(key.has_org_role(ORG_OWNER));
        org.keys.insert(&key.public_key, id);
        for project in key.project_roles.keys() {
            if let Some(project) = self.projects.get_mut(project) {
                project.keys.insert(&key.public_key, id);
            }
        }
        let is_new_user = self.add_user(&key.user);
        self.keys.insert(id, Box::new(key)).is_none() && is_new_user
    }

    /// Removes a key from its organization and its projects, with its user.
    pub(crate) fn remove_key(&mut self, id: ObjectId) {
        let Some(key) = self.keys.remove(&id) else {
            return;
        };
        if let Some(org) = self.orgs.get_mut(&key.org) {
            org.owners -= usize::from(key.has_org_role(ORG_OWNER));
            org.keys.remove(&key.public_key);
        }
        for project in key.project_roles.keys() {
            if let Some(project) = self.projects.get_mut(project) {
                project.keys.remove(&key.public_key);
            }
        }
        for name in &key.user.names {
            self.users.remove(name);
        }
    }

    /// Makes a key what it was before; `None` if it did not exist.
    pub(crate) fn restore(&mut self, id: ObjectId, before: Option<ApiKey>) {
        self.remove_key(id);
        if let Some(key) = before {
            self.add_key(id, key);
        }
    }

    /// Returns whether the key is the only owner of its organization.
    pub(crate) fn is_last_owner(&self, key: &ApiKey) -> bool {
        let org = self.orgs.get(&key.org);
        key.has_org_role(ORG_OWNER) && org.is_some_and(|org| org.owners <= 1)
    }

    /// Returns the organization of a caller that exists.
    pub(crate) fn org_of(&self, caller: Principal) -> Option<ObjectId> {
        match caller {
            Principal::Key(id) => self.key(id).map(|key| key.org),
            Principal::Account(number) => self.accounts.get(number).map(|account| account.org),
        }
    }

    /// Returns whether the caller exists and may send requests from `address`, and counts the
    /// request in the caller's access list.
    pub(crate) fn sign_in(&mut self, caller: Principal, address: IpAddr) -> bool {
        let access_list = match caller {
            Principal::Key(id) => self.keys.get_mut(&id).map(|key| &mut key.access_list),
            Principal::Account(number) => {
                let account = self.accounts.get_mut(number);
                account.map(|account| &mut account.access_list)
            }
        };
        access_list.is_some_and(|list| list.sign_in(address))
    }

    /// Returns the rate-limit bucket of a scope.
    pub(crate) fn bucket(&mut self, scope: Scope) -> Option<&mut Bucket> {
        match scope.project {
            None => self.orgs.get_mut(&scope.org).map(|org| &mut org.bucket),
            Some(id) => {
                let project = self.projects.get_mut(&id);
                project.map(|project| &mut project.bucket)
            }
        }
    }

    /// Returns the keys of an organization or a project.
    pub(crate) fn keys_in(&self, scope: Scope) -> Option<&KeyIndex> {
        match scope.project {
            None => self.orgs.get(&scope.org).map(|org| &org.keys),
            Some(id) => self.projects.get(&id).map(|project| &project.keys),
        }
    }

    /// Returns a key of any organization.
    pub(crate) fn key(&self, id: ObjectId) -> Option<&ApiKey> {
        self.keys.get(&id).map(|key| &**key)
    }

    pub(crate) fn key_mut(&mut self, id: ObjectId) -> Result<&mut ApiKey, ApiError> {
        let key = self.keys.get_mut(&id);
        key.map(|key| &mut **key)
            .ok_or_else(|| ApiError::key_not_found(id))
    }

    /// Returns the key of a caller that is one.
    pub(crate) fn caller_key(&self, caller: Principal) -> Option<&ApiKey> {
        match caller {
            Principal::Key(id) => self.key(id),
            Principal::Account(_) => None,
        }
    }

    /// Applies an update of a key of the scope's organization atomically.
    pub(crate) fn update(
        &mut self,
        scope: Scope,
        id: ObjectId,
        update: Update,
        assumptions: &Assumptions,
    ) -> Result<(), ApiError> {
        let unknown = || ApiError::key_not_found(id);
        let key = self.keys.get_mut(&id).ok_or_else(unknown)?;
        if let Some(project) = scope.project
            && !assumptions.project_update_adds
            && !key.project_roles.contains_key(&project)
        {
            return Err(unknown());
        }
        match (scope.project, update.roles) {
            (_, None) => {}
            (Some(project), Some(roles)) => {
                key.project_roles.insert(project, roles);
                if let Some(project) = self.projects.get_mut(&project) {
                    project.keys.insert(&key.public_key, id);
                }
            }
            (None, Some(roles)) => {
                let org = self.orgs.get_mut(&scope.org).ok_or_else(unknown)?;
                let was_owner = key.has_org_role(ORG_OWNER);
                let others = org.owners - usize::from(was_owner);
                let stays_owner = roles.iter().any(|role| &**role == ORG_OWNER);
                if was_owner && !stays_owner && others == 0 {
                    return Err(ApiError::last_owner());
                }
                key.org_roles = roles;
                org.owners = others + usize::from(stays_owner);
            }
        }
        if let Some(desc) = update.desc {
            key.desc = desc;
        }
        Ok(())
    }

    /// Removes a key's roles in a project; returns `false` if it has none.
    pub(crate) fn remove_from_project(&mut self, id: ObjectId, project: ObjectId) -> bool {
        let Some(key) = self.keys.get_mut(&id) else {
            return false;
        };
        if let Some(project) = self.projects.get_mut(&project) {
            project.keys.remove(&key.public_key);
        }
        key.project_roles.remove(&project).is_some()
    }
}

/// Returns the last twelve characters, or stars for a key that is too short to hide the rest.
pub(crate) fn private_key_tail(private_key: &str) -> Box<str> {
    let length = private_key.chars().count();
    if length <= 12 {
        return "*".repeat(12).into();
    }
    let tail: String = private_key.chars().skip(length - 12).collect();
    tail.into()
}
