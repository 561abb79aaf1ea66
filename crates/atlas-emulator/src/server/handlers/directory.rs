//! What other clients read to find their way: the calling key, organizations and projects.

use axum::response::Response;
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::json;

use crate::{
    http::entry_view::{EntryView, stamp},
    http::error::ApiError,
    http::key_view,
    http::link::Link,
    server::call::Call,
    spec::query,
    state::object_id::ObjectId,
    state::user::Principal,
};

/// An organization, with its members in alphabetical order.
#[derive(Serialize)]
struct OrgView {
    id: ObjectId,
    #[serde(rename = "isDeleted")]
    is_deleted: bool,
    links: [Link; 1],
    name: String,
}

/// A project, with its members in alphabetical order.
#[derive(Serialize)]
struct ProjectView {
    #[serde(rename = "clusterCount")]
    cluster_count: u32,
    created: String,
    id: ObjectId,
    links: [Link; 1],
    name: String,
    #[serde(rename = "orgId")]
    org_id: ObjectId,
}

/// Shows the calling key; `null` for a service account or a person.
pub(super) fn status(call: &mut Call<'_>) -> Result<Response, ApiError> {
    let key = match call.caller {
        Principal::Key(id) => call.state.key(id).map(|key| (id, key)),
        Principal::Account(_) => None,
    };
    let api_key = key.map(|(id, key)| {
        let list = format!("{}/orgs/{}/apiKeys/{id}/accessList", call.root, key.org);
        let entries = key.access_list.entries().iter();
        json!({
            "accessList": entries.map(|entry| EntryView::new(entry, &list)).collect::<Vec<_>>(),
            "id": id,
            "publicKey": &*key.public_key,
            "roles": key_view::roles(key, call.behavior.assumptions.shuffled_roles),
        })
    });
    Ok(call.response.success(&json!({
        "apiKey": api_key,
        "appName": "MongoDB Atlas",
        "build": "0000000000000000000000000000000000000000",
        "links": [{"href": call.root, "rel": "self"}],
        "throttling": false,
    })))
}

/// Lists the caller's organization, the only one that it can have.
pub(super) fn orgs(call: &mut Call<'_>) -> Result<Response, ApiError> {
    let org = org_view(call, call.scope.org);
    let wanted = query::value(call.query, "name").unwrap_or_default();
    let is_wanted = org.name.to_lowercase().starts_with(&wanted.to_lowercase());
    let orgs: Vec<_> = is_wanted.then_some(org).into_iter().collect();
    Ok(call.response.page(call.page_of(orgs.into_iter())))
}

pub(super) fn org(call: &mut Call<'_>) -> Result<Response, ApiError> {
    Ok(call.response.success(&org_view(call, call.scope.org)))
}

/// Lists the projects of the organization that the caller can see.
pub(super) fn projects(call: &mut Call<'_>) -> Result<Response, ApiError> {
    let assumptions = &call.behavior.assumptions;
    let org = call.state.orgs.get(&call.scope.org);
    let projects = org.into_iter().flat_map(|org| &org.projects);
    let visible: Vec<_> = projects
        .filter(|id| call.state.sees_project(call.caller, **id, assumptions))
        .collect();
    let views = visible.into_iter().map(|id| project_view(call, *id));
    Ok(call.response.page(call.page_of(views)))
}

pub(super) fn project(call: &mut Call<'_>) -> Result<Response, ApiError> {
    let project = call.project()?;
    Ok(call.response.success(&project_view(call, project)))
}

fn org_view(call: &Call<'_>, id: ObjectId) -> OrgView {
    OrgView {
        id,
        is_deleted: false,
        links: [Link {
            href: format!("{}/orgs/{id}", call.root),
            rel: "self",
        }],
        name: format!("organization-{id}"),
    }
}

fn project_view(call: &Call<'_>, id: ObjectId) -> ProjectView {
    ProjectView {
        cluster_count: 0,
        created: stamp(DateTime::<Utc>::UNIX_EPOCH),
        id,
        links: [Link {
            href: format!("{}/groups/{id}", call.root),
            rel: "self",
        }],
        name: format!("project-{id}"),
        org_id: call.scope.org,
    }
}
