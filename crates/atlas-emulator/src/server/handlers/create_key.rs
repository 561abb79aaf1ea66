//! Creates a key in an organization, or in one of its projects.

use std::{collections::BTreeMap, sync::Arc};

use axum::response::Response;

use crate::{
    http::error::ApiError,
    server::call::Call,
    spec::role::Role,
    state::access_list::AccessList,
    state::store::{ApiKey, ORG_MEMBER, private_key_tail},
    state::user::Principal,
};

pub(super) fn perform(call: &mut Call<'_>) -> Result<Response, ApiError> {
    let update = call.update()?;
    let assumptions = &call.behavior.assumptions;
    let limit = assumptions.max_keys_per_org;
    let org = call.state.orgs.get(&call.scope.org);
    if org.is_some_and(|org| org.keys.len() >= limit) {
        return Err(ApiError::too_many_keys(limit));
    }
    let roles = update.roles.unwrap_or_default();
    let (org_roles, project_roles) = match call.scope.project {
        None => (roles, BTreeMap::new()),
        Some(project) => {
            let joins = assumptions
                .project_keys_join_org
                .contains(&call.operation.service);
            let org_roles = joins.then(|| Role::from(ORG_MEMBER)).into_iter().collect();
            // Without roles, the key is not in the project.
            let is_in_project = !roles.is_empty();
            let in_project = is_in_project.then_some((project, roles));
            (org_roles, in_project.into_iter().collect())
        }
    };

    let identities = &mut call.state.identities;
    let id = identities.new_object_id();
    let private_key = identities.private_key();
    let public_key = loop {
        let name: Arc<str> = call.state.identities.public_key().into();
        if call.state.user(&name).is_none() {
            break name;
        }
    };
    let user = call
        .digest
        .user(&public_key, &private_key, Principal::Key(id));
    let key = ApiKey {
        org: call.scope.org,
        desc: update.desc.unwrap_or_default(),
        public_key,
        private_key_tail: private_key_tail(&private_key),
        org_roles,
        project_roles,
        access_list: AccessList::default(),
        user: Arc::new(user),
    };
    call.state.add_key(id, key);
    call.key = Some(id);
    call.respond_with_key(id, Some(&private_key))
}
