//! Digest authentication (RFC 7616) in lanes.
//!
//! Each lane is used by one request at a time, so that counts reach the service
//! in order without a lock over the network. The last lane returned goes out
//! first: few stay warm, the rest age.

use std::{
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
};

use http::{HeaderMap, StatusCode, header};
use reqwest::Request;
use secrecy::SecretString;

use super::{
    again,
    challenge::{AuthenticationInfo, Challenge},
    lane::{Lane, Target},
};
use crate::{
    attempt::Exchange,
    classify,
    error::{Error, ErrorKind},
    model::buffered_response::BufferedResponse,
};

/// The most lanes that wait for a request; more than that are dropped.
const LANES: usize = 256;

/// How often in one call a nonce may be called stale.
const RENEWALS: u32 = 2;

const ADVICE: &str = "check the public and the private key, or the user name and the personal key";

/// A user name and password, with the lanes that await requests.
pub(crate) struct Digest {
    user: String,
    password: SecretString,
    lanes: Mutex<Vec<Lane>>,
}

impl Digest {
    pub(crate) fn new(user: String, password: SecretString) -> Self {
        Self {
            user,
            password,
            lanes: Mutex::default(),
        }
    }

    /// Sends a request on a lane, or without one to be given a challenge.
    ///
    /// A lane that is refused is replaced by the challenge in the refusal: once if
    /// it had served before, as the service may have forgotten it, and up to
    /// [`RENEWALS`] times if the service says that the nonce was stale. If this
    /// future is dropped, so is its lane: whether its count has reached the
    /// service, nobody knows.
    pub(crate) async fn send(
        &self,
        exchange: &Exchange<'_>,
        request: &Request,
    ) -> Result<BufferedResponse, Error> {
        let target = Target {
            method: request.method().as_str(),
            uri: uri(request),
        };
        let mut lane = self.take();
        let mut served_before = lane.is_some();
        let mut renewals = 0;
        loop {
            let answer = lane
                .as_mut()
                .map(|lane| lane.answer(target).ok_or_else(unanswerable))
                .transpose()?;
            let sent = exchange.send(again(request, answer));
            let mut response = sent.await?;

            if !is_challenge(response.status(), response.headers()) {
                let Some(used) = &lane else {
                    let answer = exchange.read(&mut response).await?;
                    return if answer.status == StatusCode::UNAUTHORIZED {
                        Err(no_challenge(answer, "without a challenge"))
                    } else {
                        Ok(answer)
                    };
                };
                let info = AuthenticationInfo::read(response.headers());
                if !used.trusts(&info, target.uri) {
                    exchange.progress.doubt();
                    return Err(impostor(exchange.drain(&mut response).await));
                }
                if let Some(next) = lane.take().and_then(|lane| lane.after(info)) {
                    self.put_back(next);
                }
                return exchange.read(&mut response).await;
            }

            // Read to its end, so that the connection can be used again.
            let refusal = exchange.drain(&mut response).await;
            let challenge = match Challenge::strongest(&refusal.headers) {
                Ok(challenge) => challenge,
                Err(complaint) => return Err(no_challenge(refusal, &complaint)),
            };
            if lane.is_some() {
                if challenge.stale {
                    if renewals == RENEWALS {
                        return Err(always_stale(refusal));
                    }
                    renewals += 1;
                } else if served_before {
                    served_before = false;
                } else {
                    return Err(classify::refused_credentials(refusal, ADVICE));
                }
            }
            lane = Some(Lane::new(challenge, &self.user, &self.password));
        }
    }

    fn take(&self) -> Option<Lane> {
        self.lanes().pop()
    }

    fn put_back(&self, lane: Lane) {
        let mut lanes = self.lanes();
        if lanes.len() < LANES {
            lanes.push(lane);
        }
    }

    fn lanes(&self) -> MutexGuard<'_, Vec<Lane>> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the request line names: the path with the query.
fn uri(request: &Request) -> &str {
    &request.url()[url::Position::BeforePath..url::Position::AfterQuery]
}

/// Whether the service asks who is there. A 401 without a challenge speaks of
/// rights instead.
fn is_challenge(status: StatusCode, headers: &HeaderMap) -> bool {
    status == StatusCode::UNAUTHORIZED && headers.contains_key(header::WWW_AUTHENTICATE)
}

fn unanswerable() -> Error {
    Error::credentials("the service's digest challenge cannot be answered")
        .with_advice("check the base URL and the user name")
}

fn no_challenge(answer: BufferedResponse, complaint: &str) -> Error {
    Error::credentials(format!(
        "the service refuses the caller and offers no digest authentication ({complaint})"
    ))
    .with_response(answer)
    .with_advice("check the base URL and the kind of credentials")
}

fn always_stale(answer: BufferedResponse) -> Error {
    Error::new(
        ErrorKind::Service,
        "the service calls every nonce stale, even one that it has just given",
    )
    .with_response(answer)
    .with_advice("try again later; services behind a balancer may not share their nonces")
}

/// The answer may come from anyone, whatever its status.
fn impostor(answer: BufferedResponse) -> Error {
    Error::new(
        ErrorKind::Service,
        "the answer does not prove that the service knows the password (rspauth)",
    )
    .with_response(answer)
    .with_advice("check the base URL and what stands between here and the service")
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Digest")
            .field("user", &self.user)
            .field("lanes", &self.lanes().len())
            .finish_non_exhaustive()
    }
}
