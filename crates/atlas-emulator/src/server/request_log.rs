//! What tests can see of the requests that arrived.

use std::{
    collections::VecDeque,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
};

use http::{
    HeaderMap, HeaderValue, Method, StatusCode, Uri,
    header::{AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION},
};
use parking_lot::Mutex;

/// A request that the emulator answered, without its secrets.
#[derive(Clone, Debug)]
pub struct LoggedRequest {
    method: Method,
    target: String,
    headers: HeaderMap,
    status: StatusCode,
    fault: Option<&'static str>,
}

impl LoggedRequest {
    /// The method.
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// The path and the query, as they were sent.
    pub fn target(&self) -> &str {
        &self.target
    }

    /// The headers. Of credentials only the scheme is kept: `Digest <hidden>`.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The status of the response. Of a response that a fault held back it is the
    /// one that was not sent.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The injected fault, as `429` or `reset:at=after`.
    pub fn fault(&self) -> Option<&'static str> {
        self.fault
    }
}

/// Counters and the newest requests.
#[derive(Debug)]
pub(crate) struct RequestLog {
    pub(crate) connections: AtomicU64,
    pub(crate) requests: AtomicU64,
    pub(crate) challenges: AtomicU64,
    capacity: usize,
    log: Mutex<VecDeque<LoggedRequest>>,
}

impl RequestLog {
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            connections: AtomicU64::new(0),
            requests: AtomicU64::new(0),
            challenges: AtomicU64::new(0),
            capacity,
            log: Mutex::default(),
        }
    }

    /// Counts a request and prepares its entry. The status comes later.
    pub(crate) fn arrived(
        &self,
        method: &Method,
        uri: &Uri,
        headers: &HeaderMap,
    ) -> Option<LoggedRequest> {
        self.requests.fetch_add(1, Relaxed);
        if self.capacity == 0 {
            return None;
        }
        let target = uri.path_and_query().map_or("*", |target| target.as_str());
        Some(LoggedRequest {
            method: method.clone(),
            target: target.to_owned(),
            headers: without_secrets(headers),
            status: StatusCode::OK,
            fault: None,
        })
    }

    /// Keeps an entry, now that its response is known.
    pub(crate) fn responded(
        &self,
        entry: Option<LoggedRequest>,
        status: StatusCode,
        fault: Option<&'static str>,
    ) {
        let Some(entry) = entry else { return };
        let mut log = self.log.lock();
        if log.len() >= self.capacity {
            log.pop_front();
        }
        log.push_back(LoggedRequest {
            status,
            fault,
            ..entry
        });
    }

    /// Counts and logs from the start again.
    pub(crate) fn reset(&self) {
        for counter in [&self.connections, &self.requests, &self.challenges] {
            counter.store(0, Relaxed);
        }
        self.log.lock().clear();
    }

    pub(crate) fn log(&self) -> Vec<LoggedRequest> {
        self.log.lock().iter().cloned().collect()
    }
}

fn without_secrets(headers: &HeaderMap) -> HeaderMap {
    const HIDDEN: HeaderValue = HeaderValue::from_static("<hidden>");
    let mut headers = headers.clone();
    for (name, value) in &mut headers {
        if name == AUTHORIZATION || name == PROXY_AUTHORIZATION {
            *value = scheme(value).unwrap_or(HIDDEN);
        } else if name == COOKIE {
            *value = HIDDEN;
        }
    }
    headers
}

/// The scheme of credentials, without what follows it.
fn scheme(credentials: &HeaderValue) -> Option<HeaderValue> {
    let (scheme, _) = credentials.to_str().ok()?.split_once(' ')?;
    HeaderValue::try_from([scheme, " <hidden>"].concat()).ok()
}
