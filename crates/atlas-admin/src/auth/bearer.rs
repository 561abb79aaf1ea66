//! Bearer tokens (RFC 6750).

use std::fmt;

use http::{HeaderValue, StatusCode, header};
use reqwest::Request;
use secrecy::{ExposeSecret, SecretString};

use super::again;
use crate::{attempt::Exchange, classify, error::Error, error::service_error::ServiceError, model::buffered_response::BufferedResponse};

/// A token that the caller gave, and that cannot be renewed.
pub(crate) struct Bearer(HeaderValue);

impl Bearer {
    pub(crate) fn new(token: &SecretString) -> Result<Self, Error> {
        authorization(token)
            .map(Self)
            .ok_or_else(|| Error::credentials("the bearer token has characters that no token has"))
    }

    pub(crate) async fn send(
        &self,
        exchange: &Exchange<'_>,
        request: &Request,
    ) -> Result<BufferedResponse, Error> {
        let answer = send(exchange, request, &self.0).await?;
        if is_refused(&answer) {
            return Err(classify::refused_token(answer));
        }
        Ok(answer)
    }
}

/// The header that carries a token. `None` if no token looks like this.
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
    exchange: &Exchange<'_>,
    request: &Request,
    authorization: &HeaderValue,
) -> Result<BufferedResponse, Error> {
    let sent = exchange.send(again(request, Some(authorization.clone())));
    let mut response = sent.await?;
    exchange.read(&mut response).await
}

/// Whether the token is what the service does not like. It also says 401 of a
/// caller that it knows and that lacks a right.
pub(super) fn is_refused(answer: &BufferedResponse) -> bool {
    answer.status == StatusCode::UNAUTHORIZED
        && (answer.headers.contains_key(header::WWW_AUTHENTICATE)
            || !ServiceError::read(&answer.headers, &answer.body)
                .code
                .is_some_and(|code| classify::is_about_rights(&code)))
}

/// The answer, unless it refuses the token.
pub(super) fn accepted(answer: BufferedResponse, advice: &'static str) -> Result<BufferedResponse, Error> {
    if is_refused(&answer) {
        Err(classify::refused_credentials(answer, advice))
    } else {
        Ok(answer)
    }
}

impl fmt::Debug for Bearer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Bearer")
    }
}
