//! The admin endpoints.

use atlas_emulator::{Emulator, SeedKey};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::client::{Caller, Request, V2, org_key};

const OTHER_ORG: &str = "c0123456789abcdef012345c";

async fn ask(emulator: &Emulator, method: Method, path: &str, body: &str) -> (StatusCode, String) {
    let url = format!("{}/_emulator/{path}", emulator.base_url());
    let http = reqwest::Client::new();
    let reply = http.request(method, url).body(body.to_owned()).send();
    let reply = reply.await.unwrap();
    (reply.status(), reply.text().await.unwrap())
}

#[tokio::test]
async fn admin_endpoints_are_off_by_default() {
    let emulator = Emulator::start().await.unwrap();
    let (status, body) = ask(&emulator, Method::GET, "state", "").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert!(body.contains("RESOURCE_NOT_FOUND"));
}

#[tokio::test]
async fn state_and_requests_contain_no_secrets() {
    let emulator = Emulator::builder()
        .admin(true)
        .org(OTHER_ORG)
        .key(
            SeedKey::new("elsewhere", "0f3b7c1d-aaaa-bbbb-0123456789ab")
                .org(OTHER_ORG)
                .access_list(["10.0.0.0/8"]),
        )
        .start()
        .await
        .unwrap();
    let update = Request::patch(org_key(&emulator, V2), r#"{"desc":"seen"}"#);
    Caller::owner(&emulator).send(&update).await;

    let (status, text) = ask(&emulator, Method::GET, "state", "").await;
    assert_eq!(status, StatusCode::OK);
    let state: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(state["orgs"].as_array().unwrap().len(), 2);
    assert_eq!(state["projects"][0]["org"], emulator.org_id());
    assert_eq!(state["requests"], 2);
    assert_eq!(state["challenges"], 1);
    let keys = state["keys"].as_array().unwrap();
    let updated = keys.iter().find(|key| key["id"] == emulator.api_key_id());
    assert_eq!(updated.unwrap()["desc"], "seen");
    let path = format!("state?org={OTHER_ORG}");
    let (_, state) = ask(&emulator, Method::GET, &path, "").await;
    let state: Value = serde_json::from_str(&state).unwrap();
    assert_eq!(state["orgs"], json!([OTHER_ORG]));
    assert_eq!(state["keys"][0]["access_list"], json!(["10.0.0.0/8"]));
    assert_eq!(state["keys"].as_array().unwrap().len(), 1);

    let (_, log) = ask(&emulator, Method::GET, "requests", "").await;
    let log: Value = serde_json::from_str(&log).unwrap();
    assert_eq!(
        log.as_array().unwrap().len(),
        2,
        "admin requests are not logged"
    );
    assert_eq!(log[1]["method"], "PATCH");
    assert_eq!(log[1]["status"], 200);
    let headers = log[1]["headers"].as_array().unwrap();
    assert!(headers.contains(&json!(["authorization", "Digest <hidden>"])));
    assert!(!text.contains(emulator.private_key()));
}

/// A page reaches loopback through the browser: from its own origin, or under a name that it makes
/// resolve to loopback.
#[tokio::test]
async fn web_pages_have_no_access() {
    let emulator = Emulator::builder().admin(true).start().await.unwrap();
    let own = emulator.base_url().trim_start_matches("http://");
    let local = own.replace("127.0.0.1", "localhost");
    let http = reqwest::Client::new();
    let page = [
        ("origin", "https://evil.example"),
        ("origin", "null"),
        ("origin", emulator.base_url()),
        ("host", "evil.example"),
        ("host", "127.0.0.1.evil.example"),
        ("host", "192.0.2.7"),
        ("host", ""),
    ];
    let program = [("host", own), ("host", &local), ("host", "[::1]:80")];
    for (method, path, status) in [
        (Method::GET, "state", StatusCode::OK),
        (Method::GET, "requests", StatusCode::OK),
        (Method::POST, "reset", StatusCode::NO_CONTENT),
        (Method::PUT, "faults", StatusCode::NO_CONTENT),
    ] {
        let url = format!("{}/_emulator/{path}", emulator.base_url());
        let send = |(name, value)| {
            let request = http.request(method.clone(), &url);
            // A type that a page may send without asking first.
            let request = request.header("content-type", "text/plain");
            request.header::<&str, &str>(name, value).send()
        };
        for header in page {
            let reply = send(header).await.unwrap();
            assert_eq!(reply.status(), StatusCode::FORBIDDEN, "{path} {header:?}");
            let reason = reply.text().await.unwrap();
            assert!(reason.contains(header.1), "{reason}");
        }
        for header in program {
            let reply = send(header).await.unwrap();
            assert_eq!(reply.status(), status, "{path} {header:?}");
        }
    }
}

#[tokio::test]
async fn reset_restores_the_initial_state() {
    let emulator = Emulator::builder().admin(true).start().await.unwrap();
    let before = emulator.api_key(emulator.api_key_id());
    let caller = Caller::owner(&emulator);
    let update = Request::patch(
        org_key(&emulator, V2),
        r#"{"desc":"x","roles":["ORG_OWNER"]}"#,
    );
    let first = caller.send(&update).await;
    assert_eq!(first.header("ratelimit-remaining"), Some("499"));
    assert_ne!(emulator.api_key(emulator.api_key_id()), before);
    let token = crate::tokens::token(&emulator).await;

    let (status, _) = ask(&emulator, Method::POST, "reset", "").await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    assert_eq!(emulator.api_key(emulator.api_key_id()), before);
    assert_eq!((emulator.requests(), emulator.request_log().len()), (0, 0));
    let bearer = crate::tokens::bearer(&token);
    let reply = update.send(&emulator, bearer).await;
    assert_eq!(reply.status, StatusCode::UNAUTHORIZED);
    let again = caller.send(&update).await;
    assert_eq!(again.status, StatusCode::OK, "the nonce is still valid");
    assert_eq!(again.header("ratelimit-remaining"), Some("499"));
}

#[tokio::test]
async fn faults_can_be_replaced() {
    let emulator = Emulator::builder().admin(true).start().await.unwrap();
    let (status, _) = ask(&emulator, Method::PUT, "faults", "503:times=1").await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    let (status, reason) = ask(&emulator, Method::PUT, "faults", "418").await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert_eq!(reason, "fault \"418\": unknown fault\n");
    let caller = Caller::owner(&emulator);
    let read = Request::get(org_key(&emulator, V2));
    assert_eq!(
        caller.send(&read).await.status,
        StatusCode::SERVICE_UNAVAILABLE
    );
    assert_eq!(caller.send(&read).await.status, StatusCode::OK);
}
