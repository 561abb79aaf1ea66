//! Handles a call: authentication, version, permissions, and the update.

use std::{net::SocketAddr, time::Instant};

use axum::response::Response;
use http::{
    HeaderName, HeaderValue,
    header::{AUTHORIZATION, CONTENT_TYPE},
    request::Parts,
};
use parking_lot::Mutex;

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
    server::peer::Peer,
    server::request_log::RequestLog,
    spec::catalog::{Catalog, Rules, Version},
    spec::query,
    spec::role::Update,
    spec::service::{Call, Service},
    spec::versions,
    state::key_view::KeyView,
    state::object_id::ObjectId,
    state::rate_limit::Allowance,
    state::store::{Scope, State},
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
    /// Responds to a call. `path` holds the two ids in the path, or `None` if they could not be
    /// decoded.
    pub(crate) fn respond(
        &self,
        call: Call,
        parts: &Parts,
        path: Option<[&str; 2]>,
        body: Result<&[u8], ApiError>,
    ) -> Response {
        let query = parts.uri.query().unwrap_or_default();
        let mut response = ResponseBuilder::new(call, query, &self.behavior);
        let mut extras = Extras::default();
        let mut response = match self.handle(&mut response, &mut extras, call, parts, path, body) {
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
        call: Call,
        parts: &Parts,
        path: Option<[&str; 2]>,
        body: Result<&[u8], ApiError>,
    ) -> Result<Response, Refusal> {
        let assumptions = &self.behavior.assumptions;
        let rules = self.catalog.rules(call);
        let entity = body.as_ref().copied().unwrap_or_default();
        let (verified, is_digest) = self.authenticate(call.service, parts, entity)?;
        extras.info = verified.info;
        let caller = verified.caller;
        if let Some(Peer(peer)) = parts.extensions.get()
            && !caller.access_list.allows(peer.ip())
        {
            return Err(ApiError::not_on_access_list(peer.ip()).into());
        }
        self.inject(extras, call, parts, is_digest)?;
        let version = self.version(call, rules, parts)?;
        if call.service.is_versioned() {
            response.version = Some(&version.lifecycle);
        }
        let [scope, key] = path
            .and_then(|[scope, key]| Some([ObjectId::parse(scope)?, ObjectId::parse(key)?]))
            .ok_or_else(|| ApiError::path_param(parts.uri.path()))?;
        query::check(parts.uri.query().unwrap_or_default(), &rules.query)?;
        // Validated before the lock is taken, although its errors are reported last.
        let update = self.read_update(call, version, parts, body);

        let mut state = self.state.lock();
        let scope = state.permit(caller.principal, call.operation, scope, assumptions)?;
        let limit = match scope {
            Scope::Org(_) => self.behavior.org_rate_limit,
            Scope::Project { .. } => self.behavior.project_rate_limit,
        };
        let limit = limit.filter(|_| assumptions.rate_limited.contains(&call.service));
        if let (Some(limit), Some(bucket)) = (limit, state.bucket(scope)) {
            let taken = bucket.take(limit, assumptions.even_refill, Instant::now());
            response.allowance = Some(taken.unwrap_or(Allowance {
                limit,
                remaining: 0,
            }));
            let path = parts.uri.path();
            taken.map_err(|empty| self.behavior.rate_limited(path, limit, empty))?;
        }
        let mismatch = extras.injected.as_ref().and_then(InjectedFault::mismatch);
        let known = state.key(scope, key)?;
        let before = mismatch.map(|mismatch| (mismatch, known.clone()));
        let known = match update? {
            Some(update) if mismatch != Some(Mismatch::Ignored) => {
                state.update(scope, key, update, assumptions)?
            }
            _ => known,
        };
        let root = [self.base_url.as_str(), call.service.base_path()].concat();
        let view =
            |id, key| response.success(&KeyView::new(id, key, &root, assumptions.shuffled_roles));
        Ok(match before {
            None => view(key, known),
            Some((mismatch, before)) => {
                let (id, shown) = mismatch.apply(key, before, known);
                view(id, &shown)
            }
        })
    }

    /// Injects a fault, unless one is injected already.
    fn inject(
        &self,
        extras: &mut Extras,
        call: Call,
        parts: &Parts,
        is_digest: bool,
    ) -> Result<(), Refusal> {
        if parts.extensions.get::<InjectedFault>().is_some() {
            return Ok(());
        }
        let point = InjectionPoint::Call {
            is_write: call.operation.is_write(),
            is_digest,
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
        call: Call,
        rules: &'a Rules,
        parts: &Parts,
    ) -> Result<&'a Version, ApiError> {
        if !call.service.is_versioned() {
            return rules.versions.first().ok_or_else(ApiError::unexpected);
        }
        let version = versions::served(
            &parts.headers,
            self.behavior.assumptions.version_dates,
            &self.catalog.releases,
            &rules.versions,
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

    /// Returns the update in the body, or `None` for an operation without a body.
    fn read_update(
        &self,
        call: Call,
        version: &Version,
        parts: &Parts,
        body: Result<&[u8], ApiError>,
    ) -> Result<Option<Update>, ApiError> {
        let Some(rules) = &version.body else {
            return Ok(None);
        };
        let body = body?;
        if !versions::reads(parts.headers.get(CONTENT_TYPE), call.service.is_versioned()) {
            return Err(ApiError::media_type());
        }
        let assumptions = &self.behavior.assumptions;
        let empty_is_absent = assumptions.empty_fields_absent.contains(&call.service);
        rules.read(body, empty_is_absent).map(Some)
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
                match self.digest.verify(parameters, parts, body) {
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
        let (state, ..) = self.seed.build(self.rng_seed, &mut |_, _, _, _| true)?;
        *self.state.lock() = state;
        self.tokens.reset();
        self.faults.reset();
        self.traffic.reset();
        Ok(())
    }
}
