//! Builds a request of `delete_org_api_key`, decodes a response to it, and prints both.

use atlas_admin_raw::{Client, catalog, mocks::atlas_v2::MockServerExt};
use httpmock::MockServer;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let client = Client::new("http://service", reqwest::Client::new());
    let request = client
        .delete_org_api_key("o1", "k1", None, Some(true))
        .unwrap();
    let services = [
        catalog::ATLAS_V2,
        catalog::ATLAS_V1,
        catalog::OPS_MANAGER_V1,
    ];
    let names: Vec<_> = services
        .iter()
        .filter(|service| service.operation(request.operation_id).is_some())
        .map(|service| service.name)
        .collect();
    println!(
        r#"{{"operation": {:?}, "request": "{} {}", "decoded": [{}, {}], "services": {names:?}, "mocked": {}}}"#,
        request.operation_id,
        request.http.method(),
        request.http.url(),
        request.decode(204, b"").is_ok(),
        request.decode(202, b"").is_ok(),
        mocked().await,
    );
}

/// The status that a mock of the operation responds with.
async fn mocked() -> u16 {
    let server = MockServer::start_async().await;
    server.delete_org_api_key(|when, then| {
        when.org_id("o1").api_user_id("k1").pretty(true);
        then.no_content();
    });
    let url = server.url("/api/atlas/v2/orgs/o1/apiKeys/k1?pretty=true");
    let response = reqwest::Client::new().delete(url).send().await.unwrap();
    response.status().as_u16()
}
