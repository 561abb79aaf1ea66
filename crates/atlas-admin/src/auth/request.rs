//! The request of a call. A copy is sent at a time, the original stays.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, header};
use reqwest::Request;

/// The request of a call, with the headers of the service.
pub(crate) struct CallRequest<'a> {
    /// What the operation says. It has a content type if it has a body.
    pub(crate) http: &'a Request,
    /// The service's headers of a request with a body.
    pub(crate) service_headers: &'a HeaderMap,
    /// Takes the place of the media types in `service_headers`.
    pub(crate) media_type: Option<HeaderValue>,
}

impl CallRequest<'_> {
    /// Returns the headers of a copy without credentials.
    pub(crate) fn headers(&self) -> HeaderMap {
        let mut headers = self.service_headers.clone();
        if let Some(media_type) = &self.media_type {
            headers.insert(header::ACCEPT, media_type.clone());
            headers.insert(header::CONTENT_TYPE, media_type.clone());
        }
        let own = self.http.headers();
        if !own.contains_key(header::CONTENT_TYPE) {
            headers.remove(header::CONTENT_TYPE);
        }
        for (name, value) in own {
            if name != header::CONTENT_TYPE {
                headers.append(name, value.clone());
            }
        }
        headers
    }

    /// Copies the request, with these credentials on it.
    pub(super) fn authorized(&self, authorization: Option<HeaderValue>) -> Request {
        // `try_clone` would also make a map of extensions.
        let mut copy = Request::new(self.http.method().clone(), self.http.url().clone());
        *copy.headers_mut() = self.headers();
        if let Some(value) = authorization {
            copy.headers_mut().insert(header::AUTHORIZATION, value);
        }
        *copy.body_mut() = self.http.body().map(|body| {
            let body = body.as_bytes();
            Bytes::copy_from_slice(body.expect("the bodies of generated requests are in memory"))
                .into()
        });
        copy
    }
}
