//! Answers recorded from the live service, through the public client.

use std::time::Duration;

use atlas_admin::{
    ApiKey, ApiVersion, Client, Credentials, Error, ErrorCode, ErrorKind, OrgRole, ProjectRole,
    Response,
};
use chrono::{TimeZone, Utc};
use httpmock::prelude::*;
use workspace_tests::{Recording, shared};

/// The organization, project and keys of the recordings.
const ORG: &str = "a0123456789abcdef012345a";
const PROJECT: &str = "b0123456789abcdef012345b";
const ORG_KEY: &str = "6a793f752c88faeba59bba49";
const PROJECT_KEY: &str = "6a793fbd2c88faeba59bd3b1";

/// A server that gives a recorded answer to requests for a path, and a client of it.
fn replay(path: String, name: &str) -> Option<(MockServer, Client)> {
    let recording = Recording::read(&shared("recordings")?.join(name)).unwrap();
    let server = MockServer::start();
    server.mock(|when, then| {
        when.method("PATCH")
            .path(path)
            .header("accept", "application/vnd.atlas.2025-03-12+json");
        recording
            .headers
            .iter()
            .fold(then.status(recording.status), |then, (name, value)| {
                then.header(name, value)
            })
            .body(&recording.body);
    });
    let client = Client::builder()
        .base_url(server.base_url())
        .unwrap()
        .credentials(Credentials::bearer("a.b.c"))
        .timeout(Duration::from_secs(10))
        .build()
        .unwrap();
    Some((server, client))
}

fn org_path() -> String {
    format!("/api/atlas/v2/orgs/{ORG}/apiKeys/{ORG_KEY}")
}

fn project_path() -> String {
    format!("/api/atlas/v2/groups/{PROJECT}/apiKeys/{PROJECT_KEY}")
}

#[tokio::test]
async fn an_updated_organization_key() -> Result<(), Error> {
    let Some((_server, client)) = replay(org_path(), "update-org-api-key-200.http") else {
        return Ok(());
    };
    let key = client
        .org(ORG)
        .api_key(ORG_KEY)
        .update()
        .desc("e2e-test-atlas-org-updated")
        .send()
        .await?;

    assert_eq!(key.id, ORG_KEY);
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
async fn a_key_with_new_project_roles() -> Result<(), Error> {
    let Some((_server, client)) = replay(project_path(), "update-project-roles-200.http") else {
        return Ok(());
    };
    let key = client
        .project(PROJECT)
        .api_key(PROJECT_KEY)
        .replace_roles([ProjectRole::DataAccessReadOnly])
        .send()
        .await?;

    assert_eq!(
        key.project_roles(PROJECT).collect::<Vec<_>>(),
        [ProjectRole::DataAccessReadOnly]
    );
    assert_eq!(key.org_roles().collect::<Vec<_>>(), [OrgRole::Member]);
    assert!(key.links[0].href.as_deref().unwrap().contains("/orgs/"));
    let limit = key.rate_limit().unwrap();
    assert_eq!((limit.limit, limit.remaining), (1200, 1198));
    Ok(())
}

#[tokio::test]
async fn an_unknown_project() {
    let Some((_server, client)) = replay(project_path(), "group-not-found-404.http") else {
        return;
    };
    let update = client
        .project(PROJECT)
        .api_key(PROJECT_KEY)
        .replace_roles([ProjectRole::ReadOnly]);
    let error = update.send().await.unwrap_err();

    assert!(error.is_not_found());
    assert_eq!(error.code(), Some(ErrorCode::GROUP_NOT_FOUND));
    assert_eq!(error.status().map(|status| status.as_u16()), Some(404));
    assert_eq!(error.parameters(), ["111111111111111111111111"]);
    assert!(!error.outcome_unknown());
    assert!(error.to_string().contains(PROJECT_KEY), "{error}");
}

async fn update(client: &Client) -> Result<Response<ApiKey>, Error> {
    let key = client.org(ORG).api_key(ORG_KEY);
    key.update().desc("x").send().await
}

/// The recorded challenge stands for any request without credentials; a token
/// that the service does not take is answered by it as well.
#[tokio::test]
async fn a_challenge_to_a_token() {
    let Some((_server, client)) = replay(org_path(), "digest-challenge-401.http") else {
        return;
    };
    let error = update(&client).await.unwrap_err();

    assert_eq!(error.kind(), ErrorKind::Token);
    assert_eq!(error.code(), Some(ErrorCode::UNEXPECTED_ERROR));
    assert!(!error.outcome_unknown());
}

#[tokio::test]
async fn a_challenge_to_a_key_pair() {
    let Some((server, _)) = replay(org_path(), "digest-challenge-401.http") else {
        return;
    };
    let client = Client::builder()
        .base_url(server.base_url())
        .unwrap()
        .credentials(Credentials::digest(
            "abcdefgh",
            "11111111-2222-3333-4444-555555555555",
        ))
        .build()
        .unwrap();
    let error = update(&client).await.unwrap_err();

    // One request without credentials, one with: the second refusal is final.
    assert_eq!(
        (error.kind(), error.requests_sent()),
        (ErrorKind::Credentials, 2)
    );
}

/// Recorded of another operation: its headers are the point, and its body is no
/// API key.
#[tokio::test]
async fn headers_of_a_deprecated_version() {
    let Some((_server, client)) = replay(org_path(), "deprecated-version-headers-200.http") else {
        return;
    };
    let error = update(&client).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);

    let key_body = r#"{"id":"6a793f752c88faeba59bba49"}"#;
    let recording = Recording::read(
        &shared("recordings")
            .unwrap()
            .join("deprecated-version-headers-200.http"),
    )
    .unwrap();
    let server = MockServer::start();
    server.mock(|when, then| {
        when.any_request();
        recording
            .headers
            .iter()
            .fold(then.status(200), |then, (name, value)| {
                then.header(name, value)
            })
            .body(key_body);
    });
    let client = Client::builder()
        .base_url(server.base_url())
        .unwrap()
        .credentials(Credentials::bearer("a.b.c"))
        .build()
        .unwrap();
    let key = update(&client).await.unwrap();
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
