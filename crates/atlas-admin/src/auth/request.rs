//! Copies of a request: one is sent at a time, the original stays.

use http::{HeaderValue, header};
use reqwest::Request;

/// Copies `request`, with these credentials on it.
pub(super) fn with_authorization(request: &Request, authorization: Option<HeaderValue>) -> Request {
    let mut copy = request
        .try_clone()
        .expect("the bodies of generated requests are in memory");
    if let Some(value) = authorization {
        copy.headers_mut().insert(header::AUTHORIZATION, value);
    }
    copy
}
