//! Copies of a request: one is sent at a time, the original stays.

use bytes::Bytes;
use http::{HeaderValue, header};
use reqwest::Request;

/// Copies `request`, with these credentials on it.
pub(super) fn with_authorization(request: &Request, authorization: Option<HeaderValue>) -> Request {
    // `try_clone` would also make a map of extensions.
    let mut copy = Request::new(request.method().clone(), request.url().clone());
    *copy.headers_mut() = request.headers().clone();
    if let Some(value) = authorization {
        copy.headers_mut().insert(header::AUTHORIZATION, value);
    }
    *copy.body_mut() = request.body().map(|body| {
        let body = body.as_bytes();
        Bytes::copy_from_slice(body.expect("the bodies of generated requests are in memory")).into()
    });
    copy
}
