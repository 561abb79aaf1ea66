//! Whole calls over a fake transport, with no socket.

mod answers;
mod input;
mod observed;
mod properties;
mod requests;
mod retries;
mod to_request;

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use crate::transport::{ResponseFuture, Transport};
use reqwest::Request;
use tokio::time::Instant;

use crate::{
    ApiKey, Client, ClientBuilder, Credentials, Error, OrgRole, ProjectRole, RequestOptions,
    Response, RetryPolicy,
};

const ORG: &str = "32b6e34b3d91647abb20e7b8";
const PROJECT: &str = "5356823b3794de37132bb7b9";
const KEY: &str = "6a793f752c88faeba59bba49";

/// Gives the answers it was made with, in order, and keeps the requests and when
/// they came.
#[derive(Debug, Default)]
struct FakeService {
    answers: Mutex<VecDeque<http::Response<String>>>,
    requests: Mutex<Vec<Request>>,
    times: Mutex<Vec<Instant>>,
}

impl FakeService {
    fn answering(answers: impl IntoIterator<Item = http::Response<String>>) -> Arc<Self> {
        Arc::new(Self {
            answers: Mutex::new(answers.into_iter().collect()),
            ..Self::default()
        })
    }

    fn client(self: &Arc<Self>, builder: ClientBuilder) -> Client {
        builder.transport(self.clone()).build().unwrap()
    }

    fn sent(&self) -> usize {
        self.requests.lock().unwrap().len()
    }

    /// The last request as text, its headers in order of their names.
    fn last_request(&self) -> String {
        let requests = self.requests.lock().unwrap();
        let request = requests.last().unwrap();
        let mut headers: Vec<_> = request
            .headers()
            .iter()
            .map(|(name, value)| match value.is_sensitive() {
                true => format!("{name}: [sensitive]"),
                false => format!("{name}: {}", value.to_str().unwrap()),
            })
            .collect();
        headers.sort();
        let body = request
            .body()
            .and_then(|body| body.as_bytes())
            .unwrap_or_default();
        format!(
            "{} {}\n{}\n\n{}",
            request.method(),
            request.url(),
            headers.join("\n"),
            String::from_utf8_lossy(body)
        )
    }
}

impl Transport for FakeService {
    fn execute<'a>(&'a self, request: Request, _operation_id: &'static str) -> ResponseFuture<'a> {
        self.requests.lock().unwrap().push(request);
        self.times.lock().unwrap().push(Instant::now());
        let answer = self.answers.lock().unwrap().pop_front();
        Box::pin(async move { Ok(answer.expect("more requests than answers").into()) })
    }
}

fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> http::Response<String> {
    let mut response = http::Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    response.body(body.to_owned()).unwrap()
}

fn key_answer() -> http::Response<String> {
    answer(200, &[], &format!(r#"{{"id":"{KEY}"}}"#))
}

/// A client that makes one attempt.
fn atlas() -> ClientBuilder {
    Client::builder()
        .credentials(Credentials::bearer("token"))
        .retry(RetryPolicy::none())
}

fn ops_manager() -> ClientBuilder {
    Client::builder()
        .credentials(Credentials::digest("abcdefgh", "private"))
        .retry(RetryPolicy::none())
        .ops_manager("https://om.example.com:8443/")
}

async fn update(client: &Client, options: RequestOptions) -> Result<Response<ApiKey>, Error> {
    client
        .org(ORG)
        .api_key(KEY)
        .update()
        .desc("ci deploys")
        .roles([OrgRole::ReadOnly])
        .options(options)
        .send()
        .await
}

async fn replace(client: &Client, options: RequestOptions) -> Result<Response<ApiKey>, Error> {
    client
        .project(PROJECT)
        .api_key(KEY)
        .replace_roles([ProjectRole::ReadOnly])
        .options(options)
        .send()
        .await
}
