//! Calls `delete_org_api_key` once, and prints what was sent and received.

use std::sync::{Arc, Mutex};

use atlas_admin_raw::{
    Client, ResponseFuture, Transport, catalog,
    mocks::atlas_v2::MockServerExt,
};
use httpmock::MockServer;

/// Keeps the request and answers that the key is gone.
#[derive(Debug, Default)]
struct FakeService(Mutex<Option<(reqwest::Request, &'static str)>>);

impl Transport for FakeService {
    fn execute<'a>(
        &'a self,
        request: reqwest::Request,
        operation_id: &'static str,
    ) -> ResponseFuture<'a> {
        *self.0.lock().unwrap() = Some((request, operation_id));
        let answer = http::Response::builder()
            .status(204)
            .body("");
        Box::pin(async { Ok(answer.unwrap().into()) })
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let fake = Arc::new(FakeService::default());
    let client = Client::new_with_client("http://service", reqwest::Client::new(), fake.clone());
    let answer = client
        .delete_org_api_key("o1", "k1", None, Some(true))
        .await
        .unwrap();
    let (request, operation) = fake.0.lock().unwrap().take().unwrap();
    let services = [
        catalog::ATLAS_V2,
        catalog::ATLAS_V1,
        catalog::OPS_MANAGER_V1,
    ];
    let names: Vec<_> = services
        .iter()
        .filter(|service| service.operation(operation).is_some())
        .map(|service| service.name)
        .collect();
    println!(
        r#"{{"operation": {operation:?}, "request": "{} {}", "status": {}, "services": {names:?}, "mocked": {}}}"#,
        request.method(),
        request.url(),
        answer.status().as_u16(),
        mocked().await,
    );
}

/// The status that a mock of the operation answers.
async fn mocked() -> u16 {
    let server = MockServer::start_async().await;
    server.delete_org_api_key(|when, then| {
        when.org_id("o1").api_user_id("k1").pretty(true);
        then.no_content();
    });
    let url = server.url("/api/atlas/v2/orgs/o1/apiKeys/k1?pretty=true");
    let answer = reqwest::Client::new().delete(url).send().await.unwrap();
    answer.status().as_u16()
}
