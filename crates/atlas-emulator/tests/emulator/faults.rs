//! Faults: the response, and whether the update is applied.

use std::time::{Duration, Instant};

use atlas_emulator::{Emulator, Fault, Faults};
use reqwest::StatusCode;

use crate::client::{
    Caller, OPS_MANAGER, Request, SERVICES, V1, V2, org_key, org_keys, project_key,
};

const BODY: &str = r#"{"desc":"updated"}"#;

fn faults(spec: &str) -> Faults {
    spec.parse().unwrap()
}

async fn emulator(spec: &str) -> Emulator {
    let builder = Emulator::builder().faults(faults(spec));
    builder.start().await.unwrap()
}

/// Returns whether the update in [`BODY`] is applied.
fn is_applied(emulator: &Emulator) -> bool {
    emulator.api_key(emulator.api_key_id()).unwrap().desc == "updated"
}

/// Creates a caller that has a challenge.
async fn challenged_caller(emulator: &Emulator) -> Caller<'_> {
    let caller = Caller::owner(emulator);
    let challenged = Request::get(org_key(emulator, V2));
    caller.set_challenge(caller.unauthorized(&challenged).await.challenge());
    caller
}

#[tokio::test]
async fn responses_are_replaced_before_or_after_the_update() {
    for (spec, status, code, retry_after, done) in [
        (
            "429:retry_after=7",
            429,
            "RATE_LIMITED_TOKEN_BUCKET",
            Some("7"),
            false,
        ),
        ("429", 429, "RATE_LIMITED_TOKEN_BUCKET", None, false),
        (
            "405",
            405,
            "WRITES_NOT_ALLOWED_DURING_APP_UPGRADES",
            None,
            false,
        ),
        ("500", 500, "UNEXPECTED_ERROR", None, false),
        ("500:at=after", 500, "UNEXPECTED_ERROR", None, true),
        ("502", 502, "", None, false),
        ("503:retry_after=2", 503, "", Some("2"), false),
        ("504:at=after", 504, "", None, true),
    ] {
        for service in SERVICES {
            let emulator = emulator(spec).await;
            let request = Request::patch(org_key(&emulator, service), BODY);
            let reply = Caller::owner(&emulator).send(&request).await;
            assert_eq!(reply.status.as_u16(), status, "{spec}");
            assert_eq!(
                reply.header("x-error-code").unwrap_or_default(),
                code,
                "{spec}"
            );
            assert_eq!(reply.header("retry-after"), retry_after, "{spec}");
            assert_eq!(is_applied(&emulator), done, "{spec}");
            match code {
                "" => assert_eq!(reply.body, "", "{spec}"),
                _ => assert_eq!(reply.code(), code, "{spec}"),
            }
            let log = emulator.request_log();
            assert_eq!(log[0].fault(), None);
            assert_eq!(log[1].fault(), spec.split(':').next());
        }
    }
}

const CREATION: &str = r#"{"desc":"created","roles":["ORG_MEMBER"]}"#;

/// Returns whether a key with the description of [`CREATION`] exists.
fn is_created(emulator: &Emulator) -> bool {
    let keys = emulator.api_keys(emulator.org_id());
    keys.iter().any(|key| key.desc == "created")
}

#[tokio::test]
async fn a_creation_or_deletion_can_be_made_although_its_response_is_lost() {
    for (spec, made) in [
        ("429", false),
        ("405", false),
        ("500", false),
        ("500:at=after", true),
        ("504:at=after", true),
        ("reset:at=before", false),
        ("reset:at=after", true),
        ("reset:at=during", true),
        ("reset:at=idle", true),
    ] {
        let emulator = emulator(spec).await;
        let caller = challenged_caller(&emulator).await;
        let create = Request::post(org_keys(&emulator, V2), CREATION);
        let delete = Request::delete(org_key(&emulator, V2));
        let remove = Request::delete(project_key(&emulator, V2));
        let in_project = |key: atlas_emulator::KeyState| !key.project_roles.is_empty();
        // Whether the client is told is the matter of other tests.
        let _ = caller.try_send(&create).await;
        assert_eq!(is_created(&emulator), made, "{spec}");
        let _ = caller.try_send(&remove).await;
        let key = emulator.api_key(emulator.api_key_id());
        assert_eq!(!key.is_some_and(in_project), made, "{spec}");
        let _ = caller.try_send(&delete).await;
        assert_eq!(
            emulator.api_key(emulator.api_key_id()).is_none(),
            made,
            "{spec}"
        );
    }
}

#[tokio::test]
async fn ignored_changes_are_not_made() {
    for service in SERVICES {
        let emulator = emulator("ignored").await;
        let caller = challenged_caller(&emulator).await;
        let before = emulator.api_keys(emulator.org_id());
        let list = format!("{}/accessList", org_key(&emulator, service));
        for request in [
            Request::post(org_keys(&emulator, service), CREATION),
            Request::post(&list, r#"[{"ipAddress":"203.0.113.7"}]"#),
            Request::delete(project_key(&emulator, service)),
            Request::delete(org_key(&emulator, service)),
        ] {
            let reply = caller.send(&request).await;
            assert!(reply.status.is_success(), "{reply:?}");
            assert_eq!(emulator.api_keys(emulator.org_id()), before);
        }
        // A key that was not deleted can still sign in, and one that was not created cannot.
        emulator.set_faults(Faults::new());
        let create = Request::post(org_keys(&emulator, service), CREATION);
        let made = caller.send(&create).await;
        let key = Caller::new(&emulator, &made.text("publicKey"), &made.text("privateKey"));
        let read = Request::get(org_key(&emulator, service));
        assert_eq!(key.send(&read).await.status, StatusCode::OK);
        emulator.set_faults(faults("ignored"));
        let path = format!("{}/{}", org_keys(&emulator, service), made.text("id"));
        assert!(
            caller
                .send(&Request::delete(path))
                .await
                .status
                .is_success()
        );
        assert_eq!(key.send(&read).await.status, StatusCode::OK);
        let never = caller.send(&create).await;
        let never = Caller::new(
            &emulator,
            &never.text("publicKey"),
            &never.text("privateKey"),
        );
        assert_eq!(never.send(&read).await.status, StatusCode::UNAUTHORIZED);
    }
}

#[tokio::test]
async fn a_creation_can_respond_with_another_key() {
    for (spec, other_id, other_desc, other_roles) in [
        ("otherkey", true, false, false),
        ("olddesc", false, true, false),
        ("oldroles", false, false, true),
    ] {
        let emulator = emulator(spec).await;
        let caller = challenged_caller(&emulator).await;
        let create = Request::post(org_keys(&emulator, V2), CREATION);
        let shown = caller.send(&create).await;
        let keys = emulator.api_keys(emulator.org_id());
        let made = keys.iter().find(|key| key.desc == "created").unwrap();
        assert_eq!(shown.text("id") != made.id, other_id, "{spec}");
        assert_eq!(shown.text("desc") != made.desc, other_desc, "{spec}");
        assert_eq!(shown.roles().is_empty(), other_roles, "{spec}");
        assert_eq!(shown.text("privateKey").len(), 36, "{spec}");
    }
}

#[tokio::test]
async fn faults_that_need_a_body_skip_responses_without_one() {
    let emulator = emulator("badjson:times=1; otherkey:times=1").await;
    let caller = challenged_caller(&emulator).await;
    let reply = caller
        .send(&Request::delete(project_key(&emulator, V2)))
        .await;
    assert_eq!((reply.status, &*reply.body), (StatusCode::NO_CONTENT, ""));
    let list = caller.send(&Request::get(org_keys(&emulator, V2))).await;
    assert!(serde_json::from_str::<serde_json::Value>(&list.body).is_err());
    let list = caller.send(&Request::get(org_keys(&emulator, V2))).await;
    assert_eq!(list.json()["totalCount"], 2, "no page is about another key");
    let read = caller.send(&Request::get(org_key(&emulator, V2))).await;
    assert_ne!(read.text("id"), emulator.api_key_id());
}

#[tokio::test]
async fn a_proxy_can_respond_with_an_html_page() {
    for (spec, done) in [("html502", false), ("html503:at=after", true)] {
        let emulator = emulator(spec).await;
        let request = Request::patch(org_key(&emulator, V2), BODY);
        let reply = Caller::owner(&emulator).send(&request).await;
        assert!(reply.status.is_server_error());
        assert_eq!(
            reply.header("content-type"),
            Some("text/html; charset=utf-8")
        );
        assert!(reply.body.starts_with("<!DOCTYPE html>"));
        assert_eq!(is_applied(&emulator), done);
    }
}

#[tokio::test]
async fn half_of_a_body_is_invalid_json() {
    let emulator = emulator("badjson").await;
    let request = Request::patch(org_key(&emulator, V2), BODY);
    let reply = Caller::owner(&emulator).send(&request).await;
    assert_eq!(reply.status, StatusCode::OK);
    assert!(reply.body.starts_with('{'));
    assert!(serde_json::from_str::<serde_json::Value>(&reply.body).is_err());
    assert!(is_applied(&emulator));
}

#[tokio::test]
async fn a_success_can_differ_from_the_request() {
    let desc = |key: &serde_json::Value| key["desc"].clone();
    let roles = |key: &serde_json::Value| key["roles"].clone();
    for service in SERVICES {
        for (spec, other_key, old_desc, old_roles, done) in [
            ("otherkey", true, false, false, true),
            ("olddesc", false, true, false, true),
            ("oldroles", false, false, true, true),
            ("ignored", false, true, true, false),
        ] {
            let emulator = Emulator::start().await.unwrap();
            let caller = Caller::owner(&emulator);
            let path = org_key(&emulator, service);
            let before = caller.send(&Request::get(&path)).await.json();
            emulator.set_faults(faults(spec));
            let body = r#"{"desc":"updated","roles":["ORG_READ_ONLY"]}"#;
            let reply = caller.send(&Request::patch(&path, body)).await;
            assert_eq!(reply.status, StatusCode::OK, "{spec}");
            let shown = reply.json();
            assert_eq!(shown["id"] != before["id"], other_key, "{spec}");
            assert_eq!(desc(&shown) == desc(&before), old_desc, "{spec}");
            assert_eq!(roles(&shown) == roles(&before), old_roles, "{spec}");
            assert_eq!(is_applied(&emulator), done, "{spec}");
            assert_eq!(emulator.request_log()[2].fault(), Some(spec));

            let read = caller.send(&Request::get(&path)).await.json();
            assert_eq!(read["id"] != before["id"], other_key, "{spec}");
            assert_eq!(desc(&read) == "updated", done, "{spec}");
        }
    }
}

#[tokio::test]
async fn an_ignored_update_must_be_valid() {
    let emulator = emulator("ignored").await;
    let request = Request::patch(org_key(&emulator, V2), r#"{"roles":["NONE"]}"#);
    let reply = Caller::owner(&emulator).send(&request).await;
    assert_eq!(reply.code(), "INVALID_ENUM_VALUE");
}

#[tokio::test]
async fn maintenance_refuses_updates_but_not_reads() {
    let emulator = Emulator::start().await.unwrap();
    emulator.set_faults(Faults::new().with(Fault::maintenance()));
    let caller = Caller::owner(&emulator);
    let update = Request::patch(org_key(&emulator, V1), BODY);
    let reply = caller.send(&update).await;
    assert_eq!(reply.status, StatusCode::METHOD_NOT_ALLOWED);
    let read = Request::get(org_key(&emulator, V1));
    assert_eq!(caller.send(&read).await.status, StatusCode::OK);
    emulator.set_faults(Faults::new());
    assert_eq!(caller.send(&update).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_stale_challenge_has_a_new_nonce() {
    let emulator = emulator("stale:every=2").await;
    let caller = Caller::owner(&emulator);
    let request = Request::patch(org_key(&emulator, OPS_MANAGER), BODY);
    assert_eq!(caller.send(&request).await.status, StatusCode::OK);
    let reply = caller.send(&request).await;
    assert_eq!(reply.status, StatusCode::UNAUTHORIZED);
    assert!(reply.challenge().stale);
    caller.set_challenge(reply.challenge());
    assert_eq!(caller.send(&request).await.status, StatusCode::OK);
    assert_eq!(emulator.challenges(), 2);
}

#[tokio::test]
async fn connections_break_before_after_or_during_the_response() {
    for (spec, done) in [
        ("reset:at=before,times=1", false),
        ("reset:at=after,times=1", true),
        ("reset:at=during,times=1", true),
    ] {
        let emulator = emulator(spec).await;
        let caller = challenged_caller(&emulator).await;
        let request = Request::patch(org_key(&emulator, V2), BODY);
        let error = caller.try_send(&request).await.unwrap_err();
        assert!(
            !error.is_timeout() && !error.is_connect(),
            "{spec}: {error:?}"
        );
        assert_eq!(is_applied(&emulator), done, "{spec}");
        assert_eq!(
            emulator.request_log()[1].fault(),
            spec.split(',').next(),
            "{spec}"
        );
        let reply = caller.try_send(&request).await.unwrap();
        assert_eq!(reply.status, StatusCode::OK, "the next connection works");
    }
}

/// Reads the complete response and then the end of the connection from the socket.
#[tokio::test]
async fn a_connection_can_close_after_the_response_without_notice() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    let emulator = emulator("reset:at=idle").await;
    let caller = challenged_caller(&emulator).await;
    let target = org_key(&emulator, V1);
    let request = Request::patch(&target, BODY);
    let authorization = caller.authorize(&request);
    let address = emulator.base_url().strip_prefix("http://").unwrap();
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let head = format!(
        "PATCH {target} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {}\r\nAuthorization: {}\r\n\r\n{BODY}",
        BODY.len(),
        authorization.to_str().unwrap(),
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut seen = String::new();
    let read = stream.read_to_string(&mut seen);
    tokio::time::timeout(Duration::from_secs(10), read)
        .await
        .unwrap()
        .unwrap();
    assert!(seen.starts_with("HTTP/1.1 200 OK\r\n"), "{seen}");
    assert!(!seen.to_lowercase().contains("connection: close"));
    assert!(seen.ends_with('}'), "incomplete body: {seen}");
    assert!(is_applied(&emulator));
}

#[tokio::test]
async fn http_2_connections_break() {
    for (at, done) in [("before", false), ("after", true), ("during", true)] {
        let emulator = Emulator::start().await.unwrap();
        let token = crate::tokens::token(&emulator).await;
        emulator.set_faults(faults(&format!("reset:at={at}")));
        let http = reqwest::Client::builder()
            .http2_prior_knowledge()
            .build()
            .unwrap();
        let request = Request::patch(org_key(&emulator, V2), BODY);
        let bearer = crate::tokens::bearer(&token);
        let sent = request.try_send_with(&http, &emulator, bearer).await;
        assert!(sent.is_err(), "{at}");
        assert_eq!(is_applied(&emulator), done, "{at}");
    }
}

#[tokio::test]
async fn the_last_response_of_an_http_2_connection_is_complete() {
    let emulator = Emulator::start().await.unwrap();
    let token = crate::tokens::token(&emulator).await;
    emulator.set_faults(faults("reset:at=idle"));
    let http = reqwest::Client::builder()
        .http2_prior_knowledge()
        .build()
        .unwrap();
    let request = Request::patch(org_key(&emulator, V2), BODY);
    let bearer = crate::tokens::bearer(&token);
    let reply = request.try_send_with(&http, &emulator, bearer).await;
    let reply = reply.unwrap();
    assert_eq!(reply.status, StatusCode::OK);
    assert_eq!(reply.json()["desc"], "updated");
}

#[tokio::test]
async fn hanging_requests_end_with_the_client_or_the_emulator() {
    for (spec, done) in [("hang:times=1", false), ("hang:at=after,times=1", true)] {
        let emulator = emulator(spec).await;
        let caller = challenged_caller(&emulator)
            .await
            .timeout(Duration::from_millis(300));
        let request = Request::patch(org_key(&emulator, V2), BODY);
        let error = caller.try_send(&request).await.unwrap_err();
        assert!(error.is_timeout(), "{error:?}");
        assert_eq!(is_applied(&emulator), done);
        assert_eq!(emulator.request_log()[1].fault(), Some("hang"));
    }
    let emulator = emulator("hang").await;
    let caller = challenged_caller(&emulator)
        .await
        .timeout(Duration::from_secs(60));
    let request = Request::patch(org_key(&emulator, V2), BODY);
    let sent = caller.try_send(&request);
    let watched = async {
        while emulator.request_log().len() < 2 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::select! {
        _ = sent => panic!("unexpected response"),
        () = watched => {}
    }
    let stopping = Instant::now();
    emulator.stop().await;
    assert!(stopping.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn delays_apply_to_the_response_not_the_update() {
    let emulator = emulator("delay:ms=400").await;
    let caller = challenged_caller(&emulator).await;
    let request = Request::patch(org_key(&emulator, V2), BODY);
    let started = Instant::now();
    let early = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        is_applied(&emulator)
    };
    let (reply, early) = tokio::join!(caller.try_send(&request), early);
    assert_eq!(reply.unwrap().status, StatusCode::OK);
    assert!(started.elapsed() >= Duration::from_millis(400));
    assert!(early);
}

#[tokio::test]
async fn faults_can_target_tokens_or_all_requests() {
    let emulator = emulator("429:on=tokens,retry_after=3,times=1; 503:on=all,times=1").await;
    let request = Request::patch(org_key(&emulator, V2), BODY);
    let reply = request.send(&emulator, None).await;
    assert_eq!(
        reply.status,
        StatusCode::SERVICE_UNAVAILABLE,
        "instead of a challenge"
    );
    let ask = || crate::tokens::ask(&emulator, "token", "grant_type=client_credentials");
    let reply = ask().await;
    assert_eq!(reply.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(reply.headers()["retry-after"], "3");
    assert_eq!(ask().await.status(), StatusCode::OK);
    let reply = Caller::owner(&emulator).send(&request).await;
    assert_eq!(reply.status, StatusCode::OK);
}

#[tokio::test]
async fn random_faults_are_reproducible() {
    let run = || async {
        let emulator = emulator("503:p=0.3; 429:p=0.3").await;
        let caller = Caller::owner(&emulator);
        let request = Request::patch(org_key(&emulator, V2), BODY);
        let mut statuses = Vec::new();
        for _ in 0..30 {
            statuses.push(caller.send(&request).await.status.as_u16());
        }
        statuses
    };
    let first = run().await;
    assert_eq!(first, run().await);
    for status in [200, 429, 503] {
        assert!(first.contains(&status), "{first:?}");
    }
}
