//! What answers become.

use std::time::Duration;

use http::StatusCode;

use super::*;
use crate::{ApiVersion, ErrorCode, ErrorKind};

async fn answered(
    answers: impl IntoIterator<Item = http::Response<String>>,
) -> Result<Response<ApiKey>, Error> {
    let client = FakeService::answering(answers).client(atlas());
    update(&client, RequestOptions::new()).await
}

async fn failed(status: u16, headers: &[(&str, &str)], body: &str) -> Error {
    answered([answer(status, headers, body)]).await.unwrap_err()
}

fn coded(code: &str) -> String {
    format!(
        r#"{{"detail":"Because.","error":1,"errorCode":"{code}","parameters":["a",1,{{}}],"reason":"R"}}"#
    )
}

#[tokio::test]
async fn a_byte_order_mark_is_not_part_of_a_body() {
    let key = answered([answer(200, &[], &format!("\u{feff}{{\"id\":\"{KEY}\"}}"))])
        .await
        .unwrap();
    assert_eq!(key.id, KEY);
    let error = failed(403, &[], &format!("\u{feff}{}", coded("NOT_ORG_OWNER"))).await;
    assert_eq!(error.code(), Some(ErrorCode::NOT_ORG_OWNER));
}

#[tokio::test]
async fn a_success_with_everything() {
    let key = answered([answer(
        200,
        &[
            ("content-type", "application/vnd.atlas.2023-01-01+json;charset=utf-8"),
            ("ratelimit-limit", "500"),
            ("ratelimit-remaining", "489"),
            ("deprecation", "Mon, 5 Aug 2024 00:00:00 GMT"),
            ("sunset", "Thu, 1 Jul 2027 00:00:00 GMT"),
            ("x-mongodb-service-version", "gitHash=2; versionString=master"),
        ],
        &format!(
            r#"{{"desc":"ci deploys","id":"{KEY}","links":[{{"href":"h","rel":"self"}}],
                "privateKey":"********-****-****-01bdd56c8977","publicKey":"gswvkocq","brandNew":[1],
                "roles":[{{"orgId":"{ORG}","roleName":"ORG_READ_ONLY"}},{{"groupId":"{PROJECT}","roleName":"GROUP_ODD"}},{{}}]}}"#
        ),
    )])
    .await
    .unwrap();
    assert_eq!(key.status(), StatusCode::OK);
    assert_eq!(key.requests_sent(), 1);
    assert_eq!(key.served_version(), Some(ApiVersion::V2023_01_01));
    let limit = key.rate_limit().unwrap();
    assert_eq!((limit.limit, limit.remaining), (500, 489));
    let deprecation = key.deprecation().unwrap();
    assert_eq!(
        deprecation.deprecated_at.unwrap().to_string(),
        "2024-08-05 00:00:00 UTC"
    );
    assert_eq!(
        deprecation.sunset_at.unwrap().to_string(),
        "2027-07-01 00:00:00 UTC"
    );
    assert_eq!(
        key.service_version(),
        Some("gitHash=2; versionString=master")
    );

    assert_eq!(key.org_roles().collect::<Vec<_>>(), [OrgRole::ReadOnly]);
    assert_eq!(
        key.project_roles(PROJECT).collect::<Vec<_>>(),
        [ProjectRole::from("GROUP_ODD")]
    );
    let private = key.private_key.as_ref().unwrap();
    assert_eq!(private.expose(), "********-****-****-01bdd56c8977");
    let shown = format!("{key:?} {}", serde_json::to_string(&*key).unwrap());
    assert!(
        shown.contains("gswvkocq") && !shown.contains("01bdd56c8977"),
        "{shown}"
    );
}

#[tokio::test]
async fn a_success_with_the_least() {
    let key = answered([key_answer()]).await.unwrap();
    assert_eq!(
        (key.served_version(), key.rate_limit(), key.deprecation()),
        (None, None, None)
    );
    assert_eq!(key.into_inner().id, KEY);
}

#[tokio::test]
async fn envelopes_are_opened() {
    let open = async |body: String| {
        let fake = FakeService::answering([answer(200, &[], &body)]);
        update(&fake.client(atlas()), RequestOptions::new().envelope(true)).await
    };
    for name in ["content", "envelope"] {
        let key = open(format!(r#"{{"status":200,"{name}":{{"id":"{KEY}"}}}}"#))
            .await
            .unwrap();
        assert_eq!(key.id, KEY);
    }
    let error = open(format!(
        r#"{{"status":404,"content":{}}}"#,
        coded("GROUP_NOT_FOUND")
    ))
    .await
    .unwrap_err();
    assert!(error.is_not_found() && !error.outcome_unknown());
    assert_eq!(error.status(), Some(StatusCode::NOT_FOUND));
    assert_eq!(error.code(), Some(ErrorCode::GROUP_NOT_FOUND));
    let error = open(r#"{"status":503,"content":null}"#.to_owned())
        .await
        .unwrap_err();
    assert!(error.is_service() && error.outcome_unknown());
}

#[tokio::test]
async fn refusals_by_status_and_code() {
    use ErrorKind::*;
    for (status, code, kind) in [
        (400, "INVALID_API_KEY_DESC", Input),
        (400, "API_KEY_NOT_FOUND", NotFound),
        (404, "API_KEY_NOT_FOUND", NotFound),
        (404, "ORG_NOT_FOUND", NotFound),
        (403, "IP_ADDRESS_NOT_ON_ACCESS_LIST", Permission),
        (401, "NOT_ORG_OWNER", Permission),
        (401, "UNEXPECTED_ERROR", Token),
        (403, "CANNOT_DEMOTE_LAST_ORG_OWNER", Conflict),
        (409, "ANY", Conflict),
        (406, "INVALID_VERSION_DATE", Version),
        (410, "VERSION_GONE", Version),
        (406, "ANY", Version),
        (410, "ANY", Version),
        (429, "RATE_LIMITED_TOKEN_BUCKET", RateLimited),
        (405, "WRITES_NOT_ALLOWED_DURING_APP_UPGRADES", Service),
        (500, "UNEXPECTED_ERROR", Service),
        (307, "ANY", Redirect),
    ] {
        let error = failed(
            status,
            &[("location", "https://elsewhere.example.com/")],
            &coded(code),
        )
        .await;
        assert_eq!(error.kind(), kind, "{status} {code}");
        assert_eq!(error.is_version(), kind == Version, "{status} {code}");
        assert_eq!(error.status().map(|s| s.as_u16()), Some(status));
        assert_eq!(error.code(), Some(ErrorCode::from(code)));
        assert_eq!(error.detail(), Some("Because."));
        assert_eq!(error.reason(), Some("R"));
        assert_eq!(error.parameters().len(), 3);
        assert_eq!(error.operation(), Some("update_org_api_key"));
        assert_eq!(error.outcome_unknown(), status >= 500, "{status} {code}");
        assert_eq!(error.requests_sent(), 1);
    }
}

#[tokio::test]
async fn a_status_survives_any_body() {
    for body in [
        "",
        "<html>Bad gateway</html>",
        "{\"detail\":\"cut",
        "null",
        "[]",
        "{\"parameters\":null,\"detail\":7}",
    ] {
        for status in [400, 403, 404, 429, 500, 502, 503, 504] {
            let error = failed(status, &[], body).await;
            assert_eq!(error.status().map(|s| s.as_u16()), Some(status));
            assert_eq!(error.body(), Some(body.as_bytes()));
            assert_eq!(error.code(), None);
        }
    }
}

#[tokio::test]
async fn a_success_that_cannot_be_read_leaves_the_outcome_open() {
    for (status, body) in [
        (200, "<html>login</html>"),
        (200, ""),
        (200, "[]"),
        (200, r#"{"id":7}"#),
        (204, ""),
        (202, "{}"),
    ] {
        let error = failed(status, &[], body).await;
        assert!(
            error.is_decode() && error.outcome_unknown(),
            "{status} {body}: {error}"
        );
        assert_eq!(error.status().map(|s| s.as_u16()), Some(status));
    }
}

#[tokio::test]
async fn what_errors_say() {
    let texts = [
        failed(
            404,
            &[],
            r#"{"detail":"No group with ID 1 exists.","errorCode":"GROUP_NOT_FOUND"}"#,
        )
        .await,
        failed(404, &[], "<html>").await,
        failed(401, &[], &coded("NOT_ORG_OWNER")).await,
        failed(403, &[], &coded("IP_ADDRESS_NOT_ON_ACCESS_LIST")).await,
        failed(410, &[], &coded("VERSION_GONE")).await,
        failed(429, &[("retry-after", "7")], &coded("RATE_LIMITED")).await,
        failed(302, &[("location", "https://evil.example.com/\t?x")], "").await,
        failed(502, &[], "<html>").await,
        failed(400, &[], r#"{"detail":"one\ntwo\u001b[2J"}"#).await,
        failed(200, &[], r#"{"id":7}"#).await,
    ]
    .map(|error| error.to_string())
    .join("\n");
    insta::assert_snapshot!(texts, @r#"
    update_org_api_key of API key 6a793f752c88faeba59bba49 in organization 32b6e34b3d91647abb20e7b8: no such organization, project or API key: 404 Not Found GROUP_NOT_FOUND "No group with ID 1 exists."; check the ids, and that the key belongs to this organization or project
    update_org_api_key of API key 6a793f752c88faeba59bba49 in organization 32b6e34b3d91647abb20e7b8: no such organization, project or API key: 404 Not Found; check the base URL and the ids
    update_org_api_key of API key 6a793f752c88faeba59bba49 in organization 32b6e34b3d91647abb20e7b8: the service does not allow this operation: 401 Unauthorized NOT_ORG_OWNER "Because."; check the calling key's roles, its access list, and that it belongs to this organization
    update_org_api_key of API key 6a793f752c88faeba59bba49 in organization 32b6e34b3d91647abb20e7b8: the service does not allow this operation: 403 Forbidden IP_ADDRESS_NOT_ON_ACCESS_LIST "Because."; add this machine's address to the access list of the calling key
    update_org_api_key of API key 6a793f752c88faeba59bba49 in organization 32b6e34b3d91647abb20e7b8: the service does not serve this version: 410 Gone VERSION_GONE "Because."; known versions are 2023-01-01, 2023-02-01, 2023-10-01, 2023-11-15, 2024-05-30, 2024-08-05, 2024-10-23, 2024-11-13, 2025-02-19, 2025-03-12
    update_org_api_key of API key 6a793f752c88faeba59bba49 in organization 32b6e34b3d91647abb20e7b8: the rate limit is exhausted: 429 Too Many Requests RATE_LIMITED "Because."; wait 7 s
    update_org_api_key of API key 6a793f752c88faeba59bba49 in organization 32b6e34b3d91647abb20e7b8: the service sent a redirect, which the client does not follow: 302 Found; if "https://evil.example.com/\t?x" is right, use its address as the base URL
    update_org_api_key of API key 6a793f752c88faeba59bba49 in organization 32b6e34b3d91647abb20e7b8: the service failed: 502 Bad Gateway; try again later; the update may have been applied: read the key before you repeat it
    update_org_api_key of API key 6a793f752c88faeba59bba49 in organization 32b6e34b3d91647abb20e7b8: the service rejected the input: 400 Bad Request "one\ntwo\u{1b}[2J"
    update_org_api_key of API key 6a793f752c88faeba59bba49 in organization 32b6e34b3d91647abb20e7b8: the response is not an API key: 200 OK; the update may have been applied: read the key before you repeat it
    "#);
}

#[tokio::test]
async fn field_violations_and_waits_are_read() {
    let error = failed(
        400,
        &[],
        r#"{"errorCode":"VALIDATION_ERROR","badRequestDetail":{"fields":[{"field":"desc","description":"too long"}]}}"#,
    )
    .await;
    assert_eq!(error.field_violations()[0].field, "desc");
    assert_eq!(error.field_violations()[0].description, "too long");
    let error = failed(429, &[("retry-after", "30")], "").await;
    assert_eq!(error.retry_after(), Some(Duration::from_secs(30)));
}

#[tokio::test]
async fn neither_errors_nor_clients_show_a_secret() {
    let secret_body = r#"{"id":7,"privateKey":"hush"}"#;
    let error = failed(200, &[("set-cookie", "hush")], secret_body).await;
    assert!(!format!("{error} {error:?}").contains("hush"));
    let source = std::error::Error::source(&error).unwrap();
    assert!(!format!("{source} {source:?}").contains("hush"));

    let fake = FakeService::answering([]);
    for (credentials, auth) in [
        (Credentials::digest("abcdefgh", "hush"), "abcdefgh"),
        (
            Credentials::service_account("mdb_sa_id_1", "hush"),
            "mdb_sa_id_1",
        ),
        (Credentials::bearer("hush"), "BearerToken"),
    ] {
        let builder = Client::builder().credentials(credentials.clone());
        let client = fake.client(builder.clone());
        let org = client.org(ORG);
        let call = org.clone().api_key(KEY).update();
        let project = client.project(PROJECT);
        let shown = format!("{credentials:?} {builder:?} {client:?} {org:?} {call:?} {project:?}");
        assert!(!shown.contains("hush"), "{shown}");
        assert!(format!("{client:?}").contains(auth), "{client:?}");
    }
}
