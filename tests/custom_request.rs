//! Requests past the operations.

use std::time::Duration;

use atlas_admin::{
    ApiVersion, Client, ClientBuilder, Credentials, Effect, Error, RequestOptions, RetryPolicy,
};
use atlas_emulator::Emulator;
use http::Method;
use serde_json::{Value, json};
use workspace_tests::{
    fault_server::{Action::Hang, FaultServer, Script, response},
    ids::{API_KEY_ID, ORG_ID, PROJECT_ID},
};

async fn serve(responses: &[(u16, &str)]) -> FaultServer {
    let responses = responses
        .iter()
        .map(|(status, body)| response(*status, &[], body));
    let script = Script {
        updates: responses.collect(),
        ..Script::default()
    };
    FaultServer::start(script).await.unwrap()
}

fn builder(server: &FaultServer) -> ClientBuilder {
    let quick = RetryPolicy::standard().initial_delay(Duration::from_millis(2));
    Client::builder()
        .credentials(Credentials::bearer("token"))
        .base_url(&server.url)
        .retry(quick.max_delay(Duration::from_millis(4)))
}

fn client(server: &FaultServer) -> Client {
    builder(server).build().unwrap()
}

#[tokio::test]
async fn a_request_has_the_headers_of_the_service_and_what_was_set() {
    let server = serve(&[(200, r#"{"name":"ci"}"#)]).await;
    let request = client(&server)
        .request(Method::POST, "/orgs/a b/teams")
        .query(&[("pretty", "x&y")])
        .json(&json!({"name": "ci"}))
        .options(
            RequestOptions::new()
                .items_per_page(7)
                .include_count(false)
                .api_version(ApiVersion::V2023_10_01),
        );
    let shown = request.to_request().unwrap();
    let team = request.send::<Value>().await.unwrap();
    assert_eq!(team["name"], "ci");
    let sent = server.requests().remove(0);
    let line = "POST /api/atlas/v2/orgs/a%20b/teams?pretty=x%26y&itemsPerPage=7&includeCount=false HTTP/1.1\r\n";
    assert!(sent.starts_with(line), "{sent}");
    let media_type = "application/vnd.atlas.2023-10-01+json";
    for header in ["accept", "content-type"] {
        assert!(
            sent.contains(&format!("\r\n{header}: {media_type}\r\n")),
            "{sent}"
        );
        assert_eq!(shown.headers()[header], media_type);
    }
    assert!(
        sent.contains("\r\nauthorization: Bearer token\r\n"),
        "{sent}"
    );
    assert!(sent.ends_with("\r\n\r\n{\"name\":\"ci\"}"), "{sent}");
    assert!(
        shown
            .uri()
            .to_string()
            .ends_with(line.split(' ').nth(1).unwrap())
    );
    assert_eq!(&shown.body()[..], br#"{"name":"ci"}"#);
}

#[tokio::test]
async fn a_path_stays_below_the_base_path() {
    let server = serve(&[]).await;
    let client = client(&server);
    for path in [
        "",
        "orgs",
        "https://example.com/orgs",
        "//user@host\n/orgs",
        "/orgs/../../../oauth/token",
        "/orgs/%2e%2E/x",
        "/orgs/.%2e",
        "/orgs/x%2f..%2F..%2fy",
        "/orgs/%5c..%5Cx",
        "/orgs/%0d%0aX",
        "/./orgs",
        "/orgs\\..\\x",
        "/orgs/\u{0}",
        "/orgs\t",
        "/orgs?pageNum=1",
        "/orgs#top",
    ] {
        let request = client.request(Method::GET, path);
        let shown = request.to_request().unwrap_err();
        let error = request.send::<()>().await.unwrap_err();
        for error in [shown, error] {
            assert!(
                error.is_input() && !error.outcome_unknown(),
                "{path}: {error}"
            );
            assert_eq!(error.operation(), Some("request"));
            assert!(!error.to_string().contains('\n'), "{error}");
        }
    }
    let request = client
        .request(Method::GET, "//example.com/orgs")
        .to_request()
        .unwrap();
    assert_eq!(
        request.uri().to_string(),
        format!("{}/api/atlas/v2//example.com/orgs", server.url)
    );
    assert_eq!(server.counts().requests, 0);
}

#[tokio::test]
async fn a_request_that_cannot_be_made_is_refused() {
    let server = serve(&[]).await;
    let client = client(&server);
    let refused = async |method: &str| {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        client
            .request(method, "/orgs")
            .send::<()>()
            .await
            .unwrap_err()
    };
    for method in ["CONNECT", "TRACE", "OPTIONS", "get"] {
        let error = refused(method).await;
        assert!(error.is_input(), "{method}: {error}");
    }
    let keys_that_are_no_text = std::collections::BTreeMap::from([((1, 2), 3)]);
    let request = client
        .request(Method::POST, "/orgs")
        .json(&keys_that_are_no_text);
    let error = request.send::<()>().await.unwrap_err();
    assert!(
        error.is_input() && error.operation() == Some("request"),
        "{error}"
    );
    let error = client
        .request(Method::GET, "/orgs")
        .query(&7)
        .send::<()>()
        .await
        .unwrap_err();
    assert!(error.is_input(), "{error}");
    assert_eq!(server.counts().requests, 0);
}

#[tokio::test]
async fn a_request_for_an_operation_is_that_operation() {
    let key = format!("/orgs/{ORG_ID}/apiKeys/{API_KEY_ID}");
    for (method, path, operation, requests) in [
        (Method::GET, key.clone(), "get_org_api_key", 3),
        (Method::DELETE, format!("{key}/"), "delete_org_api_key", 3),
        (Method::PATCH, key.clone(), "update_org_api_key", 1),
        (Method::PUT, key.clone(), "request", 1),
        (
            Method::POST,
            format!("/groups/{PROJECT_ID}/apiKeys"),
            "create_project_api_key",
            1,
        ),
        (
            Method::DELETE,
            format!("{key}/accessList/10.0.0.0%2F8"),
            "delete_access_list_entry",
            3,
        ),
        (Method::GET, "/orgs".to_owned(), "request", 3),
        (Method::HEAD, "/orgs".to_owned(), "request", 3),
        (Method::DELETE, "/orgs/x".to_owned(), "request", 3),
        (Method::POST, "/orgs/x/teams".to_owned(), "request", 1),
    ] {
        let server = serve(&[(502, ""); 3]).await;
        let request = client(&server).request(method.clone(), &path);
        let error = request.send::<()>().await.unwrap_err();
        assert_eq!(error.operation(), Some(operation), "{method} {path}");
        assert_eq!(error.requests_sent(), requests, "{method} {path}");
        let name = format!("{operation} {method} {path}: the service failed: 502 Bad Gateway");
        assert!(error.to_string().starts_with(&name), "{error}");
    }
}

#[tokio::test]
async fn an_effect_that_was_set_decides_about_repetition() {
    let send = async |effect| {
        let server = serve(&[(502, ""), (200, "{}")]).await;
        let request = client(&server).request(Method::POST, "/orgs/x/search");
        request.effect(effect).send::<Value>().await
    };
    assert_eq!(send(Effect::Read).await.unwrap().requests_sent(), 2);
    for effect in [Effect::Set, Effect::Create] {
        assert_eq!(send(effect).await.unwrap_err().requests_sent(), 1);
    }
}

#[tokio::test]
async fn a_success_becomes_the_type_that_was_named() {
    #[derive(Debug, PartialEq, serde::Deserialize)]
    struct Team {
        name: String,
    }
    let server = serve(&[
        (201, r#"{"name":"ci","id":1}"#),
        (200, "[1]"),
        (299, "<html>"),
    ])
    .await;
    let team = client(&server)
        .request(Method::POST, "/teams")
        .send::<Team>()
        .await
        .unwrap();
    assert_eq!(
        (team.status().as_u16(), team.into_inner()),
        (
            201,
            Team {
                name: "ci".to_owned()
            }
        )
    );
    let error = client(&server)
        .request(Method::POST, "/teams")
        .send::<Team>()
        .await
        .unwrap_err();
    assert!(error.is_decode() && error.outcome_unknown(), "{error}");
    assert_eq!(error.body(), Some(&b"[1]"[..]), "no key is created here");
    let done = client(&server)
        .request(Method::POST, "/teams")
        .send::<()>()
        .await
        .unwrap();
    assert_eq!(done.status().as_u16(), 299);
}

#[tokio::test]
async fn a_request_signs_in_on_every_service() {
    let emulator = Emulator::builder().start().await.unwrap();
    let url = emulator.base_url();
    let key_pair = || Credentials::digest(emulator.public_key(), emulator.private_key());
    let account = Credentials::service_account(emulator.client_id(), emulator.client_secret());
    let path = format!(
        "/orgs/{}/apiKeys/{}",
        emulator.org_id(),
        emulator.api_key_id()
    );
    for builder in [
        Client::builder().base_url(url).credentials(key_pair()),
        Client::builder().base_url(url).credentials(account),
        Client::builder()
            .base_url(url)
            .credentials(key_pair())
            .atlas_v1(),
        Client::builder().ops_manager(url).credentials(key_pair()),
    ] {
        let client = builder.build().unwrap();
        let read = client
            .request(Method::GET, &path)
            .send::<Value>()
            .await
            .unwrap();
        assert_eq!(read["id"], emulator.api_key_id());
        let body = json!({"desc": "past the operations"});
        let update = client.request(Method::PATCH, &path).json(&body);
        let updated = update.send::<Value>().await.unwrap();
        assert_eq!(updated["desc"], body["desc"]);
    }
}

#[tokio::test]
async fn requests_of_an_organization_share_its_rate_limit() {
    let arrived = async |path: &'static str| -> Result<u32, Error> {
        let script = Script {
            updates: vec![Hang.into(), Hang.into()],
            ..Script::default()
        };
        let server = FaultServer::start(script).await.unwrap();
        let client = builder(&server).limit_rate(true).build()?;
        let calls = [1, 2].map(|_| {
            let request = client.request(Method::GET, path);
            tokio::spawn(async move { request.send::<()>().await })
        });
        // Nothing is known of a bucket before its first response, so others wait for that.
        tokio::time::sleep(Duration::from_millis(300)).await;
        for call in calls {
            call.abort();
        }
        Ok(server.counts().updates)
    };
    assert_eq!(arrived("/orgs/x/teams").await.unwrap(), 1);
    assert_eq!(arrived("/groups/x/clusters").await.unwrap(), 1);
    assert_eq!(arrived("/orgs").await.unwrap(), 2);
}
