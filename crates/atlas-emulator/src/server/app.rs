//! Handles a call: authentication, version, permissions, rate limits, and the handler.

use std::{collections::HashMap, net::SocketAddr, time::Instant};

use axum::response::Response;
use http::{
    HeaderName, HeaderValue,
    header::{AUTHORIZATION, CONTENT_TYPE},
    request::Parts,
};
use parking_lot::Mutex;
use serde_json::Value;

use crate::{
    auth::authorization,
    auth::digest::{Denied, DigestAuthenticator, Verified},
    auth::token_issuer::TokenIssuer,
    config::behavior::Behavior,
    config::seed::Seed,
    config::synthetic::SyntheticKeys,
    faults::fault::Mismatch,
    faults::injector::{FaultInjector, InjectedFault, InjectionPoint},
    http::error::ApiError,
    http::response::{self, ResponseBuilder},
    server::call::Call,
    server::handlers::Perform,
    server::peer::Peer,
    server::request_log::RequestLog,
    spec::body_rules::BodyRules,
    spec::catalog::Catalog,
    spec::operation::{Operation, Version},
    spec::query,
    spec::service::Service,
    spec::versions,
    state::object_id::ObjectId,
    state::permission::{Permission, Scope},
    state::rate_limit::Allowance,
    state::store::State,
};

const INVALID_TOKEN: HeaderValue =
    HeaderValue::from_static(r#"Bearer realm="MMS Public API", error="invalid_token""#);

const AUTHENTICATION_INFO: HeaderName = HeaderName::from_static("authentication-info");

/// The state that all requests share.
pub(crate) struct AppState {
    pub(crate) behavior: Behavior,
    pub(crate) base_url: String,
    /// The address listened on.
    pub(crate) address: SocketAddr,
    pub(crate) catalog: Catalog,
    pub(crate) digest: DigestAuthenticator,
    pub(crate) tokens: TokenIssuer,
    pub(crate) faults: FaultInjector,
    pub(crate) state: Mutex<State>,
    pub(crate) traffic: RequestLog,
    /// The source of the initial state, for resets.
    pub(crate) seed: Seed,
    pub(crate) rng_seed: u64,
    pub(crate) synthetic: SyntheticKeys,
}

/// An operation with its handler.
#[derive(Clone, Copy)]
pub(crate) struct Route<'a> {
    pub(crate) operation: &'a Operation,
    pub(crate) permission: Permission,
    pub(crate) perform: Perform,
}

/// A request for an operation.
pub(crate) struct Incoming<'a> {
    pub(crate) parts: &'a Parts,
    /// The path parameters, or `None` if they could not be decoded.
    pub(crate) path: Option<&'a HashMap<String, String>>,
    pub(crate) body: Result<&'a [u8], ApiError>,
}

impl Incoming<'_> {
    fn query(&self) -> &str {
        self.parts.uri.query().unwrap_or_default()
    }
}

/// The ids in a path.
struct Ids {
    /// The organization or project.
    scope: Option<ObjectId>,
    key: Option<ObjectId>,
}

/// Why a call is not handled.
enum Refusal {
    Challenge(Vec<HeaderValue>),
    Error(ApiError),
    Fault(InjectedFault),
}

/// What a call adds to its response.
#[derive(Default)]
struct Extras {
    /// The value of `Authentication-Info`.
    info: Option<HeaderValue>,
    /// A fault that applies to the finished response.
    injected: Option<InjectedFault>,
}

impl From<ApiError> for Refusal {
    fn from(error: ApiError) -> Self {
        Self::Error(error)
    }
}

impl AppState {
    /// Responds to a call.
    pub(crate) fn respond(&self, route: Route<'_>, request: &Incoming<'_>) -> Response {
        let mut response = ResponseBuilder::new(route.operation, request.query(), &self.behavior);
        let mut extras = Extras::default();
        let mut response = match self.handle(&mut response, &mut extras, route, request) {
            Ok(response) => response,
            Err(Refusal::Challenge(headers)) => return response::challenge(headers),
            Err(Refusal::Error(error)) => response.error(error),
            Err(Refusal::Fault(injected)) => {
                extras.injected = Some(injected);
                Response::default()
            }
        };
        if let Some(info) = extras.info {
            response.headers_mut().insert(AUTHENTICATION_INFO, info);
        }
        if let Some(injected) = extras.injected {
            response.extensions_mut().insert(injected);
        }
        response
    }

    fn handle<'a>(
        &'a self,
        response: &mut ResponseBuilder<'a>,
        extras: &mut Extras,
        route: Route<'a>,
        request: &Incoming<'_>,
    ) -> Result<Response, Refusal> {
        let Incoming { parts, path, body } = request;
        let operation = route.operation;
        let entity = body.as_ref().copied().unwrap_or_default();
        let (verified, is_digest) = self.authenticate(operation.service, parts, entity)?;
        extras.info = verified.info;
        let caller = verified.caller;
        let peer = parts.extensions.get().map(|Peer(peer)| peer.ip());
        if let Some(address) = peer
            && !self.state.lock().sign_in(caller, address)
        {
            return Err(ApiError::not_on_access_list(address).into());
        }
        self.inject(extras, operation, parts, is_digest)?;
        let version = self.version(operation, parts)?;
        if operation.service.is_versioned() {
            response.version = Some(&version.lifecycle);
        }
        let path = path.ok_or_else(|| ApiError::path_param(parts.uri.path()))?;
        let ids = ids(path).ok_or_else(|| ApiError::path_param(parts.uri.path()))?;
        query::check(request.query(), &operation.query)?;
        // Validated before the lock is taken, although its errors are reported last.
        let body = self.read_body(operation, version, request);

        let mut state = self.state.lock();
        let assumptions = &self.behavior.assumptions;
        let scope = state.permit(caller, route.permission, ids.scope, assumptions)?;
        self.take_token(&mut state, scope, operation, parts, response)?;
        let mismatch = extras.injected.as_ref().and_then(InjectedFault::mismatch);
        let before = || ids.key.and_then(|id| state.key(id).cloned());
        let mismatch = mismatch.map(|mismatch| (mismatch, before()));
        let mut call = Call {
            operation,
            behavior: &self.behavior,
            digest: &self.digest,
            state: &mut state,
            response,
            root: [self.base_url.as_str(), operation.service.base_path()].concat(),
            url: [self.base_url.as_str(), parts.uri.path()].concat(),
            query: request.query(),
            path,
            caller,
            peer,
            scope,
            body,
            key: ids.key,
            mismatch,
        };
        let response = (route.perform)(&mut call)?;
        if let (Some((Mismatch::Ignored, before)), Some(id)) = (call.mismatch, call.key) {
            call.state.restore(id, before);
        }
        Ok(response)
    }

    /// Takes a token from the bucket of the scope, if it has a limit.
    fn take_token(
        &self,
        state: &mut State,
        scope: Scope,
        operation: &Operation,
        parts: &Parts,
        response: &mut ResponseBuilder<'_>,
    ) -> Result<(), ApiError> {
        let assumptions = &self.behavior.assumptions;
        let limit = match scope.project {
            None => self.behavior.org_rate_limit,
            Some(_) => self.behavior.project_rate_limit,
        };
        let limit = limit.filter(|_| assumptions.rate_limited.contains(&operation.service));
        let (Some(limit), Some(bucket)) = (limit, state.bucket(scope)) else {
            return Ok(());
        };
        let taken = bucket.take(limit, assumptions.even_refill, Instant::now());
        response.allowance = Some(taken.unwrap_or(Allowance {
            limit,
            remaining: 0,
        }));
        let refused = |empty| self.behavior.rate_limited(parts.uri.path(), limit, empty);
        taken.map(|_| ()).map_err(refused)
    }

    /// Injects a fault, unless one is injected already.
    fn inject(
        &self,
        extras: &mut Extras,
        operation: &Operation,
        parts: &Parts,
        is_digest: bool,
    ) -> Result<(), Refusal> {
        if parts.extensions.get::<InjectedFault>().is_some() {
            return Ok(());
        }
        let point = InjectionPoint::Call {
            is_write: operation.is_write(),
            is_digest,
            success: operation.success,
        };
        match self.faults.inject(point) {
            Some(injected) if !injected.after_update => Err(Refusal::Fault(injected)),
            later => {
                extras.injected = later;
                Ok(())
            }
        }
    }

    /// Returns the version that serves the request.
    fn version<'a>(
        &self,
        operation: &'a Operation,
        parts: &Parts,
    ) -> Result<&'a Version, ApiError> {
        let versions = &operation.versions;
        if !operation.service.is_versioned() {
            return versions.first().ok_or_else(ApiError::unexpected);
        }
        let version = versions::served(
            &parts.headers,
            self.behavior.assumptions.version_dates,
            &self.catalog.releases,
            versions,
            |version| &version.lifecycle.date,
        )?;
        if version.lifecycle.is_gone(self.behavior.today()) {
            return Err(ApiError::version_gone(
                &version.lifecycle.date,
                parts.uri.path(),
            ));
        }
        Ok(version)
    }

    /// Returns the valid body with its rules, or `None` for an operation without a body.
    fn read_body<'a>(
        &self,
        operation: &Operation,
        version: &'a Version,
        request: &Incoming<'_>,
    ) -> Result<Option<(Value, &'a BodyRules)>, ApiError> {
        let Some(rules) = &version.body else {
            return Ok(None);
        };
        let body = request.body.clone()?;
        let content_type = request.parts.headers.get(CONTENT_TYPE);
        if !versions::reads(content_type, operation.service.is_versioned()) {
            return Err(ApiError::media_type());
        }
        let assumptions = &self.behavior.assumptions;
        let empty_is_absent = assumptions.empty_fields_absent.contains(&operation.service);
        Ok(Some((rules.read(body, empty_is_absent)?, rules)))
    }

    /// Authenticates the caller, and returns whether with digest.
    fn authenticate(
        &self,
        service: Service,
        parts: &Parts,
        body: &[u8],
    ) -> Result<(Verified, bool), Refusal> {
        let header = parts
            .headers
            .get(AUTHORIZATION)
            .and_then(|value| std::str::from_utf8(value.as_bytes()).ok())
            .and_then(authorization::scheme);
        let denied = match header {
            Some((scheme, parameters)) if scheme.eq_ignore_ascii_case("digest") => {
                let user = |name: &str| self.state.lock().user(name);
                match self.digest.verify(parameters, parts, body, user) {
                    Ok(verified) => return Ok((verified, true)),
                    Err(denied) => denied,
                }
            }
            Some((scheme, token))
                if scheme.eq_ignore_ascii_case("bearer") && service.accepts_bearer() =>
            {
                match self.tokens.caller(token) {
                    Some(caller) => return Ok((Verified { caller, info: None }, false)),
                    None if self.behavior.assumptions.digest_for_bad_tokens => {
                        Denied::Challenge { stale: false }
                    }
                    None => return Err(Refusal::Challenge(vec![INVALID_TOKEN])),
                }
            }
            _ => Denied::Challenge { stale: false },
        };
        Err(match denied {
            Denied::Challenge { stale } => Refusal::Challenge(self.digest.challenge(stale)),
            Denied::Uri => Refusal::Error(ApiError::uri_mismatch()),
        })
    }

    /// Restores the initial state.
    pub(crate) fn reset(&self) -> std::io::Result<()> {
        let (state, ..) = self.seed.build(self.rng_seed, &self.digest)?;
        *self.state.lock() = state;
        self.tokens.reset();
        self.faults.reset();
        self.traffic.reset();
        Ok(())
    }
}

/// Parses the ids in a path; `None` if one is malformed.
fn ids(path: &HashMap<String, String>) -> Option<Ids> {
    let id = |name: &str| match path.get(name) {
        None => Some(None),
        Some(text) => ObjectId::parse(text).map(Some),
    };
    Some(Ids {
        scope: id("orgId")?.or(id("groupId")?),
        key: id("apiUserId")?,
    })
}
