//! A service on a loopback port that answers as the test says.

#![allow(dead_code, reason = "each test binary uses its own part")]

use std::sync::{Arc, Mutex};

use atlas_admin::{
    ApiKey, Client, ClientBuilder, Credentials, Error, OrgRole, Response, RetryPolicy,
};
use axum::{Router, body::Bytes, extract::Request, http};
use tokio::net::TcpListener;

pub(crate) const ORG: &str = "32b6e34b3d91647abb20e7b8";
pub(crate) const PROJECT: &str = "5356823b3794de37132bb7b9";
pub(crate) const KEY: &str = "6a793f752c88faeba59bba49";
pub(crate) const USER: &str = "abcdefgh";
pub(crate) const PASSWORD: &str = "hush";

pub(crate) type BufferedResponse = http::Response<String>;

/// A request as it arrived.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    pub(crate) method: String,
    /// The path with the query.
    pub(crate) target: String,
    pub(crate) authorization: Option<String>,
    pub(crate) content_type: Option<String>,
    pub(crate) user_agent: Option<String>,
    pub(crate) cookie: Option<String>,
    pub(crate) body: Bytes,
}

/// A running service, with what it has received. It ends with the test's runtime.
pub(crate) struct Service {
    pub(crate) url: String,
    received: Arc<Mutex<Vec<Received>>>,
}

impl Service {
    pub(crate) async fn start<F>(
        answer: impl Fn(Received) -> F + Clone + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = BufferedResponse> + Send,
    {
        let received = Arc::new(Mutex::new(Vec::new()));
        let log = received.clone();
        let handler = async move |request: Request| {
            let (parts, body) = request.into_parts();
            let text = |name| {
                let value: &http::HeaderValue = parts.headers.get(name)?;
                Some(String::from_utf8(value.as_bytes().to_vec()).unwrap())
            };
            let request = Received {
                method: parts.method.to_string(),
                target: parts.uri.path_and_query().unwrap().to_string(),
                authorization: text("authorization"),
                content_type: text("content-type"),
                user_agent: text("user-agent"),
                cookie: text("cookie"),
                body: axum::body::to_bytes(body, 1 << 20).await.unwrap(),
            };
            log.lock().unwrap().push(request.clone());
            answer(request).await
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(axum::serve(listener, Router::new().fallback(handler)).into_future());
        Self { url, received }
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    pub(crate) fn count(&self) -> usize {
        self.received.lock().unwrap().len()
    }

    pub(crate) fn builder(&self) -> ClientBuilder {
        Client::builder()
            .credentials(Credentials::digest(USER, PASSWORD))
            .base_url(&self.url)
            // Every request is counted.
            .retry(RetryPolicy::none())
    }

    pub(crate) fn client(&self) -> Client {
        self.builder().build().unwrap()
    }
}

pub(crate) fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> BufferedResponse {
    let mut response = http::Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(*name, value.as_bytes());
    }
    response.body(body.to_owned()).unwrap()
}

pub(crate) fn done() -> BufferedResponse {
    let roles = format!(r#"[{{"orgId":"{ORG}","roleName":"ORG_READ_ONLY"}}]"#);
    let key = format!(r#"{{"id":"{KEY}","desc":"ci deploys","roles":{roles}}}"#);
    answer(200, &[], &key)
}

pub(crate) async fn update(client: &Client) -> Result<Response<ApiKey>, Error> {
    client
        .org(ORG)
        .api_key(KEY)
        .update()
        .desc("ci deploys")
        .roles([OrgRole::ReadOnly])
        .send()
        .await
}
