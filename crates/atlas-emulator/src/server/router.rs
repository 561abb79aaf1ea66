//! The routes, and the middleware around them.

use std::{collections::HashMap, sync::Arc, sync::atomic::Ordering::Relaxed, time::Instant};

use axum::{
    Router,
    extract::{Path, Request, State, rejection::PathRejection},
    middleware::{self, Next},
    response::Response,
    routing::{MethodFilter, on, post},
};
use futures_timer::Delay;
use http::{HeaderName, HeaderValue, StatusCode, header};

use crate::{
    faults::injector::{InjectedFault, InjectionPoint},
    http::body,
    http::error::ApiError,
    http::response,
    server::admin,
    server::app::{AppState, Incoming, Route},
    server::handlers,
    spec::operation::Operation,
};

const ENVOY_TIME: HeaderName = HeaderName::from_static("x-envoy-upstream-service-time");

type Shared = Arc<AppState>;
type Parameters = Result<Path<HashMap<String, String>>, PathRejection>;

/// Creates the routes of the three services and the token endpoints. The error names an operation
/// that cannot be served.
pub(crate) fn router(app: Shared) -> Result<Router, String> {
    let mut router = Router::new()
        .route("/api/oauth/token", post(grant))
        .route("/api/oauth/revoke", post(revoke));
    for (number, operation) in app.catalog.operations.iter().enumerate() {
        let (permission, perform) = handlers::find(operation)?;
        let serve = move |State(app): State<Shared>, path: Parameters, request: Request| async move {
            let (parts, body) = request.into_parts();
            // Always read, because an unread body would cost the connection.
            let body = body::read(body).await;
            let route = Route {
                operation: &app.catalog.operations[number],
                permission,
                perform,
            };
            let request = Incoming {
                parts: &parts,
                path: path.as_ref().ok().map(|Path(parameters)| parameters),
                body: body.as_deref().map_err(Clone::clone),
            };
            app.respond(route, &request)
        };
        let method = MethodFilter::try_from(operation.method.clone());
        let method = method.map_err(|error| error.to_string())?;
        for path in paths(operation) {
            router = router.route(&path, on(method, serve));
        }
    }
    let router = router
        .fallback(unknown_path)
        .method_not_allowed_fallback(wrong_method)
        .layer(middleware::from_fn_with_state(Arc::clone(&app), observe));
    // Outside of the layer, so that admin requests are not counted and have no faults.
    let router = match app.behavior.admin {
        true => router.merge(admin::router(Arc::clone(&app))),
        false => router,
    };
    Ok(router.with_state(app))
}

/// Returns the paths of an operation in the router's syntax. The root has two: with a slash at its
/// end and without. An access list's entry may contain a slash that is not encoded, as older
/// clients send it.
fn paths(operation: &Operation) -> Vec<String> {
    let base = operation.service.base_path();
    let path = operation.path.replace("{ipAddress}", "{*ipAddress}");
    let mut paths = vec![[base, &path].concat()];
    if path == "/" {
        paths.push(base.to_owned());
    }
    paths
}

async fn grant(State(app): State<Shared>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = match body::read(body).await {
        Ok(body) => body,
        Err(error) => return response::unrouted(error, &app.behavior.assumptions),
    };
    let injected = match parts.extensions.get::<InjectedFault>() {
        Some(_) => None,
        None => app.faults.inject(InjectionPoint::Token),
    };
    let mut response = match &injected {
        Some(injected) if !injected.after_update => Response::default(),
        _ => app.tokens.grant(&parts, &body, &app.behavior),
    };
    if let Some(injected) = injected {
        response.extensions_mut().insert(injected);
    }
    response
}

async fn revoke(State(app): State<Shared>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    match body::read(body).await {
        Ok(body) => app.tokens.revoke(&parts.headers, &body),
        Err(error) => response::unrouted(error, &app.behavior.assumptions),
    }
}

async fn unknown_path(State(app): State<Shared>, request: Request) -> Response {
    response::unknown_path(request.uri().path(), &app.behavior.assumptions)
}

async fn wrong_method(State(app): State<Shared>, request: Request) -> Response {
    let error = ApiError::method(request.method().as_str());
    response::unrouted(error, &app.behavior.assumptions)
}

/// Counts and logs a request, adds latency and faults, and sets the headers of every response.
async fn observe(State(app): State<Shared>, mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let traffic = &app.traffic;
    let entry = traffic.arrived(request.method(), request.uri(), request.headers());
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let log = |status: StatusCode, code: Option<&str>, fault: Option<&str>| {
        tracing::debug!(
            target: "atlas_emulator::requests",
            status = status.as_u16(),
            ms = millis(started),
            code,
            fault,
            "{method} {path}"
        );
    };
    if !app.behavior.latency.is_zero() {
        // tokio's own timers round up to the next millisecond.
        Delay::new(app.behavior.latency).await;
    }
    let on_arrival = app.faults.inject(InjectionPoint::Arrival);
    let mut response = match &on_arrival {
        Some(injected) if !injected.after_update => Response::default(),
        Some(injected) => {
            request.extensions_mut().insert(injected.clone());
            next.run(request).await
        }
        None => next.run(request).await,
    };
    let injected = on_arrival.or_else(|| response.extensions_mut().remove());
    let fault = injected.as_ref().map(|injected| injected.kind.name());
    if let Some(injected) = injected {
        if injected.never_responds() {
            // Logged now, because the request never completes.
            traffic.responded(entry.clone(), response.status(), fault);
            log(response.status(), None, fault);
        }
        response = injected
            .response(&app.behavior.assumptions, &app.digest, &path, response)
            .await;
    }
    let status = response.status();
    let headers = response.headers_mut();
    headers.insert(header::SERVER, HeaderValue::from_static("mdbws"));
    headers.insert(ENVOY_TIME, millis(started).into());
    let is_challenge = headers
        .get(header::WWW_AUTHENTICATE)
        .is_some_and(|value| value.as_bytes().starts_with(b"Digest"));
    if status == StatusCode::UNAUTHORIZED && is_challenge {
        traffic.challenges.fetch_add(1, Relaxed);
    }
    traffic.responded(entry, status, fault);
    let code = headers.get("x-error-code");
    log(status, code.and_then(|code| code.to_str().ok()), fault);
    response
}

fn millis(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}
