//! Bearer tokens (RFC 6750).

use std::fmt;

use http::{HeaderValue, StatusCode, header};
use secrecy::{ExposeSecret, SecretString};

use super::request::CallRequest;
use crate::{
    error::{Error, from_response, service_error::ServiceError},
    model::response::BufferedResponse,
    transport::context::RequestContext,
};

/// A token that the caller gave, which cannot be refreshed.
pub(crate) struct BearerToken(HeaderValue);

impl BearerToken {
    pub(crate) fn new(token: &SecretString) -> Result<Self, Error> {
        authorization(token).map(Self).ok_or_else(|| {
            Error::credentials("the bearer token contains characters that tokens cannot have")
        })
    }

    pub(crate) async fn send(
        &self,
        context: &RequestContext<'_>,
        request: &CallRequest<'_>,
    ) -> Result<BufferedResponse, Error> {
        let response = send(context, request, &self.0).await?;
        if is_refused(&response) {
            return Err(from_response::refused_token(response));
        }
        Ok(response)
    }
}

/// Returns the header that carries a token, or `None` if the text cannot be a token.
pub(super) fn authorization(token: &SecretString) -> Option<HeaderValue> {
    let token = token.expose_secret();
    let is_token = !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic());
    let mut value = HeaderValue::try_from(format!("Bearer {token}"))
        .ok()
        .filter(|_| is_token)?;
    value.set_sensitive(true);
    Some(value)
}

/// Sends a request with a token.
pub(super) async fn send(
    context: &RequestContext<'_>,
    request: &CallRequest<'_>,
    authorization: &HeaderValue,
) -> Result<BufferedResponse, Error> {
    let sent = context.send(request.authorized(Some(authorization.clone())));
    let mut response = sent.await?;
    context.read(&mut response).await
}

/// Returns whether the service refused the token. A 401 can also mean that a caller it
/// recognizes lacks a permission.
pub(super) fn is_refused(response: &BufferedResponse) -> bool {
    response.status == StatusCode::UNAUTHORIZED
        && (response.headers.contains_key(header::WWW_AUTHENTICATE)
            || !ServiceError::of(response)
                .code
                .is_some_and(|code| from_response::is_about_permissions(&code)))
}

impl fmt::Debug for BearerToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BearerToken")
    }
}
