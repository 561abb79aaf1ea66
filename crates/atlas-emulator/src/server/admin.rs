//! The admin endpoints for tests in other processes, under a path that no service uses, for
//! programs on loopback only.

use std::{
    net::{IpAddr, SocketAddr},
    sync::{Arc, atomic::Ordering::Relaxed},
};

use axum::{
    Json, Router,
    extract::{Query, Request, State},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{get, post, put},
};
use http::{
    HeaderValue, StatusCode,
    header::{HOST, ORIGIN},
    uri::Authority,
};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    faults::injector::Faults, http::response, server::app::AppState, server::peer::Peer,
    state::key_state::KeyState, state::object_id::ObjectId,
};

type Shared = Arc<AppState>;

pub(crate) fn router(app: Shared) -> Router<Shared> {
    Router::new()
        .route("/_emulator/state", get(state))
        .route("/_emulator/requests", get(requests))
        .route("/_emulator/reset", post(reset))
        .route("/_emulator/faults", put(faults))
        .route_layer(middleware::from_fn_with_state(app, programs_on_loopback))
}

/// Responds to clients beyond loopback as to an unknown path, and refuses web pages, which reach
/// loopback through the browser.
async fn programs_on_loopback(State(app): State<Shared>, request: Request, next: Next) -> Response {
    let peer = request.extensions().get();
    if !peer.is_some_and(|Peer(peer)| peer.ip().to_canonical().is_loopback()) {
        return response::unknown_path(request.uri().path(), &app.behavior.assumptions);
    }
    match refuse_page(&request, app.address) {
        Ok(()) => next.run(request).await,
        Err(reason) => (StatusCode::FORBIDDEN, format!("{reason}\n")).into_response(),
    }
}

/// Refuses what only a browser sends on behalf of a page: an `Origin`, which every request has that
/// can change something, and a `Host` that a page has made resolve to this machine.
fn refuse_page(request: &Request, address: SocketAddr) -> Result<(), String> {
    let header = |name| request.headers().get(name);
    if let Some(origin) = header(ORIGIN) {
        return Err(format!(
            "the request has the Origin {origin:?}; web pages cannot use the admin endpoints"
        ));
    }
    let host = match request.uri().authority() {
        Some(authority) => authority.as_str().as_bytes(),
        None => header(HOST).map_or(&[][..], HeaderValue::as_bytes),
    };
    let named = Authority::try_from(host);
    if named.is_ok_and(|named| is_local(named.host(), address.ip())) {
        return Ok(());
    }
    Err(format!(
        "the Host {:?} is not this machine; use {address}",
        String::from_utf8_lossy(host)
    ))
}

/// Returns whether a host is loopback or the address listened on.
fn is_local(host: &str, address: IpAddr) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || bare.parse::<IpAddr>().is_ok_and(|ip| {
            ip.to_canonical().is_loopback() || ip.to_canonical() == address.to_canonical()
        })
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
            keys.push(KeyState::new(*id, key));
        }
    }
    orgs.sort_unstable();
    projects.sort_unstable();
    keys.sort_unstable_by(|one: &KeyState, other| one.id.cmp(&other.id));
    let key = |key: KeyState| {
        json!({
            "id": key.id,
            "org": key.org_id,
            "public_key": key.public_key,
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
