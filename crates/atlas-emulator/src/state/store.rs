//! The organizations, projects and keys, and the permissions to change them.

use std::collections::{BTreeMap, HashMap};

use crate::{
    config::assumptions::Assumptions,
    http::error::ApiError,
    spec::role::{Role, Update},
    spec::service::Operation,
    state::access_list::AccessList,
    state::object_id::ObjectId,
    state::rate_limit::Bucket,
};

pub(crate) const ORG_OWNER: &str = "ORG_OWNER";

/// Project roles that allow their holder to set the roles of others.
const PROJECT_ADMINS: [&str; 2] = ["GROUP_OWNER", "GROUP_USER_ADMIN"];

/// The identity behind a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Principal {
    /// An API key, whose roles are looked up for each request.
    Key(ObjectId),
    /// A service account or a person, an owner of this organization.
    OwnerOf(ObjectId),
}

/// An authenticated caller.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) principal: Principal,
    pub(crate) access_list: AccessList,
}

/// The mutable state. A single lock guards all of it, so that updates are atomic.
#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) orgs: HashMap<ObjectId, Org>,
    pub(crate) projects: HashMap<ObjectId, Project>,
    /// Boxed, because a hash table of a million keys has almost as many unused slots.
    pub(crate) keys: HashMap<ObjectId, Box<ApiKey>>,
}

#[derive(Debug, Default)]
pub(crate) struct Org {
    /// The number of owners: keys with the role, and accounts that count as owners.
    pub(crate) owners: usize,
    bucket: Bucket,
}

#[derive(Debug)]
pub(crate) struct Project {
    pub(crate) org: ObjectId,
    pub(crate) bucket: Bucket,
}

/// An API key. Of its private key, only the last characters are kept.
#[derive(Clone, Debug)]
pub(crate) struct ApiKey {
    pub(crate) org: ObjectId,
    pub(crate) desc: String,
    pub(crate) public_key: Box<str>,
    pub(crate) private_key_tail: Box<str>,
    pub(crate) org_roles: Vec<Role>,
    pub(crate) project_roles: BTreeMap<ObjectId, Vec<Role>>,
    pub(crate) access_list: AccessList,
}

/// The organization or project in a request's path.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Scope {
    Org(ObjectId),
    Project { id: ObjectId, org: ObjectId },
}

impl Scope {
    fn org(self) -> ObjectId {
        match self {
            Self::Org(org) | Self::Project { org, .. } => org,
        }
    }
}

impl State {
    /// Adds a key; returns `false` if its id is taken or its organization is unknown.
    pub(crate) fn add_key(&mut self, id: ObjectId, key: ApiKey) -> bool {
        let Some(org) = self.orgs.get_mut(&key.org) else {
            return false;
        };
        org.owners += usize::from(is_owner(&key));
        self.keys.insert(id, Box::new(key)).is_none()
    }

    /// Returns the scope of a request if it exists and `caller` may perform `operation` in it.
    pub(crate) fn permit(
        &self,
        caller: Principal,
        operation: Operation,
        scope: ObjectId,
        assumptions: &Assumptions,
    ) -> Result<Scope, ApiError> {
        match operation {
            Operation::UpdateInOrg | Operation::ReadInOrg => {
                if !self.orgs.contains_key(&scope) {
                    return Err(ApiError::org_not_found(scope));
                }
                if !self.is_member(caller, scope) {
                    return Err(ApiError::cannot_access_org(scope));
                }
                let any_member = operation == Operation::ReadInOrg && assumptions.members_read_keys;
                if !any_member && !self.is_org_owner(caller, scope) {
                    return Err(ApiError::not_org_owner(scope));
                }
                Ok(Scope::Org(scope))
            }
            Operation::UpdateInProject => {
                let project = self
                    .projects
                    .get(&scope)
                    .ok_or_else(|| ApiError::group_not_found(scope))?;
                let permitted = Scope::Project {
                    id: scope,
                    org: project.org,
                };
                if assumptions.owners_rule_projects && self.is_org_owner(caller, project.org) {
                    return Ok(permitted);
                }
                let roles = self
                    .caller_key(caller)
                    .and_then(|key| key.project_roles.get(&scope))
                    .ok_or_else(|| ApiError::not_in_group(scope))?;
                if roles.iter().any(|role| PROJECT_ADMINS.contains(&&**role)) {
                    Ok(permitted)
                } else {
                    Err(ApiError::user_unauthorized())
                }
            }
        }
    }

    /// Returns the rate-limit bucket of a scope.
    pub(crate) fn bucket(&mut self, scope: Scope) -> Option<&mut Bucket> {
        match scope {
            Scope::Org(org) => self.orgs.get_mut(&org).map(|org| &mut org.bucket),
            Scope::Project { id, .. } => self
                .projects
                .get_mut(&id)
                .map(|project| &mut project.bucket),
        }
    }

    /// Returns a key of the scope's organization.
    pub(crate) fn key(&self, scope: Scope, id: ObjectId) -> Result<&ApiKey, ApiError> {
        self.any_key(id)
            .filter(|key| key.org == scope.org())
            .ok_or_else(|| ApiError::key_not_found(id))
    }

    /// Returns a key of any organization.
    pub(crate) fn any_key(&self, id: ObjectId) -> Option<&ApiKey> {
        self.keys.get(&id).map(|key| &**key)
    }

    /// Applies an update atomically.
    pub(crate) fn update(
        &mut self,
        scope: Scope,
        id: ObjectId,
        update: Update,
        assumptions: &Assumptions,
    ) -> Result<&ApiKey, ApiError> {
        let unknown = || ApiError::key_not_found(id);
        let key = self
            .keys
            .get_mut(&id)
            .filter(|key| key.org == scope.org())
            .ok_or_else(unknown)?;
        if let Scope::Project { id: project, .. } = scope
            && !assumptions.project_update_adds
            && !key.project_roles.contains_key(&project)
        {
            return Err(unknown());
        }
        match (scope, update.roles) {
            (_, None) => {}
            (Scope::Project { id, .. }, Some(roles)) => {
                key.project_roles.insert(id, roles);
            }
            (Scope::Org(org), Some(roles)) => {
                let org = self.orgs.get_mut(&org).ok_or_else(unknown)?;
                let was_owner = is_owner(key);
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
        Ok(key)
    }

    fn caller_key(&self, caller: Principal) -> Option<&ApiKey> {
        match caller {
            Principal::Key(id) => self.any_key(id),
            Principal::OwnerOf(_) => None,
        }
    }

    fn is_member(&self, caller: Principal, org: ObjectId) -> bool {
        match caller {
            Principal::OwnerOf(own) => own == org,
            Principal::Key(id) => self.any_key(id).is_some_and(|key| key.org == org),
        }
    }

    fn is_org_owner(&self, caller: Principal, org: ObjectId) -> bool {
        match caller {
            Principal::OwnerOf(own) => own == org,
            Principal::Key(id) => self
                .any_key(id)
                .is_some_and(|key| key.org == org && is_owner(key)),
        }
    }
}

fn is_owner(key: &ApiKey) -> bool {
    key.org_roles.iter().any(|role| &**role == ORG_OWNER)
}
