//! Where a service account gets its tokens (RFC 6749, section 4.4) and gives them
//! back (RFC 7009).

use std::time::{Duration, SystemTime};

use http::{HeaderValue, StatusCode, header};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Request;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use crate::{
    attempt::Exchange,
    classify,
    error::{Error, ErrorKind},
    error::code::ErrorCode,
    error::service_error::ServiceError,
    token_store::AccessToken,
    model::buffered_response::BufferedResponse,
};

/// How long a token is used if the service does not say, and the most that is
/// believed if it does.
const LIFETIME: Duration = Duration::from_secs(3600);
const LONGEST_LIFETIME: Duration = Duration::from_secs(24 * 3600);

/// The token endpoints of a service, for one service account.
pub(super) struct TokenService {
    pub(super) id: String,
    pub(super) secret: SecretString,
    pub(super) http: reqwest::Client,
    pub(super) user_agent: HeaderValue,
    pub(super) token_url: String,
    pub(super) revoke_url: String,
}

/// What the token endpoint gives (RFC 6749, section 5.1).
#[derive(Deserialize)]
struct Grant {
    access_token: SecretString,
    token_type: String,
    expires_in: Option<u64>,
}

impl TokenService {
    pub(super) async fn grant(&self, exchange: &Exchange<'_>) -> Result<AccessToken, Error> {
        let form = "grant_type=client_credentials".to_owned();
        let request = self.request(&self.token_url, form)?;
        // Counted from here: when the service started counting is not known.
        let asked = SystemTime::now();
        let answer = exchange.fetch(request).await?;
        if answer.status != StatusCode::OK {
            return Err(refusal("the service gives no token", answer));
        }
        // The body is never shown: it may hold a token even if it cannot be read.
        let grant: Grant = serde_json::from_slice(&answer.body)
            .map_err(|_| unreadable("the answer of the token endpoint cannot be read"))?;
        if !grant.token_type.eq_ignore_ascii_case("bearer") {
            return Err(unreadable("the token endpoint gives another kind of token"));
        }
        let lifetime = grant
            .expires_in
            .map_or(LIFETIME, Duration::from_secs)
            .min(LONGEST_LIFETIME);
        Ok(AccessToken::new(grant.access_token, asked + lifetime))
    }

    pub(super) async fn revoke(
        &self,
        exchange: &Exchange<'_>,
        token: &AccessToken,
    ) -> Result<(), Error> {
        let token = utf8_percent_encode(token.expose(), NON_ALPHANUMERIC);
        let form = format!("token={token}&token_type_hint=access_token");
        let answer = exchange
            .fetch(self.request(&self.revoke_url, form)?)
            .await?;
        if answer.status.is_success() {
            Ok(())
        } else {
            Err(refusal("the service does not revoke the token", answer))
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
                Error::input("no token request can be made").with_source(error.without_url())
            })
    }
}

pub(super) fn unreadable(message: &'static str) -> Error {
    Error::new(ErrorKind::Decode, message)
}

fn refusal(message: &'static str, answer: BufferedResponse) -> Error {
    let code = ServiceError::read(&answer.headers, &answer.body).code;
    let is = |known: ErrorCode| code.as_ref() == Some(&known);
    let advice = match answer.status {
        StatusCode::FORBIDDEN if is(ErrorCode::ACCESS_DENIED) => {
            "the service account may have its 100 live tokens already: wait until some expire, \
             call Client::revoke_token when done, or keep the token in a FileStore"
        }
        StatusCode::BAD_REQUEST
            if is(ErrorCode::UNSUPPORTED_GRANT_TYPE) || is(ErrorCode::INVALID_REQUEST) =>
        {
            "the service takes no such token requests: check the base URL"
        }
        StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            "check the service account's id and secret, which may have expired"
        }
        _ => return classify::refusal(answer),
    };
    Error::credentials(message)
        .with_response(answer)
        .with_advice(advice)
}
