//! The routes, and the middleware around them.

use std::{sync::Arc, sync::atomic::Ordering::Relaxed, time::Instant};

use axum::{
    Router,
    extract::{Path, Request, State, rejection::PathRejection},
    middleware::{self, Next},
    response::Response,
    routing::{patch, post},
};
use futures_timer::Delay;
use http::{HeaderName, HeaderValue, StatusCode, header};

use crate::{
    faults::injector::{InjectedFault, InjectionPoint},
    http::body,
    http::error::ApiError,
    http::response,
    server::admin,
    server::handler::AppState,
    spec::service::{Call, Operation, Service},
};

const ENVOY_TIME: HeaderName = HeaderName::from_static("x-envoy-upstream-service-time");

type Shared = Arc<AppState>;
type Ids = Result<Path<[String; 2]>, PathRejection>;

/// Creates the routes of the three services and the token endpoints.
pub(crate) fn router(app: Shared) -> Router {
    let mut router = Router::new()
        .route("/api/oauth/token", post(grant))
        .route("/api/oauth/revoke", post(revoke));
    for service in Service::ALL {
        let base = service.base_path();
        let on = |operation| {
            move |state: State<Shared>, ids: Ids, request: Request| {
                serve(state, Call { service, operation }, ids, request)
            }
        };
        router = router
            .route(
                &format!("{base}/orgs/{{org}}/apiKeys/{{key}}"),
                patch(on(Operation::UpdateInOrg)).get(on(Operation::ReadInOrg)),
            )
            .route(
                &format!("{base}/groups/{{group}}/apiKeys/{{key}}"),
                patch(on(Operation::UpdateInProject)),
            );
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
    router.with_state(app)
}

async fn serve(State(app): State<Shared>, call: Call, ids: Ids, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    // Always read, because an unread body would cost the connection.
    let body = body::read(body).await;
    let path = ids
        .as_ref()
        .ok()
        .map(|Path([scope, key])| [scope.as_str(), key.as_str()]);
    app.respond(call, &parts, path, body.as_deref().map_err(Clone::clone))
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
