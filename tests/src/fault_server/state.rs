//! What is left of the script, and what the server has received.

use std::{
    collections::VecDeque,
    sync::atomic::{AtomicBool, Ordering},
};

use bytes::Bytes;
use http::{Request, header};
use parking_lot::Mutex;
use tokio::sync::Semaphore;

use super::{
    behavior::{Action, Behavior, response},
    script::{Counts, Script},
};
use crate::ids::{API_KEY_ID, PRIVATE_KEY};

pub(super) const CHALLENGE: (&str, &str) = (
    "WWW-Authenticate",
    r#"Digest realm="MMS Public API", domain="", nonce="4+/A", algorithm=MD5, qop="auth", stale=false"#,
);

pub(super) const TOKEN: &str =
    r#"{"access_token":"eyJ.a.b","expires_in":3600,"token_type":"Bearer"}"#;

pub(super) fn api_key() -> String {
    format!(r#"{{"id":"{API_KEY_ID}","privateKey":"{PRIVATE_KEY}","publicKey":"gswvkocq"}}"#)
}

/// What a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    Challenge,
    Token,
    Update,
}

impl Purpose {
    fn of(request: &Request<Bytes>) -> Self {
        match request.headers().contains_key(header::AUTHORIZATION) {
            _ if request.uri().path() == "/api/oauth/token" => Self::Token,
            true => Self::Update,
            false => Self::Challenge,
        }
    }
}

/// Chooses the behavior for each request.
pub(super) type Handler = dyn Fn(&Request<Bytes>) -> Behavior + Send + Sync;

pub(super) struct State {
    handshakes: Mutex<VecDeque<Behavior>>,
    updates: Mutex<VecDeque<Behavior>>,
    counts: Mutex<Counts>,
    requests: Mutex<Vec<String>>,
    /// Whether the next new connection is for a handshake.
    expects_handshake: AtomicBool,
    keeps_connections: bool,
    handler: Option<Box<Handler>>,
    /// Closed when the server stops.
    pub(super) stopped: Semaphore,
}

impl State {
    pub(super) fn new(script: Script, handler: Option<Box<Handler>>) -> Self {
        Self {
            handshakes: Mutex::new(script.handshakes.into()),
            updates: Mutex::new(script.updates.into()),
            counts: Mutex::default(),
            requests: Mutex::default(),
            expects_handshake: script.starts_with_handshake.into(),
            keeps_connections: script.keeps_connections,
            handler,
            stopped: Semaphore::new(0),
        }
    }

    /// Takes the next behavior if it begins before a request is known; returns it with
    /// whether the request is an update.
    pub(super) fn early(&self) -> Option<(Behavior, bool)> {
        let is_update = !self.expects_handshake.load(Ordering::Relaxed);
        let mut behaviors = self.behaviors(is_update).lock();
        behaviors.front().filter(|behavior| behavior.is_early())?;
        behaviors.pop_front().map(|behavior| (behavior, is_update))
    }

    /// Counts a request; returns the behavior for it, and what it is for.
    pub(super) fn next(&self, request: &Request<Bytes>) -> (Behavior, Purpose) {
        let purpose = Purpose::of(request);
        let is_update = purpose == Purpose::Update;
        self.count(is_update);
        self.expects_handshake.store(false, Ordering::Relaxed);
        if let Some(handler) = &self.handler {
            return (handler(request), purpose);
        }
        let scripted = self.behaviors(is_update).lock().pop_front();
        let behavior = scripted.unwrap_or_else(|| match purpose {
            Purpose::Update => response(200, &[], &api_key()),
            Purpose::Challenge => self.handshake(401, &[CHALLENGE], "{}"),
            Purpose::Token => self.handshake(200, &[], TOKEN),
        });
        (behavior, purpose)
    }

    fn behaviors(&self, is_update: bool) -> &Mutex<VecDeque<Behavior>> {
        match is_update {
            true => &self.updates,
            false => &self.handshakes,
        }
    }

    fn handshake(&self, status: u16, headers: &[(&str, &str)], body: &str) -> Behavior {
        if self.keeps_connections {
            return response(status, headers, body);
        }
        let close = [headers, &[("Connection", "close")]].concat();
        response(status, &close, body).then([Action::Close])
    }

    pub(super) fn count(&self, is_update: bool) {
        let mut counts = self.counts.lock();
        counts.requests += 1;
        counts.updates += u32::from(is_update);
    }

    pub(super) fn count_connection(&self) {
        self.counts.lock().connections += 1;
    }

    pub(super) fn counts(&self) -> Counts {
        *self.counts.lock()
    }

    pub(super) fn record(&self, request: &[u8]) {
        let text = String::from_utf8_lossy(request).into_owned();
        self.requests.lock().push(text);
    }

    pub(super) fn requests(&self) -> Vec<String> {
        self.requests.lock().clone()
    }
}
