//! Service accounts and their tokens.

use std::time::Duration;

use atlas_emulator::{Emulator, RateLimit};
use reqwest::{
    Response, StatusCode,
    header::{CONTENT_TYPE, HeaderValue},
};
use serde_json::Value;

use crate::client::{OPS_MANAGER, Request, V1, V2, org_key, project_key};

async fn post(emulator: &Emulator, path: &str, id: &str, secret: &str, form: &str) -> Response {
    reqwest::Client::new()
        .post(format!("{}/api/oauth/{path}", emulator.base_url()))
        .basic_auth(id, Some(secret))
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(form.to_owned())
        .send()
        .await
        .unwrap()
}

pub(crate) async fn ask(emulator: &Emulator, path: &str, form: &str) -> Response {
    post(
        emulator,
        path,
        emulator.client_id(),
        emulator.client_secret(),
        form,
    )
    .await
}

pub(crate) async fn token(emulator: &Emulator) -> String {
    let reply = ask(emulator, "token", "grant_type=client_credentials").await;
    let reply: Value = reply.json().await.unwrap();
    reply["access_token"].as_str().unwrap().to_owned()
}

pub(crate) fn bearer(token: &str) -> Option<HeaderValue> {
    Some(HeaderValue::try_from(format!("Bearer {token}")).unwrap())
}

#[tokio::test]
async fn tokens_are_accepted_by_services_with_bearer_authentication() {
    let emulator = Emulator::start().await.unwrap();
    let reply = ask(&emulator, "token", "grant_type=client_credentials").await;
    assert_eq!(reply.status(), StatusCode::OK);
    assert_eq!(reply.headers()["cache-control"], "no-store");
    let reply: Value = reply.json().await.unwrap();
    assert_eq!(reply["expires_in"], 3600);
    assert_eq!(reply["token_type"], "Bearer");
    let names: Vec<_> = reply.as_object().unwrap().keys().collect();
    assert_eq!(names, ["access_token", "expires_in", "token_type"]);

    let token = reply["access_token"].as_str().unwrap();
    for (service, status) in [(V2, 200), (V1, 200), (OPS_MANAGER, 401)] {
        let org = Request::patch(org_key(&emulator, service), r#"{"desc":"x"}"#);
        let project = Request::patch(
            project_key(&emulator, service),
            r#"{"roles":["GROUP_OWNER"]}"#,
        );
        for request in [org, project] {
            let reply = request.send(&emulator, bearer(token)).await;
            assert_eq!(reply.status.as_u16(), status, "{service}");
        }
    }
}

#[tokio::test]
async fn revoked_tokens_are_refused() {
    let emulator = Emulator::start().await.unwrap();
    let request = Request::get(org_key(&emulator, V2));
    let (revoked, kept) = (token(&emulator).await, token(&emulator).await);
    let form = format!("token={revoked}&token_type_hint=access_token");
    let reply = ask(&emulator, "revoke", &form).await;
    assert_eq!(reply.status(), StatusCode::OK);
    assert_eq!(reply.text().await.unwrap(), "");
    let reply = request.send(&emulator, bearer(&revoked)).await;
    assert_eq!(reply.status, StatusCode::UNAUTHORIZED);
    assert!(!reply.challenge().stale);
    let reply = request.send(&emulator, bearer(&kept)).await;
    assert_eq!(reply.status, StatusCode::OK);
    assert_eq!(
        ask(&emulator, "revoke", "token=unknown").await.status(),
        StatusCode::OK
    );
}

#[tokio::test]
async fn tokens_expire() {
    let emulator = Emulator::builder()
        .token_ttl(Duration::from_secs(1))
        .start()
        .await
        .unwrap();
    let request = Request::get(org_key(&emulator, V2));
    let token = token(&emulator).await;
    assert_eq!(
        request.send(&emulator, bearer(&token)).await.status,
        StatusCode::OK
    );
    tokio::time::sleep(Duration::from_millis(1050)).await;
    let reply = request.send(&emulator, bearer(&token)).await;
    assert_eq!(reply.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn errors_have_the_oauth_format() {
    let emulator = Emulator::start().await.unwrap();
    let (id, secret) = (emulator.client_id(), emulator.client_secret());
    let grant = "grant_type=client_credentials";
    for (path, id, secret, form, status, error) in [
        ("token", id, "wrong", grant, 401, "invalid_client"),
        (
            "token",
            "mdb_sa_id_unknown",
            secret,
            grant,
            401,
            "invalid_client",
        ),
        ("token", id, secret, "", 400, "invalid_request"),
        ("token", id, secret, "grant_type=", 400, "invalid_request"),
        (
            "token",
            id,
            secret,
            "grant_type=a&grant_type=b",
            400,
            "invalid_request",
        ),
        (
            "token",
            id,
            secret,
            "grant_type=password",
            400,
            "unsupported_grant_type",
        ),
        ("revoke", id, "wrong", "token=x", 401, "invalid_client"),
        ("revoke", id, secret, "", 400, "invalid_request"),
    ] {
        let reply = post(&emulator, path, id, secret, form).await;
        assert_eq!(reply.status().as_u16(), status, "{path} {form}");
        let reply: Value = reply.json().await.unwrap();
        assert_eq!(reply["error"], error, "{path} {form}");
        assert!(reply["error_description"].is_string());
    }
    let no_form = reqwest::Client::new()
        .post(format!("{}/api/oauth/token", emulator.base_url()))
        .basic_auth(id, Some(secret))
        .json(&serde_json::json!({"grant_type": "client_credentials"}))
        .send();
    assert_eq!(no_form.await.unwrap().status(), StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn live_tokens_are_limited() {
    let emulator = Emulator::start().await.unwrap();
    let first = token(&emulator).await;
    for _ in 1..100 {
        token(&emulator).await;
    }
    let grant = "grant_type=client_credentials";
    let reply = ask(&emulator, "token", grant).await;
    assert_eq!(reply.status(), StatusCode::FORBIDDEN);
    let reply: Value = reply.json().await.unwrap();
    assert_eq!(reply["error"], "access_denied");
    ask(&emulator, "revoke", &format!("token={first}")).await;
    assert_eq!(
        ask(&emulator, "token", grant).await.status(),
        StatusCode::OK
    );
}

#[tokio::test]
async fn token_requests_can_be_rate_limited() {
    let limit = RateLimit {
        capacity: 2,
        refill: 1,
        period: Duration::from_secs(30),
    };
    let emulator = Emulator::builder()
        .token_rate_limit(limit)
        .start()
        .await
        .unwrap();
    let grant = "grant_type=client_credentials";
    for status in [200, 200, 429] {
        let reply = ask(&emulator, "token", grant).await;
        assert_eq!(reply.status().as_u16(), status);
    }
    let reply = ask(&emulator, "token", grant).await;
    assert_eq!(reply.headers()["retry-after"], "30");
    let reply: Value = reply.json().await.unwrap();
    assert_eq!(reply["errorCode"], "RATE_LIMITED_TOKEN_BUCKET");
    assert_eq!(reply["parameters"][0], "/api/oauth/token");
    let wrong = post(&emulator, "token", "mdb_sa_id_other", "x", grant).await;
    assert_eq!(wrong.status(), StatusCode::UNAUTHORIZED);
}

/// The list is checked when a token is used, not when it is issued.
#[tokio::test]
async fn the_access_list_applies_to_tokens() {
    for (list, status) in [("192.0.2.0/24", 403), ("127.0.0.0/8", 200)] {
        let emulator = Emulator::builder()
            .access_list([list])
            .start()
            .await
            .unwrap();
        let token = token(&emulator).await;
        let request = Request::get(org_key(&emulator, V2));
        let reply = request.send(&emulator, bearer(&token)).await;
        assert_eq!(reply.status.as_u16(), status);
    }
}

#[tokio::test]
async fn http_2_works_without_tls() {
    let emulator = Emulator::start().await.unwrap();
    let http = reqwest::Client::builder()
        .http2_prior_knowledge()
        .build()
        .unwrap();
    let url = format!("{}{}", emulator.base_url(), org_key(&emulator, V1));
    let reply = http.patch(url).bearer_auth(token(&emulator).await);
    let reply = reply
        .json(&serde_json::json!({"desc": "x"}))
        .send()
        .await
        .unwrap();
    assert_eq!(reply.version(), reqwest::Version::HTTP_2);
    assert_eq!(reply.status(), StatusCode::OK);
}
