//! One request's way: who sent it, which version answers, whether it is
//! allowed, and what it does.

use std::time::Instant;

use axum::response::Response;
use http::{
    HeaderName, HeaderValue,
    header::{AUTHORIZATION, CONTENT_TYPE},
    request::Parts,
};
use parking_lot::Mutex;

use crate::{
    answer::{self, Answer},
    authorization,
    builder::Behaviour,
    catalog::Catalog,
    digest::{Denied, DigestGate, Verified},
    error::ApiError,
    key_view::KeyView,
    object_id::ObjectId,
    query,
    service::{Call, Operation, Service},
    state::{Scope, State, Update},
    token::TokenDesk,
    traffic::Traffic,
    update, versions,
};

const AUTHENTICATION_INFO: HeaderName = HeaderName::from_static("authentication-info");

/// Everything a request can need.
pub(crate) struct Emulation {
    pub(crate) behaviour: Behaviour,
    pub(crate) base_url: String,
    pub(crate) catalog: Catalog,
    pub(crate) digest: DigestGate,
    pub(crate) tokens: TokenDesk,
    pub(crate) state: Mutex<State>,
    pub(crate) traffic: Traffic,
}

/// An answer that is not the one hoped for.
enum Refusal {
    Challenge(Vec<HeaderValue>),
    Error(ApiError),
}

impl From<ApiError> for Refusal {
    fn from(error: ApiError) -> Self {
        Self::Error(error)
    }
}

impl Emulation {
    /// Answers a call. `path` holds the two ids of the path, unless they could
    /// not be decoded; `body` what could be read of the body.
    pub(crate) fn respond(
        &self,
        call: Call,
        parts: &Parts,
        path: Option<[&str; 2]>,
        body: Result<&[u8], ApiError>,
    ) -> Response {
        let mut answer = Answer::new(call, parts.uri.query().unwrap_or_default());
        let mut info = None;
        let mut response = match self.attempt(&mut answer, &mut info, call, parts, path, body) {
            Ok(response) => response,
            Err(Refusal::Challenge(headers)) => return answer::challenge(headers),
            Err(Refusal::Error(error)) => answer.error(&error),
        };
        if let Some(info) = info {
            response.headers_mut().insert(AUTHENTICATION_INFO, info);
        }
        response
    }

    fn attempt<'a>(
        &'a self,
        answer: &mut Answer<'a>,
        info: &mut Option<HeaderValue>,
        call: Call,
        parts: &Parts,
        path: Option<[&str; 2]>,
        body: Result<&[u8], ApiError>,
    ) -> Result<Response, Refusal> {
        let rules = self.catalog.rules(call);
        let entity = body.as_ref().copied().unwrap_or_default();
        let caller = self.authenticate(call.service, parts, entity)?;
        *info = caller.info;
        let caller = caller.principal;
        if call.service.is_versioned() {
            let dates = self.behaviour.version_dates;
            answer.version = Some(versions::served(&parts.headers, dates, &rules.versions)?);
        }
        let [scope, key] = path.ok_or_else(|| ApiError::path_param(parts.uri.path()))?;
        let id = |text| ObjectId::parse(text).ok_or_else(|| ApiError::path_param(text));
        let (scope, key) = (id(scope)?, id(key)?);
        query::check(parts.uri.query().unwrap_or_default(), &rules.query)?;
        // Read before the lock is taken, but a fault in the body is told last.
        let update = match call.operation {
            Operation::ReadInOrg => Ok(None),
            _ => body
                .and_then(|body| self.read_update(call, parts, body))
                .map(Some),
        };

        let mut state = self.state.lock();
        let scope = state.permit(caller, call.operation, scope)?;
        let limit = match scope {
            Scope::Org(_) => self.behaviour.org_rate_limit,
            Scope::Project { .. } => self.behaviour.project_rate_limit,
        };
        if let (Some(limit), Some(bucket)) = (limit, state.bucket(scope)) {
            let taken = bucket
                .take(limit, Instant::now())
                .map_err(|empty| ApiError::rate_limited(parts.uri.path(), limit, empty))?;
            answer.allowance = Some(taken);
        }
        let known = state.key(scope, key)?;
        let known = match update? {
            None => known,
            Some(update) => state.update(scope, key, update)?,
        };
        let root = [self.base_url.as_str(), call.service.base_path()].concat();
        Ok(answer.success(&KeyView::new(key, known, &root)))
    }

    fn read_update(&self, call: Call, parts: &Parts, body: &[u8]) -> Result<Update, ApiError> {
        if !versions::reads(parts.headers.get(CONTENT_TYPE), call.service.is_versioned()) {
            return Err(ApiError::media_type());
        }
        update::read(body, call.operation, self.catalog.rules(call)).map_err(|error| {
            let as_validation = self.behaviour.validation_errors && call.service.reports_fields();
            if as_validation && error.code == "INVALID_API_KEY_DESC" {
                error.validation()
            } else {
                error
            }
        })
    }

    fn authenticate(
        &self,
        service: Service,
        parts: &Parts,
        body: &[u8],
    ) -> Result<Verified, Refusal> {
        let header = parts
            .headers
            .get(AUTHORIZATION)
            .and_then(|value| std::str::from_utf8(value.as_bytes()).ok())
            .and_then(authorization::scheme);
        let denied = match header {
            Some((scheme, parameters)) if scheme.eq_ignore_ascii_case("digest") => {
                match self.digest.verify(parameters, parts, body) {
                    Ok(verified) => return Ok(verified),
                    Err(denied) => denied,
                }
            }
            Some((scheme, token))
                if scheme.eq_ignore_ascii_case("bearer") && service.accepts_bearer() =>
            {
                match self.tokens.principal(token) {
                    Some(principal) => {
                        return Ok(Verified {
                            principal,
                            info: None,
                        });
                    }
                    None => Denied::Challenge { stale: false },
                }
            }
            _ => Denied::Challenge { stale: false },
        };
        Err(match denied {
            Denied::Challenge { stale } => Refusal::Challenge(self.digest.challenge(stale)),
            Denied::Uri => Refusal::Error(ApiError::uri_mismatch()),
        })
    }
}
