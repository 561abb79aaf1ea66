//! Who may do what.

use crate::{
    config::assumptions::Assumptions,
    http::error::ApiError,
    state::object_id::ObjectId,
    state::store::{ORG_OWNER, State},
    state::user::Principal,
};

/// Project roles that allow their holder to set the roles of others.
const PROJECT_ADMINS: [&str; 2] = ["GROUP_OWNER", "GROUP_USER_ADMIN"];

/// The organization role that allows its holder to read all projects.
const ORG_READ_ONLY: &str = "ORG_READ_ONLY";

/// What a caller needs for an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Permission {
    /// Nothing more than to be authenticated. The operation acts in the caller's organization.
    Authenticated,
    /// Any role in the organization.
    OrgMember,
    OrgOwner,
    /// Any role in the project.
    ProjectMember,
    /// A role in the project that allows to set the roles of others.
    ProjectAdmin,
}

/// The organization in which an operation acts, and the project if it acts in one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scope {
    pub(crate) org: ObjectId,
    pub(crate) project: Option<ObjectId>,
}

impl State {
    /// Returns the scope of a request if it exists and `caller` has `permission` in it. `id` is the
    /// organization or project in the path.
    pub(crate) fn permit(
        &self,
        caller: Principal,
        permission: Permission,
        id: Option<ObjectId>,
        assumptions: &Assumptions,
    ) -> Result<Scope, ApiError> {
        let own = self
            .org_of(caller)
            .ok_or_else(ApiError::user_unauthorized)?;
        let Some(id) = id else {
            return Ok(Scope {
                org: own,
                project: None,
            });
        };
        match permission {
            Permission::Authenticated | Permission::OrgMember | Permission::OrgOwner => {
                if !self.orgs.contains_key(&id) {
                    return Err(ApiError::org_not_found(id));
                }
                if own != id {
                    return Err(ApiError::cannot_access_org(id));
                }
                let is_reader =
                    permission == Permission::OrgMember && assumptions.members_read_keys;
                if !is_reader && !self.is_org_owner(caller, id) {
                    return Err(ApiError::not_org_owner(id));
                }
                Ok(Scope {
                    org: id,
                    project: None,
                })
            }
            Permission::ProjectMember | Permission::ProjectAdmin => {
                let project = self.projects.get(&id);
                let org = project.ok_or_else(|| ApiError::group_not_found(id))?.org;
                let needs_admin = permission == Permission::ProjectAdmin;
                self.permit_in_project(caller, needs_admin, id, org, assumptions)?;
                Ok(Scope {
                    org,
                    project: Some(id),
                })
            }
        }
    }

    /// Returns whether `caller` may read a project.
    pub(crate) fn sees_project(
        &self,
        caller: Principal,
        project: ObjectId,
        assumptions: &Assumptions,
    ) -> bool {
        let org = self.projects.get(&project).map(|project| project.org);
        org.is_some_and(|org| {
            self.permit_in_project(caller, false, project, org, assumptions)
                .is_ok()
        })
    }

    fn permit_in_project(
        &self,
        caller: Principal,
        needs_admin: bool,
        project: ObjectId,
        org: ObjectId,
        assumptions: &Assumptions,
    ) -> Result<(), ApiError> {
        if assumptions.owners_rule_projects && self.is_org_owner(caller, org) {
            return Ok(());
        }
        let key = self.caller_key(caller);
        let reads_all = key.is_some_and(|key| key.org == org && key.has_org_role(ORG_READ_ONLY));
        if reads_all && !needs_admin {
            return Ok(());
        }
        let roles = key
            .and_then(|key| key.project_roles.get(&project))
            .ok_or_else(|| ApiError::not_in_group(project))?;
        let is_admin = || roles.iter().any(|role| PROJECT_ADMINS.contains(&&**role));
        if needs_admin && !is_admin() {
            return Err(ApiError::user_unauthorized());
        }
        Ok(())
    }

    fn is_org_owner(&self, caller: Principal, org: ObjectId) -> bool {
        match caller {
            Principal::Account(_) => self.org_of(caller) == Some(org),
            Principal::Key(id) => self
                .key(id)
                .is_some_and(|key| key.org == org && key.has_org_role(ORG_OWNER)),
        }
    }
}
