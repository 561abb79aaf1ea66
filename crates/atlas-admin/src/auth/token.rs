//! Bearer tokens (RFC 6750), given or fetched for a service account with its
//! client credentials (RFC 6749, section 4.4).

use std::{
    fmt,
    time::{Duration, Instant},
};

use http::{HeaderValue, StatusCode, header};
use reqwest::Request;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use tokio::sync::Mutex;

use super::again;
use crate::{
    attempt::Exchange,
    classify,
    error::{Error, ErrorKind},
    error_code::ErrorCode,
    service_error::ServiceError,
    wire::Answer,
};

/// A token is renewed this long before it expires.
const MARGIN: Duration = Duration::from_secs(60);

/// How long a token is used if the service does not say, or says something absurd.
const LIFETIME: Duration = Duration::from_secs(3600);

/// Where the tokens come from.
pub(crate) enum Bearer {
    /// The caller.
    Given(HeaderValue),
    /// The service, for a service account.
    Account(Account),
}

/// A service account with its present token.
pub(crate) struct Account {
    id: String,
    secret: SecretString,
    http: reqwest::Client,
    url: String,
    /// Held while a token is fetched, so that all who wait use the one that comes.
    token: Mutex<Option<Token>>,
}

struct Token {
    header: HeaderValue,
    renew_at: Instant,
}

impl Bearer {
    pub(crate) fn given(token: &SecretString) -> Result<Self, Error> {
        authorization(token)
            .map(Self::Given)
            .ok_or_else(|| Error::credentials("the bearer token has characters that no token has"))
    }

    pub(crate) fn account(
        id: String,
        secret: SecretString,
        http: reqwest::Client,
        url: String,
    ) -> Self {
        Self::Account(Account {
            id,
            secret,
            http,
            url,
            token: Mutex::default(),
        })
    }

    /// Sends a request with a token; with a new one if the service refuses a
    /// fetched one.
    pub(crate) async fn send(
        &self,
        exchange: &Exchange<'_>,
        request: &Request,
    ) -> Result<Answer, Error> {
        let account = match self {
            Self::Given(token) => {
                let answer = with_token(exchange, request, token).await?;
                return accepted(answer, "check the token, which may have expired");
            }
            Self::Account(account) => account,
        };
        let token = account.token(exchange, None).await?;
        let answer = with_token(exchange, request, &token).await?;
        if !is_refused(&answer) {
            return Ok(answer);
        }
        let token = account.token(exchange, Some(&token)).await?;
        let answer = with_token(exchange, request, &token).await?;
        accepted(
            answer,
            "check the service account and that it belongs to this service",
        )
    }
}

impl Account {
    /// The present token, or a new one if it is about to expire or is the one that
    /// was `refused`.
    async fn token(
        &self,
        exchange: &Exchange<'_>,
        refused: Option<&HeaderValue>,
    ) -> Result<HeaderValue, Error> {
        let mut present = self.token.lock().await;
        if let Some(token) = &*present
            && token.renew_at > Instant::now()
            && refused != Some(&token.header)
        {
            return Ok(token.header.clone());
        }
        *present = None;
        let token = self.fetch(exchange).await?;
        let header = token.header.clone();
        *present = Some(token);
        Ok(header)
    }

    async fn fetch(&self, exchange: &Exchange<'_>) -> Result<Token, Error> {
        let request = self
            .http
            .post(&self.url)
            .basic_auth(&self.id, Some(self.secret.expose_secret()))
            .header(header::ACCEPT, "application/json")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body("grant_type=client_credentials")
            .build()
            .map_err(|error| {
                Error::input("no token request can be made").with_source(error.without_url())
            })?;
        let asked = Instant::now();
        let answer = exchange.fetch(request).await?;
        if answer.status != StatusCode::OK {
            return Err(no_token(answer));
        }
        // The body is never shown: it may hold a token even if it cannot be read.
        let grant: Grant = serde_json::from_slice(&answer.body)
            .map_err(|_| unreadable("the answer of the token endpoint cannot be read"))?;
        if !grant.token_type.eq_ignore_ascii_case("bearer") {
            return Err(unreadable("the token endpoint gives another kind of token"));
        }
        let header = authorization(&grant.access_token)
            .ok_or_else(|| unreadable("the token has characters that no token has"))?;
        let lifetime = grant
            .expires_in
            .map_or(LIFETIME, Duration::from_secs)
            .min(LIFETIME * 24);
        Ok(Token {
            header,
            renew_at: asked + lifetime - MARGIN.min(lifetime / 2),
        })
    }
}

/// What the token endpoint gives (RFC 6749, section 5.1).
#[derive(Deserialize)]
struct Grant {
    access_token: SecretString,
    token_type: String,
    expires_in: Option<u64>,
}

fn authorization(token: &SecretString) -> Option<HeaderValue> {
    let token = token.expose_secret();
    let is_token = !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic());
    let mut value = HeaderValue::try_from(format!("Bearer {token}"))
        .ok()
        .filter(|_| is_token)?;
    value.set_sensitive(true);
    Some(value)
}

async fn with_token(
    exchange: &Exchange<'_>,
    request: &Request,
    token: &HeaderValue,
) -> Result<Answer, Error> {
    let mut request = again(request);
    request
        .headers_mut()
        .insert(header::AUTHORIZATION, token.clone());
    let response = exchange.send(request).await?;
    exchange.read(response).await
}

/// Whether the token is what the service does not like. It also says 401 of a
/// caller that it knows and that lacks a right.
fn is_refused(answer: &Answer) -> bool {
    answer.status == StatusCode::UNAUTHORIZED
        && (answer.headers.contains_key(header::WWW_AUTHENTICATE)
            || !ServiceError::read(&answer.headers, &answer.body)
                .code
                .is_some_and(|code| classify::is_about_rights(&code)))
}

fn accepted(answer: Answer, advice: &'static str) -> Result<Answer, Error> {
    if is_refused(&answer) {
        Err(classify::refused_credentials(answer, advice))
    } else {
        Ok(answer)
    }
}

fn unreadable(message: &'static str) -> Error {
    Error::new(ErrorKind::Decode, message)
}

fn no_token(answer: Answer) -> Error {
    let code = ServiceError::read(&answer.headers, &answer.body).code;
    let advice = match answer.status {
        StatusCode::FORBIDDEN if code == Some(ErrorCode::ACCESS_DENIED) => {
            "the service account may have its 100 live tokens already: let some expire, or revoke them"
        }
        StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            "check the service account's id and secret"
        }
        _ => return classify::refusal(answer),
    };
    Error::credentials("the service gives no token")
        .with_answer(answer)
        .with_advice(advice)
}

impl fmt::Debug for Bearer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Given(_) => f.write_str("Bearer"),
            Self::Account(account) => f
                .debug_struct("ServiceAccount")
                .field("id", &account.id)
                .finish_non_exhaustive(),
        }
    }
}
