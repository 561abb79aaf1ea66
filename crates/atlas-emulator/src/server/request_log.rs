//! The request log and counters.

use std::{
    collections::VecDeque,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
};

use http::{
    HeaderMap, HeaderValue, Method, StatusCode, Uri,
    header::{AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION},
};
use parking_lot::Mutex;

/// A request and the status of its response, without secrets.
#[derive(Clone, Debug)]
pub struct LoggedRequest {
    method: Method,
    target: String,
    headers: HeaderMap,
    status: StatusCode,
    fault: Option<&'static str>,
}

impl LoggedRequest {
    /// Returns the method.
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// Returns the path and query as sent.
    pub fn target(&self) -> &str {
        &self.target
    }

    /// Returns the headers. Credentials are masked except for the scheme: `Digest <hidden>`.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// Returns the status of the response, even if a fault kept it from being sent.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// Returns the injected fault, such as `429` or `reset:at=after`.
    pub fn fault(&self) -> Option<&'static str> {
        self.fault
    }
}

/// The counters and the latest requests.
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

    /// Counts a request and creates its log entry, without the status.
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

    /// Completes an entry and appends it to the log.
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

    /// Clears the log and the counters.
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

/// Returns the scheme of credentials, with the rest masked.
fn scheme(credentials: &HeaderValue) -> Option<HeaderValue> {
    let (scheme, _) = credentials.to_str().ok()?.split_once(' ')?;
    HeaderValue::try_from([scheme, " <hidden>"].concat()).ok()
}
