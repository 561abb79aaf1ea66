//! The admin endpoints for tests in other processes, under a path that no service uses, for
//! loopback only.

use std::sync::{Arc, atomic::Ordering::Relaxed};

use axum::{
    Json, Router,
    extract::{Query, Request, State},
    middleware::{self, Next},
    response::Response,
    routing::{get, post, put},
};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    faults::injector::Faults, http::response, server::handler::AppState, server::peer::Peer,
    state::key_state::KeyState, state::object_id::ObjectId,
};

type Shared = Arc<AppState>;

pub(crate) fn router(app: Shared) -> Router<Shared> {
    Router::new()
        .route("/_emulator/state", get(state))
        .route("/_emulator/requests", get(requests))
        .route("/_emulator/reset", post(reset))
        .route("/_emulator/faults", put(faults))
        .route_layer(middleware::from_fn_with_state(app, loopback))
}

/// Responds to clients beyond loopback as to an unknown path.
async fn loopback(State(app): State<Shared>, request: Request, next: Next) -> Response {
    let peer = request.extensions().get();
    match peer.is_some_and(|Peer(peer)| peer.ip().to_canonical().is_loopback()) {
        true => next.run(request).await,
        false => response::unknown_path(request.uri().path(), &app.behavior.assumptions),
    }
}

#[derive(Deserialize)]
struct Filter {
    /// The id of one organization; shows all if absent.
    org: Option<String>,
}

async fn state(State(app): State<Shared>, Query(filter): Query<Filter>) -> Json<Value> {
    let org = filter.org.as_ref();
    let is_selected = |id: &ObjectId| org.is_none_or(|org| *org == id.to_string());
    let (mut orgs, mut projects, mut keys) = (Vec::new(), Vec::new(), Vec::new());
    {
        let state = app.state.lock();
        orgs.extend(state.orgs.keys().copied().filter(is_selected));
        let all = state
            .projects
            .iter()
            .map(|(id, project)| (*id, project.org));
        projects.extend(all.filter(|(_, org)| is_selected(org)));
        for (id, key) in state.keys.iter().filter(|(_, key)| is_selected(&key.org)) {
            keys.push((*id, key.org, key.public_key.clone(), KeyState::new(key)));
        }
    }
    orgs.sort_unstable();
    projects.sort_unstable();
    keys.sort_unstable_by_key(|(id, ..)| *id);
    let key = |(id, org, public_key, key): (ObjectId, ObjectId, Box<str>, KeyState)| {
        json!({
            "id": id,
            "org": org,
            "public_key": public_key,
            "desc": key.desc,
            "org_roles": key.org_roles,
            "project_roles": key.project_roles,
            "access_list": key.access_list,
        })
    };
    let project = |(id, org)| json!({"id": id, "org": org});
    let traffic = &app.traffic;
    Json(json!({
        "orgs": orgs,
        "projects": projects.into_iter().map(project).collect::<Vec<_>>(),
        "keys": keys.into_iter().map(key).collect::<Vec<_>>(),
        "connections": traffic.connections.load(Relaxed),
        "requests": traffic.requests.load(Relaxed),
        "challenges": traffic.challenges.load(Relaxed),
    }))
}

async fn requests(State(app): State<Shared>) -> Json<Value> {
    let log = app.traffic.log();
    let request = log.iter().map(|request| {
        let headers = request.headers().iter().map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            json!([name.as_str(), value])
        });
        json!({
            "method": request.method().as_str(),
            "target": request.target(),
            "headers": headers.collect::<Vec<_>>(),
            "status": request.status().as_u16(),
            "fault": request.fault(),
        })
    });
    Json(request.collect())
}

async fn reset(State(app): State<Shared>) -> StatusCode {
    match app.reset() {
        Ok(()) => StatusCode::NO_CONTENT,
        Err(error) => {
            tracing::error!(%error, "cannot reset the state");
            StatusCode::INTERNAL_SERVER_ERROR
        }
    }
}

async fn faults(
    State(app): State<Shared>,
    spec: String,
) -> Result<StatusCode, (StatusCode, String)> {
    let faults: Faults = spec
        .parse()
        .map_err(|error| (StatusCode::BAD_REQUEST, format!("{error}\n")))?;
    app.faults.replace(faults);
    Ok(StatusCode::NO_CONTENT)
}
