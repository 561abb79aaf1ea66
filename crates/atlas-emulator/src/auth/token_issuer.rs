//! Service accounts: the OAuth 2.0 token and revocation endpoints (RFC 6749, section 4.4, and RFC
//! 7009).

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use axum::response::Response;
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use http::{
    HeaderMap, HeaderValue, StatusCode,
    header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, WWW_AUTHENTICATE},
    request::Parts,
};
use parking_lot::Mutex;
use rand::Rng;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use subtle::ConstantTimeEq;
use url::form_urlencoded;

use crate::{
    auth::authorization, config::behavior::Behavior, http::error::ApiError, http::response,
    state::rate_limit::Bucket, state::user::Principal,
};

/// The maximum number of live tokens of a service account.
const MAX_LIVE: usize = 100;

/// The service accounts and their live tokens.
pub(crate) struct TokenIssuer {
    ttl: Duration,
    accounts: HashMap<String, Account>,
    live: Mutex<HashMap<String, Token>>,
}

struct Account {
    secret: SecretString,
    caller: Principal,
    bucket: Mutex<Bucket>,
}

struct Token {
    client_id: String,
    caller: Principal,
    expires: Instant,
}

/// An error in the format of RFC 6749, section 5.2.
struct Refusal {
    status: StatusCode,
    error: &'static str,
    description: &'static str,
}

const INVALID_CLIENT: Refusal = Refusal {
    status: StatusCode::UNAUTHORIZED,
    error: "invalid_client",
    description: "The client ID or the client secret is wrong.",
};

const INVALID_REQUEST: Refusal = Refusal {
    status: StatusCode::BAD_REQUEST,
    error: "invalid_request",
    description: "A form parameter is missing or repeated.",
};

const UNSUPPORTED_GRANT: Refusal = Refusal {
    status: StatusCode::BAD_REQUEST,
    error: "unsupported_grant_type",
    description: "The only grant type is client_credentials.",
};

const TOO_MANY_TOKENS: Refusal = Refusal {
    status: StatusCode::FORBIDDEN,
    error: "access_denied",
    description: "The service account has too many live tokens.",
};

impl TokenIssuer {
    pub(crate) fn new(ttl: Duration) -> Self {
        Self {
            ttl,
            accounts: HashMap::new(),
            live: Mutex::default(),
        }
    }

    /// Adds a service account.
    pub(crate) fn add_account(&mut self, id: &str, secret: SecretString, caller: Principal) {
        let account = Account {
            secret,
            caller,
            bucket: Mutex::default(),
        };
        self.accounts.insert(id.to_owned(), account);
    }

    /// Returns the account that a live token belongs to.
    pub(crate) fn caller(&self, token: &str) -> Option<Principal> {
        let live = self.live.lock();
        let token = live.get(token)?;
        (Instant::now() < token.expires).then(|| token.caller)
    }

    /// Revokes every token and refills the rate limits.
    pub(crate) fn reset(&self) {
        self.live.lock().clear();
        for account in self.accounts.values() {
            *account.bucket.lock() = Bucket::default();
        }
    }

    /// Responds to a token request. A rate limit's error has the services' format, all others have
    /// OAuth's.
    pub(crate) fn grant(&self, request: &Parts, body: &[u8], behavior: &Behavior) -> Response {
        if let Err(error) = self.take(request, behavior) {
            return response::unrouted(error, &behavior.assumptions);
        }
        self.try_grant(&request.headers, body)
            .unwrap_or_else(Refusal::into_response)
    }

    /// Takes a token from the account's rate-limit bucket.
    fn take(&self, request: &Parts, behavior: &Behavior) -> Result<(), ApiError> {
        let account = self.account(&request.headers);
        let (Ok((_, account)), Some(limit)) = (account, behavior.token_rate_limit) else {
            return Ok(());
        };
        let mut bucket = account.bucket.lock();
        match bucket.take(limit, behavior.assumptions.even_refill, Instant::now()) {
            Ok(_) => Ok(()),
            Err(empty) => Err(behavior.rate_limited(request.uri.path(), limit, empty)),
        }
    }

    /// Responds to a revocation. As in RFC 7009, revoking an unknown token succeeds.
    pub(crate) fn revoke(&self, headers: &HeaderMap, body: &[u8]) -> Response {
        self.try_revoke(headers, body)
            .unwrap_or_else(Refusal::into_response)
    }

    fn try_grant(&self, headers: &HeaderMap, body: &[u8]) -> Result<Response, Refusal> {
        let (client_id, account) = self.account(headers)?;
        if field(headers, body, "grant_type")? != "client_credentials" {
            return Err(UNSUPPORTED_GRANT);
        }
        let now = Instant::now();
        let mut live = self.live.lock();
        live.retain(|_, token| now < token.expires);
        let held = live.values().filter(|token| token.client_id == client_id);
        if held.count() >= MAX_LIVE {
            return Err(TOO_MANY_TOKENS);
        }
        let mut bytes = [0; 48];
        rand::rng().fill_bytes(&mut bytes);
        let access_token = URL_SAFE_NO_PAD.encode(bytes);
        let body = json!({
            "access_token": access_token,
            "expires_in": self.ttl.as_secs(),
            "token_type": "Bearer",
        });
        let response = uncached(StatusCode::OK, &body);
        let token = Token {
            client_id: client_id.clone(),
            caller: account.caller,
            expires: now + self.ttl,
        };
        live.insert(access_token, token);
        Ok(response)
    }

    fn try_revoke(&self, headers: &HeaderMap, body: &[u8]) -> Result<Response, Refusal> {
        let (client_id, _) = self.account(headers)?;
        let token = field(headers, body, "token")?;
        let mut live = self.live.lock();
        live.retain(|known, owner| *known != token || owner.client_id != client_id);
        Ok(Response::default())
    }

    /// Returns the account that the Basic credentials belong to.
    fn account(&self, headers: &HeaderMap) -> Result<(String, &Account), Refusal> {
        let basic = || {
            let header = headers.get(AUTHORIZATION)?.to_str().ok()?;
            let (scheme, credentials) = authorization::scheme(header)?;
            if !scheme.eq_ignore_ascii_case("basic") {
                return None;
            }
            let decoded = String::from_utf8(STANDARD.decode(credentials).ok()?).ok()?;
            let (id, secret) = decoded.split_once(':')?;
            let account = self.accounts.get(id)?;
            let expected = account.secret.expose_secret().as_bytes();
            bool::from(expected.ct_eq(secret.as_bytes())).then(|| (id.to_owned(), account))
        };
        basic().ok_or(INVALID_CLIENT)
    }
}

impl Refusal {
    fn into_response(self) -> Response {
        let body = json!({"error": self.error, "error_description": self.description});
        let mut response = uncached(self.status, &body);
        if self.status == StatusCode::UNAUTHORIZED {
            let scheme = HeaderValue::from_static(r#"Basic realm="MMS Public API""#);
            response.headers_mut().insert(WWW_AUTHENTICATE, scheme);
        }
        response
    }
}

/// Returns a form field, which must occur exactly once.
fn field(headers: &HeaderMap, body: &[u8], name: &str) -> Result<String, Refusal> {
    let is_form = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| {
            let essence = value.split(';').next().unwrap_or_default().trim();
            essence.eq_ignore_ascii_case("application/x-www-form-urlencoded")
        });
    let mut values = form_urlencoded::parse(body).filter(|(key, _)| key == name);
    match (is_form, values.next(), values.next()) {
        (true, Some((_, value)), None) if !value.is_empty() => Ok(value.into_owned()),
        _ => Err(INVALID_REQUEST),
    }
}

fn uncached(status: StatusCode, body: &Value) -> Response {
    let mut response = response::json(status, serde_json::to_vec(body));
    let no_store = HeaderValue::from_static("no-store");
    response.headers_mut().insert(CACHE_CONTROL, no_store);
    response
}
