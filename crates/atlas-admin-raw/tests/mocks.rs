//! The typed mocks on a real server, called by the requests of the same crate.

use atlas_admin_raw::{Client, Request, mocks::atlas_v1::MockServerExt};
use httpmock::MockServer;

/// A server, and a client for its service below the base path.
async fn service() -> (MockServer, Client) {
    let server = MockServer::start_async().await;
    let client = Client::new(&server.url("/api/atlas/v1.0"), reqwest::Client::new());
    (server, client)
}

/// The status of the response to a request.
async fn status<T>(request: Request<T>) -> u16 {
    let response = reqwest::Client::new().execute(request.http).await;
    response.unwrap().status().as_u16()
}

#[tokio::test]
async fn a_value_in_a_path_is_matched_as_it_is_sent() {
    let (server, client) = service().await;
    for (entry, sent) in [
        ("203.0.113.0/24", "203.0.113.0%2F24"),
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8::/32", "2001:db8::%2F32"),
        ("+(a|b)*[c]^$ %2F", "+(a|b)*[c]^$%20%252F"),
    ] {
        let mut mock = server.delete_access_list_entry(|when, then| {
            when.org_id("o1").api_user_id("k1").ip_address(entry);
            then.no_content();
        });
        let request = client
            .delete_access_list_entry("o1", "k1", entry, None, None)
            .unwrap();
        assert!(request.http.url().path().ends_with(sent), "{entry}");
        assert_eq!(status(request).await, 204, "{entry}");
        mock.assert();
        mock.delete();
    }
}

#[tokio::test]
async fn a_value_in_a_path_matches_no_other() {
    let (server, client) = service().await;
    server.delete_access_list_entry(|when, then| {
        when.ip_address("203.0.113.7");
        then.no_content();
    });
    for (entry, expected) in [("203.0.113.7", 204), ("203.0.113x7", 404), ("7", 404)] {
        let request = client
            .delete_access_list_entry("o1", "k1", entry, None, None)
            .unwrap();
        assert_eq!(status(request).await, expected, "{entry}");
    }
}

#[tokio::test]
async fn a_parameter_without_a_value_does_not_reach_over_a_slash() {
    let (server, client) = service().await;
    server.get_org_api_key(|when, then| {
        when.org_id("o1");
        then.ok(&serde_json::from_str(r#"{"id": "k1"}"#).unwrap());
    });
    let key = client.get_org_api_key("o1", "k1", None, None).unwrap();
    assert_eq!(status(key).await, 200);
    let list = client
        .list_access_list_entries("o1", "k1", None, None, None, None, None)
        .unwrap();
    assert_eq!(status(list).await, 404);
}
