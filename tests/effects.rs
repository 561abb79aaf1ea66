//! What a call does and says after a failure depends on the effect of its operation.

use std::{error::Error as _, time::Duration};

use atlas_admin::{
    Client, ClientBuilder, Credentials, Error, RequestOptions, Response, RetryPolicy,
};
use http::{Method, StatusCode};
use serde_json::Value;
use workspace_tests::{
    fault_server::{
        Action::{Close, Pause, Send},
        Behavior, FaultServer, Script, head, response,
    },
    ids::{API_KEY_ID, ORG_ID, PROJECT_ID},
};

/// Starts a server with a behavior for each request that carries credentials.
async fn serve<B: Into<Behavior>>(behaviors: impl IntoIterator<Item = B>) -> FaultServer {
    let script = Script {
        updates: behaviors.into_iter().map(Into::into).collect(),
        keeps_connections: true,
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

async fn delete(client: &Client, options: RequestOptions) -> Result<Response<()>, Error> {
    let path = format!("/orgs/{ORG_ID}/apiKeys/{API_KEY_ID}");
    let request = client.request(Method::DELETE, path);
    request.options(options).send().await
}

async fn create(client: &Client) -> Result<Response<Value>, Error> {
    let body = serde_json::json!({"desc": "ci deploys", "roles": ["ORG_MEMBER"]});
    let request = client.request(Method::POST, format!("/orgs/{ORG_ID}/apiKeys"));
    request.json(&body).send().await
}

async fn update(client: &Client) -> Result<u32, Error> {
    let key = client.org(ORG_ID).api_key(API_KEY_ID);
    Ok(key
        .update()
        .desc("ci deploys")
        .send()
        .await?
        .requests_sent())
}

fn refusal(status: u16, code: &str) -> Behavior {
    let body = format!(r#"{{"detail":"No.","error":{status},"errorCode":"{code}"}}"#);
    response(status, &[], &body)
}

const PAGE: &str = "<!doctype html><title>Not found</title>";

/// Responses to a deletion, and whether they say that what was to be deleted is gone.
fn not_found() -> Vec<(&'static str, Behavior, bool)> {
    vec![
        (
            "API_KEY_NOT_FOUND, 400",
            refusal(400, "API_KEY_NOT_FOUND"),
            true,
        ),
        (
            "API_KEY_NOT_FOUND, 404",
            refusal(404, "API_KEY_NOT_FOUND"),
            true,
        ),
        (
            "older entry",
            refusal(404, "API_KEY_WHITELIST_NOT_FOUND"),
            true,
        ),
        (
            "entry",
            refusal(404, "API_KEY_ACCESS_LIST_ENTRY_NOT_FOUND"),
            true,
        ),
        (
            "entry, 400",
            refusal(400, "API_KEY_ACCESS_LIST_ENTRY_NOT_FOUND"),
            true,
        ),
        ("404 without a code", response(404, &[], ""), true),
        ("page of a proxy", response(404, &[], PAGE), false),
        ("ORG_NOT_FOUND", refusal(404, "ORG_NOT_FOUND"), false),
        ("GROUP_NOT_FOUND", refusal(404, "GROUP_NOT_FOUND"), false),
        ("another code", refusal(404, "RESOURCE_NOT_FOUND"), false),
    ]
}

#[tokio::test]
async fn a_deletion_whose_first_attempt_may_have_been_applied_succeeds_when_nothing_is_left() {
    for (name, second, is_gone) in not_found() {
        let server = serve([response(502, &[], ""), second]).await;
        let result = delete(&client(&server), RequestOptions::new()).await;
        assert_eq!(server.counts().updates, 2, "{name}");
        if is_gone {
            let deleted = result.unwrap();
            assert_eq!(deleted.status(), StatusCode::NO_CONTENT, "{name}");
            assert_eq!(deleted.requests_sent(), 2, "{name}");
        } else {
            let error = result.unwrap_err();
            assert!(
                error.is_not_found() && error.outcome_unknown(),
                "{name}: {error}"
            );
        }
    }
}

#[tokio::test]
async fn a_deletion_that_finds_nothing_at_once_fails() {
    for (name, only, _) in not_found() {
        let server = serve([only.clone()]).await;
        let error = delete(&client(&server), RequestOptions::new())
            .await
            .unwrap_err();
        assert!(
            error.is_not_found() && !error.outcome_unknown(),
            "{name}: {error}"
        );
        // An attempt that was certainly not applied deletes nothing.
        let server = serve([response(429, &[], ""), only]).await;
        let error = delete(&client(&server), RequestOptions::new())
            .await
            .unwrap_err();
        assert!(
            error.is_not_found() && !error.outcome_unknown(),
            "{name}: {error}"
        );
    }
}

#[tokio::test]
async fn a_deletion_takes_every_status_from_200_to_299_and_ignores_the_body() {
    for (status, body) in [(200, ""), (200, "{}"), (202, "{"), (204, "")] {
        let server = serve([response(status, &[], body)]).await;
        let deleted = delete(&client(&server), RequestOptions::new())
            .await
            .unwrap();
        assert_eq!(deleted.status(), status, "{body}");
    }
    for (status, body, opened) in [
        (204, "", 204),
        (200, "", 200),
        (200, r#"{"status":204}"#, 204),
        (200, r#"{"status":204,"content":null}"#, 204),
        (200, r#"{"status":200,"content":{}}"#, 200),
    ] {
        let server = serve([response(status, &[], body)]).await;
        let options = RequestOptions::new().envelope(true);
        let deleted = delete(&client(&server), options).await.unwrap();
        assert_eq!(deleted.status(), opened, "{body}");
    }
    let refused = r#"{"status":400,"content":{"errorCode":"API_KEY_NOT_FOUND"}}"#;
    let server = serve([response(200, &[], refused)]).await;
    let options = RequestOptions::new().envelope(true);
    let error = delete(&client(&server), options).await.unwrap_err();
    assert!(error.is_not_found() && !error.outcome_unknown(), "{error}");
}

#[tokio::test]
async fn a_page_is_no_deletion() {
    let server = serve([response(200, &[], PAGE)]).await;
    let error = delete(&client(&server), RequestOptions::new())
        .await
        .unwrap_err();
    assert!(error.is_decode() && error.outcome_unknown(), "{error}");
    assert!(error.to_string().contains("an HTML page"), "{error}");
}

#[tokio::test]
async fn the_status_of_an_enveloped_list_stands_beside_its_results() {
    let list = async |body: &str| {
        let server = serve([response(200, &[], body)]).await;
        let path = format!("/groups/{PROJECT_ID}/apiKeys");
        let request = client(&server).request(Method::GET, path);
        let options = RequestOptions::new().envelope(true);
        request.options(options).send::<Value>().await
    };
    let page = list(r#"{"links":[],"results":[{}],"status":200,"totalCount":1}"#)
        .await
        .unwrap();
    assert_eq!(page["results"].as_array().map(Vec::len), Some(1));
    let error = list(r#"{"errorCode":"GROUP_NOT_FOUND","status":404}"#)
        .await
        .unwrap_err();
    assert!(error.is_not_found(), "{error}");
    assert_eq!(
        error.code().as_ref().map(|code| code.as_str()),
        Some("GROUP_NOT_FOUND")
    );
}

/// Everything that an error shows.
fn shown(error: &Error) -> String {
    let body = String::from_utf8_lossy(error.body().unwrap_or_default());
    let mut all = format!("{error} {error:?} {body}");
    let mut source = error.source();
    while let Some(cause) = source {
        all += &format!(" {cause} {cause:?}");
        source = cause.source();
    }
    all
}

#[tokio::test]
async fn no_error_shows_the_secret_of_a_created_key() {
    let key = r#"{"id":"6a793f752c88faeba59bba49","privateKey":"hush"}"#;
    let chunked = "HTTP/1.1 200 -\r\nTransfer-Encoding: chunked\r\n\r\n";
    let mut behaviors = vec![
        response(200, &[], r#""hush""#),
        response(200, &[], r#"{"id":"hush","roles":"hush"}"#),
        response(200, &[], &key[..key.len() - 1]),
        response(200, &[], &format!("[{key}]")),
        response(200, &[("Content-Encoding", "gzip")], key),
        Behavior::from(&*format!("{chunked}40\r\n{key}")).then([Close]),
    ];
    behaviors.extend([300, 302, 400, 404, 409, 500, 502, 503].map(|it| response(it, &[], key)));
    for path in [
        "/orgs/x/apiKeys",
        "/groups/x/apiKeys",
        "/orgs//x/api%4Beys/",
    ] {
        for behavior in &behaviors {
            let server = serve([behavior.clone()]).await;
            let request = client(&server).request(Method::POST, path);
            let error = request.send::<Created>().await.unwrap_err();
            assert!(
                !shown(&error).contains("hush"),
                "{behavior:?}: {}",
                shown(&error)
            );
            assert_eq!(error.body(), None, "{behavior:?}");
        }
    }
    // A response that refuses the request says why, all the same.
    let server = serve([refusal(400, "MISSING_API_KEY_ROLES")]).await;
    let error = create(&client(&server)).await.unwrap_err();
    assert_eq!(
        error.code().as_ref().map(|code| code.as_str()),
        Some("MISSING_API_KEY_ROLES")
    );
    assert_eq!(error.detail(), Some("No."));
}

/// A response in which no text is a secret: serde quotes what it does not expect.
#[derive(Debug, serde::Deserialize)]
struct Created {
    #[serde(rename = "id")]
    _id: String,
    #[serde(rename = "roles")]
    _roles: Vec<u8>,
}

#[tokio::test]
async fn an_enveloped_secret_is_not_shown_either() {
    for body in [
        r#"{"status":201,"content":"hush"}"#,
        r#"{"status":200,"content":{"id":1,"roles":"hush"}}"#,
        r#"{"status":500,"content":{"privateKey":"hush"}}"#,
        r#"{"status":"hush"}"#,
    ] {
        let server = serve([response(200, &[], body)]).await;
        let request = client(&server).request(Method::POST, format!("/orgs/{ORG_ID}/apiKeys"));
        let options = RequestOptions::new().envelope(true);
        let error = request
            .options(options)
            .send::<Created>()
            .await
            .unwrap_err();
        assert!(!shown(&error).contains("hush"), "{body}: {}", shown(&error));
        assert!(error.outcome_unknown(), "{body}: {error}");
    }
}

#[tokio::test]
async fn a_creation_uses_a_connection_of_its_own_in_the_session_of_other_calls() {
    let cookie = ("Set-Cookie", "route=7");
    let key = format!(r#"{{"id":"{API_KEY_ID}"}}"#);
    let server = serve([response(200, &[cookie], &key)]).await;
    let credentials = Credentials::digest("abcdefgh", "private");
    let client = builder(&server).credentials(credentials).build().unwrap();
    assert_eq!(update(&client).await.unwrap(), 2, "a challenge comes first");
    assert_eq!(server.counts().connections, 1);
    for created in 1..=2 {
        assert_eq!(create(&client).await.unwrap().requests_sent(), 1);
        assert_eq!(server.counts().connections, 1 + created);
        assert_eq!(update(&client).await.unwrap(), 1);
        assert_eq!(
            server.counts().connections,
            1 + created,
            "the first one is still in use"
        );
    }
    let requests = server.requests();
    let creations = requests
        .iter()
        .filter(|request| request.starts_with("POST "));
    for (request, count) in creations.zip(["00000002", "00000004"]) {
        assert!(request.contains(&format!("nc={count}")), "{request}");
        assert!(request.contains("cookie: route=7"), "{request}");
    }
}

#[tokio::test]
async fn only_attempts_of_a_creation_have_connections_of_their_own() {
    let key = format!(r#"{{"id":"{API_KEY_ID}"}}"#);
    let limited = || response(429, &[], "");
    let server = serve([limited(), response(200, &[], &key), limited()]).await;
    let client = client(&server);
    assert_eq!(update(&client).await.unwrap(), 2);
    assert_eq!(server.counts().connections, 1);
    assert_eq!(create(&client).await.unwrap().requests_sent(), 2);
    assert_eq!(server.counts().connections, 3);
}

#[tokio::test]
async fn a_creation_shares_no_connection_over_http2_either() {
    let script = Script {
        http2: true,
        ..Script::default()
    };
    let server = FaultServer::start(script).await.unwrap();
    let certificate = server.certificate.clone().unwrap();
    let client = builder(&server).add_root_certificate(certificate);
    let client = client.build().unwrap();
    for (created, connections) in [(false, 1), (true, 2), (true, 3), (false, 3)] {
        match created {
            true => drop(create(&client).await.unwrap()),
            false => drop(update(&client).await.unwrap()),
        }
        assert_eq!(server.counts().connections, connections);
    }
}

#[tokio::test]
async fn a_connection_that_the_server_has_closed_leaves_no_doubt_about_a_creation() {
    for _ in 0..20 {
        let key = format!(r#"{{"id":"{API_KEY_ID}"}}"#);
        let server = serve([response(200, &[], &key).then([Close])]).await;
        let client = client(&server);
        update(&client).await.unwrap();
        assert_eq!(create(&client).await.unwrap().requests_sent(), 1);
        assert_eq!(server.counts().updates, 2);
    }
}

#[tokio::test]
async fn a_second_idle_connection_that_closes_in_a_call_leaves_the_outcome_open() {
    let key = format!(r#"{{"id":"{API_KEY_ID}"}}"#);
    let success = head(200, &[("Content-Length", &key.len().to_string())]) + &key;
    // Both of the first two are under way at the same time, each on a connection.
    let slow = || {
        let pause = Behavior::from(Pause(Duration::from_millis(200)));
        pause.then([Send(success.clone().into_bytes())])
    };
    let unavailable = response(503, &[], "");
    let server = serve([slow(), slow(), Close.into(), unavailable, Close.into()]).await;
    let policy = RetryPolicy::standard().initial_delay(Duration::ZERO);
    let client = builder(&server).retry(policy.max_attempts(9)).build();
    let client = client.unwrap();
    let (first, second) = tokio::join!(update(&client), update(&client));
    assert_eq!((first.unwrap(), second.unwrap()), (1, 1));
    let error = update(&client).await.unwrap_err();
    assert!(error.is_transport() && error.outcome_unknown(), "{error}");
    assert_eq!(error.requests_sent(), 3);
}

#[tokio::test]
async fn an_error_says_what_may_have_happened() {
    let key = format!("/orgs/{ORG_ID}/apiKeys/{API_KEY_ID}");
    let requests = [
        (Method::GET, key.clone()),
        (Method::PATCH, key.clone()),
        (Method::PATCH, format!("/orgs/{ORG_ID}/settings")),
        (Method::DELETE, key.clone()),
        (Method::POST, format!("/groups/{PROJECT_ID}/apiKeys")),
        (Method::POST, format!("{key}/accessList")),
        (Method::POST, format!("/orgs/{ORG_ID}/teams")),
    ];
    let mut text = String::new();
    for (method, path) in requests {
        let server = serve([response(500, &[], "")]).await;
        let request = client(&server).request(method.clone(), path);
        let error = request.send::<Value>().await.unwrap_err();
        assert_eq!(error.outcome_unknown(), method != Method::GET);
        text += &format!("{error}\n");
    }
    insta::assert_snapshot!(text, @r"
    get_org_api_key GET /orgs/32b6e34b3d91647abb20e7b8/apiKeys/6a793f752c88faeba59bba49: the service failed: 500 Internal Server Error; try again later
    update_org_api_key PATCH /orgs/32b6e34b3d91647abb20e7b8/apiKeys/6a793f752c88faeba59bba49: the service failed: 500 Internal Server Error; try again later; the update may have been applied: read the key before you repeat it
    request PATCH /orgs/32b6e34b3d91647abb20e7b8/settings: the service failed: 500 Internal Server Error; try again later; the update may have been applied: read what it changes before you repeat it
    delete_org_api_key DELETE /orgs/32b6e34b3d91647abb20e7b8/apiKeys/6a793f752c88faeba59bba49: the service failed: 500 Internal Server Error; try again later; the deletion may have been applied: repeating it is harmless
    create_project_api_key POST /groups/5356823b3794de37132bb7b9/apiKeys: the service failed: 500 Internal Server Error; try again later; a key may have been created: look for it (find_created) before you create another
    add_access_list_entries POST /orgs/32b6e34b3d91647abb20e7b8/apiKeys/6a793f752c88faeba59bba49/accessList: the service failed: 500 Internal Server Error; try again later; entries may have been added: list them before you add them again
    request POST /orgs/32b6e34b3d91647abb20e7b8/teams: the service failed: 500 Internal Server Error; try again later; something may have been created: look for it before you repeat the request
    ");
}
