//! Copies of a request: one is sent at a time, the original stays.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, header};
use reqwest::Request;

/// Room for the headers of a request, with those that the transport adds.
const HEADERS: usize = 12;

/// Copies `request`, with these credentials on it.
pub(super) fn with_authorization(request: &Request, authorization: Option<HeaderValue>) -> Request {
    // `try_clone` would also make a map of extensions, and no room for headers.
    let mut copy = Request::new(request.method().clone(), request.url().clone());
    let mut headers = HeaderMap::with_capacity(HEADERS);
    for (name, value) in request.headers() {
        headers.append(name, value.clone());
    }
    if let Some(value) = authorization {
        headers.insert(header::AUTHORIZATION, value);
    }
    *copy.headers_mut() = headers;
    *copy.body_mut() = request.body().map(|body| {
        let body = body.as_bytes();
        Bytes::copy_from_slice(body.expect("the bodies of generated requests are in memory")).into()
    });
    copy
}
