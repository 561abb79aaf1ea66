//! Digest authentication (RFC 7616) by a pool of sessions.
//!
//! Only one request at a time uses a session, so nonce counts reach the service in order
//! although no lock is held during a request. Requests take the session that was returned
//! last, so that a few sessions stay in use.

mod algorithm;
mod challenge;
mod cookies;
#[cfg(any(test, fuzzing))]
pub(crate) mod hostile;
mod nonce_counts;
mod params;
mod session;

use std::{
    fmt,
    sync::atomic::{AtomicBool, Ordering},
};

use http::{HeaderMap, StatusCode, header};
use parking_lot::Mutex;
use reqwest::Request;
use secrecy::SecretString;

use self::{
    challenge::{AuthenticationInfo, Challenge},
    cookies::Cookies,
    nonce_counts::NonceCounts,
    session::{DigestSession, Target},
};
use super::request::with_authorization;
use crate::{
    error::{Error, ErrorKind, from_response},
    model::response::BufferedResponse,
    transport::context::RequestContext,
};

/// The largest number of idle sessions; further ones are dropped.
const MAX_IDLE_SESSIONS: usize = 256;

/// How often one attempt retries because the service calls its nonce stale, and how often
/// because other requests with its nonce may have overtaken it.
const MAX_STALE_RETRIES: u32 = 2;

const ADVICE: &str = "check the public and the private key, or the user name and the personal key";

const ADVICE_IF_ACCEPTED: &str = "they were accepted before: they may have been revoked since, or \
    servers behind a load balancer do not share their nonces, and its sessions must be sticky";

/// A user name and password, with the idle sessions and their cookies.
pub(crate) struct DigestAuth {
    user: String,
    password: SecretString,
    idle: Mutex<Vec<(DigestSession, Cookies)>>,
    counts: NonceCounts,
    /// Whether the service has accepted the credentials before.
    was_accepted: AtomicBool,
}

impl DigestAuth {
    pub(crate) fn new(user: String, password: SecretString) -> Self {
        Self {
            user,
            password,
            idle: Mutex::default(),
            counts: NonceCounts::default(),
            was_accepted: AtomicBool::new(false),
        }
    }

    pub(crate) fn user(&self) -> &str {
        &self.user
    }

    /// Sends a request in an idle session, or without credentials to get a challenge.
    ///
    /// If the service refuses a session, the challenge in the refusal starts a new one:
    /// once if the session had worked before, since the service may have forgotten it, and
    /// up to [`MAX_STALE_RETRIES`] times if the service says that the nonce was stale, or if
    /// it issued the nonce to other sessions whose later counts may have arrived first. If
    /// this future is dropped, so is its session: nobody knows whether its count has
    /// reached the service.
    pub(crate) async fn send(
        &self,
        context: &RequestContext<'_>,
        request: &Request,
    ) -> Result<BufferedResponse, Error> {
        let target = Target {
            method: request.method().as_str(),
            uri: uri(request),
        };
        let (mut session, cookies) = self.idle.lock().pop().unzip();
        let mut cookies = cookies.unwrap_or_default();
        let mut has_worked = session.is_some();
        let mut stale_retries = 0;
        let mut order_retries = 0;
        loop {
            let authorization = session
                .as_mut()
                .map(|session| session.authorize(target).ok_or_else(unusable_challenge))
                .transpose()?;
            let mut copy = with_authorization(request, authorization);
            cookies.set(&mut copy);
            let sent = context.send(copy);
            let mut response = sent.await?;
            cookies.store(response.headers(), request.url());

            if !is_challenge(response.status(), response.headers()) {
                let Some(used) = &session else {
                    let response = context.read(&mut response).await?;
                    return if response.status == StatusCode::UNAUTHORIZED {
                        Err(no_challenge(response, "without a challenge"))
                    } else {
                        Ok(response)
                    };
                };
                let info = AuthenticationInfo::read(response.headers());
                if !used.verify_rspauth(&info, target.uri) {
                    context.progress.set_may_have_applied(true);
                    return Err(wrong_rspauth(context.drain(&mut response).await));
                }
                self.was_accepted.store(true, Ordering::Relaxed);
                if let Some(next) = session
                    .take()
                    .and_then(|session| session.next(info, &self.counts))
                {
                    self.put_back(next, cookies);
                }
                return context.read(&mut response).await;
            }

            // Read to its end, so that the connection can be reused.
            let refusal = context.drain(&mut response).await;
            let challenge = match Challenge::strongest(&refusal.headers) {
                Ok(challenge) => challenge,
                Err(reason) => return Err(no_challenge(refusal, &reason)),
            };
            if let Some(used) = &session {
                if challenge.stale {
                    if stale_retries == MAX_STALE_RETRIES {
                        return Err(always_stale(refusal));
                    }
                    stale_retries += 1;
                } else if has_worked {
                    has_worked = false;
                } else if used.is_overtaken() && order_retries < MAX_STALE_RETRIES {
                    order_retries += 1;
                } else {
                    let advice = match self.was_accepted.load(Ordering::Relaxed) {
                        true => ADVICE_IF_ACCEPTED,
                        false => ADVICE,
                    };
                    return Err(from_response::refused_credentials(refusal, advice));
                }
            }
            session = Some(DigestSession::new(
                challenge,
                &self.user,
                &self.password,
                &self.counts,
            ));
        }
    }

    fn put_back(&self, session: DigestSession, cookies: Cookies) {
        let mut idle = self.idle.lock();
        if idle.len() < MAX_IDLE_SESSIONS {
            idle.push((session, cookies));
        }
    }
}

/// Returns what the request line names: the path with the query.
fn uri(request: &Request) -> &str {
    &request.url()[url::Position::BeforePath..url::Position::AfterQuery]
}

/// Returns whether the service asks for credentials. A 401 without a challenge is about
/// permissions.
fn is_challenge(status: StatusCode, headers: &HeaderMap) -> bool {
    status == StatusCode::UNAUTHORIZED && headers.contains_key(header::WWW_AUTHENTICATE)
}

fn unusable_challenge() -> Error {
    Error::credentials("cannot compute a response to the service's digest challenge")
        .with_advice("check the base URL and the user name")
}

fn no_challenge(response: BufferedResponse, reason: &str) -> Error {
    Error::credentials(format!(
        "the service refused the request and offers no digest authentication ({reason})"
    ))
    .with_response(response)
    .with_advice("check the base URL and the kind of credentials")
}

fn always_stale(response: BufferedResponse) -> Error {
    Error::new(
        ErrorKind::Service,
        "the service rejects every nonce as stale, even one that it has just issued",
    )
    .with_response(response)
    .with_advice(
        "try again later; if servers behind a load balancer do not share their nonces, make its \
         sessions sticky",
    )
}

/// The response may come from anyone, whatever its status.
fn wrong_rspauth(response: BufferedResponse) -> Error {
    Error::new(
        ErrorKind::Service,
        "the response does not prove that the service knows the password (rspauth)",
    )
    .with_response(response)
    .with_advice("check the base URL and any proxy in between")
}

impl fmt::Debug for DigestAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DigestAuth")
            .field("user", &self.user)
            .field("idle_sessions", &self.idle.lock().len())
            .finish_non_exhaustive()
    }
}
