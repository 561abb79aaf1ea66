//! The endpoints that issue tokens (RFC 6749, section 4.4) and revoke them (RFC 7009).

use std::{
    collections::HashMap,
    time::{Duration, SystemTime},
};

use http::{HeaderValue, StatusCode, header};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Request;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{
    error::{Error, ErrorKind, code::ErrorCode, from_response, service_error::ServiceError},
    model::response::BufferedResponse,
    token_store::AccessToken,
    transport::context::RequestContext,
};

/// The lifetime of a token if the service does not state a number. The service refuses
/// the token if it expires earlier, and then it is replaced.
const DEFAULT_LIFETIME: Duration = Duration::from_secs(3600);

/// The longest lifetime that is believed.
const MAX_LIFETIME: Duration = Duration::from_secs(24 * 3600);

/// A service's token endpoints, for one service account.
pub(super) struct TokenEndpoint {
    pub(super) id: String,
    pub(super) secret: SecretString,
    pub(super) http: reqwest::Client,
    pub(super) user_agent: HeaderValue,
    pub(super) token_url: String,
    pub(super) revoke_url: String,
}

/// A token response (RFC 6749, section 5.1). Only the token must be readable: it counts
/// towards the account's limit even if the rest is not as it should be.
#[derive(Deserialize)]
#[serde(transparent)]
struct TokenResponse<'a>(#[serde(borrow)] HashMap<String, &'a RawValue>);

impl TokenResponse<'_> {
    fn access_token(&self) -> Option<SecretString> {
        serde_json::from_str(self.0.get("access_token")?.get()).ok()
    }

    /// Returns whether the token is a bearer token, as far as the service states its type.
    fn is_bearer(&self) -> bool {
        let stated = |value: &&RawValue| serde_json::from_str::<String>(value.get()).ok();
        self.0
            .get("token_type")
            .and_then(stated)
            .is_none_or(|stated| stated.trim().eq_ignore_ascii_case("bearer"))
    }

    /// Returns how long the token lives, by a number or by one in quotes.
    fn lifetime(&self) -> Duration {
        let stated = |value: &&RawValue| value.get().trim_matches(['"', ' ']).parse().ok();
        match self.0.get("expires_in").and_then(stated) {
            Some(seconds) if seconds >= 0.0 => Duration::try_from_secs_f64(seconds)
                .unwrap_or(MAX_LIFETIME)
                .min(MAX_LIFETIME),
            _ => DEFAULT_LIFETIME,
        }
    }
}

impl TokenEndpoint {
    pub(super) async fn request_token(
        &self,
        context: &RequestContext<'_>,
    ) -> Result<AccessToken, Error> {
        let form = "grant_type=client_credentials".to_owned();
        let request = self.request(&self.token_url, form)?;
        // Counts from here, since the service may issue the token at any time after this.
        let requested_at = SystemTime::now();
        let response = context.fetch(request).await?;
        if response.status != StatusCode::OK {
            return Err(refusal("the service did not issue a token", response));
        }
        // The body is never shown: it may contain a token even if it cannot be read.
        let token: TokenResponse<'_> = serde_json::from_slice(&response.body)
            .map_err(|_| from_response::unreadable(&response, "a token"))?;
        let access_token = token
            .access_token()
            .ok_or_else(|| unreadable("the token endpoint's response has no token"))?;
        let access = AccessToken::new(access_token, requested_at + token.lifetime());
        if !token.is_bearer() {
            // It would be lost, yet count towards the account's 100 tokens.
            let _ = self.revoke(context, &access).await;
            return Err(unreadable(
                "the token endpoint issued a token that is not a bearer token",
            ));
        }
        Ok(access)
    }

    pub(super) async fn revoke(
        &self,
        context: &RequestContext<'_>,
        token: &AccessToken,
    ) -> Result<(), Error> {
        let token = utf8_percent_encode(token.expose(), NON_ALPHANUMERIC);
        let form = format!("token={token}&token_type_hint=access_token");
        let response = context.fetch(self.request(&self.revoke_url, form)?).await?;
        if response.status.is_success() {
            Ok(())
        } else {
            Err(refusal("the service did not revoke the token", response))
        }
    }

    fn request(&self, url: &str, form: String) -> Result<Request, Error> {
        self.http
            .post(url)
            .basic_auth(&self.id, Some(self.secret.expose_secret()))
            .header(header::USER_AGENT, &self.user_agent)
            .header(header::ACCEPT, "application/json")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(form)
            .build()
            .map_err(|error| {
                Error::input("cannot build a token request").with_source(error.without_url())
            })
    }
}

pub(super) fn unreadable(message: &'static str) -> Error {
    Error::new(ErrorKind::Decode, message)
}

fn refusal(message: &'static str, response: BufferedResponse) -> Error {
    let code = ServiceError::of(&response).code;
    let is = |known: ErrorCode| code.as_ref() == Some(&known);
    let advice = match response.status {
        StatusCode::FORBIDDEN if is(ErrorCode::ACCESS_DENIED) => {
            "the service account may already have 100 live tokens; wait until some expire, call \
             Client::revoke_token when a program ends, or keep the token in a FileStore"
        }
        StatusCode::BAD_REQUEST
            if is(ErrorCode::UNSUPPORTED_GRANT_TYPE) || is(ErrorCode::INVALID_REQUEST) =>
        {
            "the service does not accept this token request; check the base URL"
        }
        StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            "check the service account's id and secret, which may have expired"
        }
        _ => return from_response::refusal(response),
    };
    Error::credentials(message)
        .with_response(response)
        .with_advice(advice)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lifetime_is_an_hour_if_none_is_stated_and_a_day_at_most() {
        for (stated, seconds) in [
            ("7200", 7_200),
            ("\" 60 \"", 60),
            ("0", 0),
            ("-1", 3_600),
            ("\"NaN\"", 3_600),
            ("\"soon\"", 3_600),
            ("null", 3_600),
            ("86400", 86_400),
            ("86401", 86_400),
            ("1e999", 86_400),
        ] {
            let text = format!(r#"{{"expires_in":{stated}}}"#);
            let response: TokenResponse<'_> = serde_json::from_str(&text).unwrap();
            assert_eq!(response.lifetime().as_secs(), seconds, "{stated}");
        }
    }
}
