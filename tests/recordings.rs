//! Responses that were recorded from the live service, as the client reads them.

use std::{error::Error as StdError, time::Duration};

use atlas_admin::{
    ApiKey, ApiVersion, Client, Credentials, Error, ErrorCode, ErrorKind, OrgRole, ProjectRole,
    Response,
};
use chrono::{TimeZone, Utc};
use workspace_tests::{
    Recording,
    fault_server::{Behavior, FaultServer},
    ids::recorded::{ORG_API_KEY_ID, ORG_ID, PROJECT_API_KEY_ID, PROJECT_ID, UNKNOWN_PROJECT_ID},
    shared,
};

type TestResult = Result<(), Box<dyn StdError>>;

fn recording(name: &str) -> Option<Recording> {
    Some(Recording::read(&shared("recordings")?.join(name)).unwrap())
}

/// Starts a server that sends a recording as the response to every request.
async fn replay(recording: &Recording) -> FaultServer {
    let response = Behavior::from(recording.to_http1().as_str());
    let server = FaultServer::start_handler(move |_| response.clone());
    server.await.unwrap()
}

fn client(server: &FaultServer, credentials: Credentials) -> Client {
    let builder = Client::builder().base_url(&server.url);
    builder
        .credentials(credentials)
        .timeout(Duration::from_secs(10))
        .build()
        .unwrap()
}

fn bearer() -> Credentials {
    Credentials::bearer("a.b.c")
}

/// Checks that the request that was recorded, in the current API version, was the last one.
fn assert_sent(server: &FaultServer, path: &str) {
    let request = server.requests().pop().unwrap();
    let line = format!("PATCH {path} HTTP/1.1\r\n");
    assert!(request.starts_with(&line), "{request}");
    let accept = "\r\naccept: application/vnd.atlas.2025-03-12+json\r\n";
    assert!(request.contains(accept), "{request}");
}

fn org_path() -> String {
    format!("/api/atlas/v2/orgs/{ORG_ID}/apiKeys/{ORG_API_KEY_ID}")
}

fn project_path() -> String {
    format!("/api/atlas/v2/groups/{PROJECT_ID}/apiKeys/{PROJECT_API_KEY_ID}")
}

#[tokio::test]
async fn update_org_api_key() -> TestResult {
    let Some(recording) = recording("update-org-api-key-200.http") else {
        return Ok(());
    };
    let server = replay(&recording).await;
    let key = client(&server, bearer())
        .org(ORG_ID)
        .api_key(ORG_API_KEY_ID)
        .update()
        .desc("e2e-test-atlas-org-updated")
        .send()
        .await?;

    assert_sent(&server, &org_path());
    assert_eq!(key.id, ORG_API_KEY_ID);
    assert_eq!(key.desc.as_deref(), Some("e2e-test-atlas-org-updated"));
    assert_eq!(key.public_key.as_deref(), Some("gswvkocq"));
    assert_eq!(key.org_roles().collect::<Vec<_>>(), [OrgRole::ReadOnly]);
    assert_eq!(key.served_version(), Some(ApiVersion::V2023_01_01));
    let limit = key.rate_limit().unwrap();
    assert_eq!((limit.limit, limit.remaining), (500, 489));
    let private_key = key.private_key.as_ref().unwrap();
    assert_eq!(private_key.expose(), "********-****-****-01bdd56c8977");
    assert!(!format!("{key:?}").contains("01bdd56c8977"));
    Ok(())
}

#[tokio::test]
async fn replace_project_roles() -> TestResult {
    let Some(recording) = recording("update-project-roles-200.http") else {
        return Ok(());
    };
    let server = replay(&recording).await;
    let key = client(&server, bearer())
        .project(PROJECT_ID)
        .api_key(PROJECT_API_KEY_ID)
        .replace_roles([ProjectRole::DataAccessReadOnly])
        .send()
        .await?;

    assert_sent(&server, &project_path());
    assert_eq!(
        key.project_roles(PROJECT_ID).collect::<Vec<_>>(),
        [ProjectRole::DataAccessReadOnly]
    );
    assert_eq!(key.org_roles().collect::<Vec<_>>(), [OrgRole::Member]);
    assert!(key.links[0].href.as_deref().unwrap().contains("/orgs/"));
    let limit = key.rate_limit().unwrap();
    assert_eq!((limit.limit, limit.remaining), (1200, 1198));
    Ok(())
}

#[tokio::test]
async fn unknown_project() {
    let Some(recording) = recording("group-not-found-404.http") else {
        return;
    };
    let server = replay(&recording).await;
    let update = client(&server, bearer())
        .project(PROJECT_ID)
        .api_key(PROJECT_API_KEY_ID)
        .replace_roles([ProjectRole::ReadOnly]);
    let error = update.send().await.unwrap_err();

    assert_sent(&server, &project_path());
    assert!(error.is_not_found());
    assert_eq!(error.code(), Some(ErrorCode::GROUP_NOT_FOUND));
    assert_eq!(error.status().map(|status| status.as_u16()), Some(404));
    assert_eq!(error.parameters(), [UNKNOWN_PROJECT_ID]);
    assert!(!error.outcome_unknown());
    assert!(error.to_string().contains(PROJECT_API_KEY_ID), "{error}");
}

async fn update(client: &Client) -> Result<Response<ApiKey>, Error> {
    let key = client.org(ORG_ID).api_key(ORG_API_KEY_ID);
    key.update().desc("x").send().await
}

/// The service sends the recorded challenge to any request without valid credentials,
/// so also to an invalid token.
#[tokio::test]
async fn challenge_after_a_token() {
    let Some(recording) = recording("digest-challenge-401.http") else {
        return;
    };
    let server = replay(&recording).await;
    let error = update(&client(&server, bearer())).await.unwrap_err();

    assert_sent(&server, &org_path());
    assert_eq!(error.kind(), ErrorKind::Token);
    assert_eq!(error.code(), Some(ErrorCode::UNEXPECTED_ERROR));
    assert!(!error.outcome_unknown());
}

#[tokio::test]
async fn challenge_after_digest_credentials() {
    let Some(recording) = recording("digest-challenge-401.http") else {
        return;
    };
    let server = replay(&recording).await;
    let credentials = Credentials::digest("abcdefgh", "11111111-2222-3333-4444-555555555555");
    let error = update(&client(&server, credentials)).await.unwrap_err();

    // One request without credentials and one with them: the second 401 is final.
    assert_sent(&server, &org_path());
    assert_eq!(
        (error.kind(), error.requests_sent()),
        (ErrorKind::Credentials, 2)
    );
}

/// The recording is of another operation: its headers matter, and its body is no API key.
#[tokio::test]
async fn headers_of_a_deprecated_version() {
    let Some(mut recording) = recording("deprecated-version-headers-200.http") else {
        return;
    };
    let server = replay(&recording).await;
    let error = update(&client(&server, bearer())).await.unwrap_err();
    assert_sent(&server, &org_path());
    assert_eq!(error.kind(), ErrorKind::Decode);

    recording.body = format!(r#"{{"id":"{ORG_API_KEY_ID}"}}"#);
    let server = replay(&recording).await;
    let key = update(&client(&server, bearer())).await.unwrap();
    let deprecation = key.deprecation().unwrap();
    assert_eq!(
        deprecation.deprecated_at,
        Utc.with_ymd_and_hms(2024, 8, 5, 0, 0, 0).single()
    );
    assert_eq!(
        deprecation.sunset_at,
        Utc.with_ymd_and_hms(2027, 7, 1, 0, 0, 0).single()
    );
    assert_eq!(key.served_version(), Some(ApiVersion::V2023_02_01));
}
