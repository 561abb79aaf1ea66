//! A plain HTTP client with digest authorizations from `digest_auth`.

use std::{sync::Mutex, time::Duration};

use atlas_emulator::Emulator;
use digest_auth::{AuthContext, HttpMethod, WwwAuthenticateHeader};
use reqwest::{
    Method, StatusCode,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, WWW_AUTHENTICATE},
};
use serde_json::Value;

pub(crate) const V2: &str = "/api/atlas/v2";
pub(crate) const V1: &str = "/api/atlas/v1.0";
pub(crate) const OPS_MANAGER: &str = "/api/public/v1.0";
pub(crate) const SERVICES: [&str; 3] = [V2, V1, OPS_MANAGER];

pub(crate) const NEWEST: &str = "application/vnd.atlas.2025-03-12+json";

/// Returns the path of the key to update, in its organization.
pub(crate) fn org_key(emulator: &Emulator, service: &str) -> String {
    let (org, key) = (emulator.org_id(), emulator.api_key_id());
    format!("{service}/orgs/{org}/apiKeys/{key}")
}

/// Returns the path of the key to update, in its project.
pub(crate) fn project_key(emulator: &Emulator, service: &str) -> String {
    let (project, key) = (emulator.project_id(), emulator.api_key_id());
    format!("{service}/groups/{project}/apiKeys/{key}")
}

/// Returns the path of the organization's keys.
pub(crate) fn org_keys(emulator: &Emulator, service: &str) -> String {
    format!("{service}/orgs/{}/apiKeys", emulator.org_id())
}

/// Returns the path of the project's keys.
pub(crate) fn project_keys(emulator: &Emulator, service: &str) -> String {
    format!("{service}/groups/{}/apiKeys", emulator.project_id())
}

/// A request, by default as a well-behaved client sends it.
#[derive(Clone)]
pub(crate) struct Request {
    method: Method,
    target: String,
    accept: Option<&'static str>,
    content_type: Option<&'static str>,
    body: Vec<u8>,
}

impl Request {
    pub(crate) fn patch(target: impl Into<String>, body: impl Into<Vec<u8>>) -> Self {
        Self {
            method: Method::PATCH,
            target: target.into(),
            accept: Some(NEWEST),
            content_type: Some("application/json"),
            body: body.into(),
        }
    }

    pub(crate) fn get(target: impl Into<String>) -> Self {
        Self {
            method: Method::GET,
            content_type: None,
            ..Self::patch(target, "")
        }
    }

    pub(crate) fn post(target: impl Into<String>, body: impl Into<Vec<u8>>) -> Self {
        Self {
            method: Method::POST,
            ..Self::patch(target, body)
        }
    }

    pub(crate) fn delete(target: impl Into<String>) -> Self {
        Self {
            method: Method::DELETE,
            ..Self::get(target)
        }
    }

    /// Creates a request with any method and body.
    pub(crate) fn new(method: &str, target: impl Into<String>, body: Option<&str>) -> Self {
        let plain = match body {
            Some(body) => Self::patch(target, body),
            None => Self::get(target),
        };
        Self {
            method: method.to_ascii_uppercase().parse().unwrap(),
            ..plain
        }
    }

    pub(crate) fn accept(mut self, accept: Option<&'static str>) -> Self {
        self.accept = accept;
        self
    }

    pub(crate) fn content_type(mut self, content_type: Option<&'static str>) -> Self {
        self.content_type = content_type;
        self
    }

    /// Sends the request with an optional Authorization header.
    pub(crate) async fn send(
        &self,
        emulator: &Emulator,
        authorization: Option<HeaderValue>,
    ) -> Reply {
        self.send_with(&reqwest::Client::new(), emulator, authorization)
            .await
    }

    async fn send_with(
        &self,
        http: &reqwest::Client,
        emulator: &Emulator,
        authorization: Option<HeaderValue>,
    ) -> Reply {
        let reply = self.try_send_with(http, emulator, authorization).await;
        reply.unwrap()
    }

    /// Sends the request; fails on connection errors and timeouts.
    pub(crate) async fn try_send_with(
        &self,
        http: &reqwest::Client,
        emulator: &Emulator,
        authorization: Option<HeaderValue>,
    ) -> reqwest::Result<Reply> {
        let url = format!("{}{}", emulator.base_url(), self.target);
        let mut request = http
            .request(self.method.clone(), url)
            .body(self.body.clone());
        for (name, value) in [(ACCEPT, self.accept), (CONTENT_TYPE, self.content_type)] {
            if let Some(value) = value {
                request = request.header(name, value);
            }
        }
        if let Some(value) = authorization {
            request = request.header(AUTHORIZATION, value);
        }
        let response = request.send().await?;
        Ok(Reply {
            status: response.status(),
            headers: response.headers().clone(),
            body: response.text().await?,
        })
    }
}

/// A response with its whole body.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// Returns the member `name` of the body, which is text.
    pub(crate) fn text(&self, name: &str) -> String {
        let json = self.json();
        let value = json[name].as_str();
        value
            .unwrap_or_else(|| panic!("no {name}: {self:?}"))
            .to_owned()
    }

    /// Returns the results of a page.
    pub(crate) fn results(&self) -> Vec<Value> {
        let json = self.json();
        let results = json["results"].as_array();
        results.unwrap_or_else(|| panic!("{self:?}")).clone()
    }

    pub(crate) fn code(&self) -> String {
        self.json()["errorCode"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }

    /// Returns the digest challenge.
    pub(crate) fn challenge(&self) -> WwwAuthenticateHeader {
        digest_auth::parse(self.header(WWW_AUTHENTICATE.as_str()).unwrap()).unwrap()
    }

    /// Returns pairs of an organization or project id and a role name, in the order sent.
    pub(crate) fn roles(&self) -> Vec<(String, String)> {
        let json = self.json();
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let roles = json["roles"].as_array().unwrap().iter();
        roles
            .map(|role| {
                let holder = text(&role["orgId"]).or(text(&role["groupId"])).unwrap();
                (holder, text(&role["roleName"]).unwrap())
            })
            .collect()
    }
}

/// A caller that authenticates with digest and reuses its nonce.
pub(crate) struct Caller<'a> {
    pub(crate) emulator: &'a Emulator,
    user: String,
    password: String,
    http: reqwest::Client,
    challenge: Mutex<Option<WwwAuthenticateHeader>>,
}

impl<'a> Caller<'a> {
    /// Creates a caller with the calling key.
    pub(crate) fn owner(emulator: &'a Emulator) -> Self {
        Self::new(emulator, emulator.public_key(), emulator.private_key())
    }

    pub(crate) fn new(emulator: &'a Emulator, user: &str, password: &str) -> Self {
        Self {
            emulator,
            user: user.to_owned(),
            password: password.to_owned(),
            http: reqwest::Client::new(),
            challenge: Mutex::default(),
        }
    }

    /// Sends a request, after fetching a challenge if there is none. Does not retry.
    pub(crate) async fn send(&self, request: &Request) -> Reply {
        if self.challenge.lock().unwrap().is_none() {
            let challenge = self.unauthorized(request).await.challenge();
            *self.challenge.lock().unwrap() = Some(challenge);
        }
        let authorization = self.authorize(request);
        self.http_send(request, Some(authorization)).await
    }

    /// Sends a request with the existing challenge; fails on connection errors and timeouts.
    pub(crate) async fn try_send(&self, request: &Request) -> reqwest::Result<Reply> {
        let authorization = self.authorize(request);
        request
            .try_send_with(&self.http, self.emulator, Some(authorization))
            .await
    }

    /// Sets the timeout of requests.
    pub(crate) fn timeout(mut self, time: Duration) -> Self {
        self.http = reqwest::Client::builder().timeout(time).build().unwrap();
        self
    }

    pub(crate) async fn unauthorized(&self, request: &Request) -> Reply {
        self.http_send(request, None).await
    }

    pub(crate) async fn http_send(
        &self,
        request: &Request,
        authorization: Option<HeaderValue>,
    ) -> Reply {
        request
            .send_with(&self.http, self.emulator, authorization)
            .await
    }

    /// Sets the challenge for the next requests.
    pub(crate) fn set_challenge(&self, challenge: WwwAuthenticateHeader) {
        *self.challenge.lock().unwrap() = Some(challenge);
    }

    /// Computes the next authorization for the current challenge.
    pub(crate) fn authorize(&self, request: &Request) -> HeaderValue {
        let context = AuthContext::new_with_method(
            &self.user,
            &self.password,
            &request.target,
            None::<&[u8]>,
            HttpMethod::from(request.method.as_str()),
        );
        let mut challenge = self.challenge.lock().unwrap();
        let authorization = challenge.as_mut().unwrap().respond(&context).unwrap();
        HeaderValue::try_from(authorization.to_string()).unwrap()
    }
}
