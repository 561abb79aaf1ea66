//! A plain HTTP client; `digest_auth` computes its digest responses.

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

/// The path of the key to be updated, in its organization.
pub(crate) fn org_key(emulator: &Emulator, service: &str) -> String {
    let (org, key) = (emulator.org_id(), emulator.api_key_id());
    format!("{service}/orgs/{org}/apiKeys/{key}")
}

/// The path of the key to be updated, in its project.
pub(crate) fn project_key(emulator: &Emulator, service: &str) -> String {
    let (project, key) = (emulator.project_id(), emulator.api_key_id());
    format!("{service}/groups/{project}/apiKeys/{key}")
}

/// One request; what is not set is what a well-behaved client sends.
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

    pub(crate) fn accept(mut self, accept: Option<&'static str>) -> Self {
        self.accept = accept;
        self
    }

    pub(crate) fn content_type(mut self, content_type: Option<&'static str>) -> Self {
        self.content_type = content_type;
        self
    }

    /// Sends it as it is, with this Authorization header if any.
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

    /// Sends it; the error is that of the connection or of the time it took.
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

/// A response, read whole.
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

    pub(crate) fn code(&self) -> String {
        self.json()["errorCode"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }

    /// The digest challenge.
    pub(crate) fn challenge(&self) -> WwwAuthenticateHeader {
        digest_auth::parse(self.header(WWW_AUTHENTICATE.as_str()).unwrap()).unwrap()
    }

    /// Role names with the id of what they are for, in the order sent.
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

/// Someone who signs in with digest and keeps to one nonce.
pub(crate) struct Caller<'a> {
    pub(crate) emulator: &'a Emulator,
    user: String,
    password: String,
    http: reqwest::Client,
    prompt: Mutex<Option<WwwAuthenticateHeader>>,
}

impl<'a> Caller<'a> {
    /// The calling key.
    pub(crate) fn owner(emulator: &'a Emulator) -> Self {
        Self::new(emulator, emulator.public_key(), emulator.private_key())
    }

    pub(crate) fn new(emulator: &'a Emulator, user: &str, password: &str) -> Self {
        Self {
            emulator,
            user: user.to_owned(),
            password: password.to_owned(),
            http: reqwest::Client::new(),
            prompt: Mutex::default(),
        }
    }

    /// Sends a request. The first one fetches a challenge; a refused response is
    /// returned as it is.
    pub(crate) async fn send(&self, request: &Request) -> Reply {
        if self.prompt.lock().unwrap().is_none() {
            let challenge = self.unauthorized(request).await.challenge();
            *self.prompt.lock().unwrap() = Some(challenge);
        }
        let answer = self.answer(request);
        self.http_send(request, Some(answer)).await
    }

    /// As [`send`](Self::send), once there is a challenge; the connection may
    /// break, or take too long.
    pub(crate) async fn try_send(&self, request: &Request) -> reqwest::Result<Reply> {
        let answer = self.answer(request);
        request
            .try_send_with(&self.http, self.emulator, Some(answer))
            .await
    }

    /// From now on waits no longer than this for a response.
    pub(crate) fn patience(mut self, time: Duration) -> Self {
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

    /// Responses from now on to this challenge.
    pub(crate) fn renew(&self, challenge: WwwAuthenticateHeader) {
        *self.prompt.lock().unwrap() = Some(challenge);
    }

    /// The next response to the challenge that the caller has.
    pub(crate) fn answer(&self, request: &Request) -> HeaderValue {
        let context = AuthContext::new_with_method(
            &self.user,
            &self.password,
            &request.target,
            None::<&[u8]>,
            HttpMethod::from(request.method.as_str()),
        );
        let mut prompt = self.prompt.lock().unwrap();
        let answer = prompt.as_mut().unwrap().respond(&context).unwrap();
        HeaderValue::try_from(answer.to_string()).unwrap()
    }
}
