//! Builds a request of `get_org`, decodes responses to it, and prints both.

use atlas_admin_raw::{Client, catalog, mocks::atlas_v2::MockServerExt, types::Org};
use httpmock::MockServer;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let client = Client::new("http://service", reqwest::Client::new());
    let request = client.get_org("o1", None, Some(true)).unwrap();
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
    let is_decoded = |status, body: &str| request.decode(status, body.as_bytes()).is_ok();
    let printed = serde_json::json!({
        "operation": request.operation_id,
        "request": format!("{} {}", request.http.method(), request.http.url()),
        "decoded": [
            is_decoded(200, r#"{"name": "Ours", "links": [{"rel": "self"}]}"#),
            is_decoded(200, "{}"),
            is_decoded(204, ""),
        ],
        "services": names,
        "mocked": mocked().await,
    });
    println!("{printed}");
}

/// The body that a mock of the operation responds with.
async fn mocked() -> String {
    let server = MockServer::start_async().await;
    server.get_org(|when, then| {
        when.org_id("o1").pretty(true);
        then.ok(&serde_json::from_str::<Org>(r#"{"name": "Ours"}"#).unwrap());
    });
    let url = server.url("/api/atlas/v2/orgs/o1?pretty=true");
    let response = reqwest::get(url).await.unwrap();
    response.text().await.unwrap()
}
