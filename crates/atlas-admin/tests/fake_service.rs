//! The service in memory: what it answers, and that all above it is real.

use std::time::Duration;

use atlas_admin::{
    ApiKey, ApiVersion, Client, Credentials, Error, ErrorCode, ErrorKind, OrgRole, ProjectRole,
    RequestOptions, Response, RetryPolicy,
    testing::{FakeResponse, FakeService, Key, Operation},
};
use http::{HeaderValue, StatusCode, header};
use serde_json::json;

const ORG: &str = "32b6e34b3d91647abb20e7b8";
const PROJECT: &str = "5356823b3794de37132bb7b9";
const KEY: &str = "6a793f752c88faeba59bba49";
const OTHER_KEY: &str = "6a793f752c88faeba59bba50";

async fn update(atlas: &Client) -> Result<Response<ApiKey>, Error> {
    let update = atlas.org(ORG).api_key(KEY).update();
    let update = update.desc("ci deploys").roles([OrgRole::ReadOnly]);
    update.send().await
}

async fn replace(atlas: &Client) -> Result<Response<ApiKey>, Error> {
    let key = atlas.project(PROJECT).api_key(KEY);
    key.replace_roles([ProjectRole::Owner]).send().await
}

fn done() -> FakeService {
    let fake = FakeService::new();
    fake.always(Operation::GetOrgApiKey, FakeResponse::ok())
        .always(Operation::UpdateOrgApiKey, FakeResponse::ok())
        .always(Operation::ReplaceProjectRoles, FakeResponse::ok());
    fake
}

#[tokio::test]
async fn a_key_comes_back_as_it_was_described() {
    let fake = FakeService::new();
    let key = Key::new(KEY)
        .desc("night shift")
        .public_key("gswvkocq")
        .org_role(ORG, OrgRole::Owner)
        .project_role(PROJECT, "GROUP_BRAND_NEW");
    fake.once(
        Operation::GetOrgApiKey,
        FakeResponse::key(key).header(
            header::HeaderName::from_static("ratelimit-limit"),
            HeaderValue::from_static("500"),
        ),
    );
    let atlas = fake.builder().build().unwrap();
    let key = atlas.org(ORG).api_key(KEY).get().send().await.unwrap();
    assert_eq!(
        (key.id.as_str(), key.desc.as_deref()),
        (KEY, Some("night shift"))
    );
    assert_eq!(key.public_key.as_deref(), Some("gswvkocq"));
    let private = key.private_key.as_ref().unwrap().expose();
    assert!(private.starts_with("********-****-****-") && private.len() == 31);
    assert!(key.org_roles().eq([OrgRole::Owner]));
    assert!(
        key.project_roles(PROJECT)
            .eq([ProjectRole::from("GROUP_BRAND_NEW")])
    );
    assert_eq!(key.headers()["ratelimit-limit"], "500");
}

#[tokio::test]
async fn every_operation_of_every_service_is_answered_in_its_media_type() {
    let fake = done();
    let dated = "application/vnd.atlas.2023-01-01+json;charset=utf-8";
    let dated_later = fake.builder().api_version(ApiVersion::V2025_02_19);
    for (builder, media_type, served) in [
        (dated_later, dated, Some(ApiVersion::V2023_01_01)),
        (fake.builder().atlas_v1(), "application/json", None),
        (
            fake.builder().ops_manager("https://om.example.com:8443"),
            "application/json",
            None,
        ),
    ] {
        let atlas = builder.build().unwrap();
        let key = atlas.org(ORG).api_key(KEY).get().send().await.unwrap();
        assert_eq!(key.id, KEY);
        let key = update(&atlas).await.unwrap();
        assert_eq!(key.desc.as_deref(), Some("ci deploys"));
        assert!(key.org_roles().eq([OrgRole::ReadOnly]));
        assert_eq!(key.headers()[header::CONTENT_TYPE], media_type);
        assert_eq!(key.served_version(), served);
        let key = replace(&atlas).await.unwrap();
        assert!(key.project_roles(PROJECT).eq([ProjectRole::Owner]));
    }
}

#[tokio::test]
async fn requests_are_seen_without_credentials() {
    let fake = done();
    let atlas = fake
        .builder()
        .credentials(Credentials::digest("abcdefgh", "hush"))
        .api_version(ApiVersion::V2025_02_19)
        .build()
        .unwrap();
    let options = RequestOptions::new().pretty(true).envelope(false);
    let call = atlas.org(ORG).api_key(KEY).update();
    call.desc("x").options(options).send().await.unwrap();
    atlas.org(ORG).api_key(KEY).get().send().await.unwrap();
    let [update, read] = &fake.requests()[..] else {
        panic!("{:?}", fake.requests());
    };
    assert_eq!(update.operation, Operation::UpdateOrgApiKey);
    assert_eq!(update.method, http::Method::PATCH);
    assert_eq!(
        update.path,
        format!("/api/atlas/v2/orgs/{ORG}/apiKeys/{KEY}")
    );
    assert_eq!(
        update.query,
        [("envelope", "false"), ("pretty", "true")].map(|(n, v)| (n.into(), v.into()))
    );
    let dated = "application/vnd.atlas.2025-02-19+json";
    assert_eq!(
        (update.accept.as_str(), update.content_type.as_deref()),
        (dated, Some(dated))
    );
    assert_eq!(update.body, Some(json!({"desc": "x"})));
    assert_eq!(
        (update.org_id(), update.project_id(), update.api_key_id()),
        (ORG, "", KEY)
    );
    assert_eq!((&read.body, &read.content_type), (&None, &None));
    let shown = format!("{fake:?}");
    assert!(shown.contains(KEY), "{shown}");
    assert!(
        !shown.contains("hush") && !shown.contains("Digest"),
        "{shown}"
    );
}

#[tokio::test]
async fn each_reply_is_the_failure_that_it_says() {
    use ErrorKind::*;
    let retry = Duration::from_secs(7);
    let conflict = ErrorCode::from("BUSY");
    for (reply, kind, status, code, open) in [
        (
            FakeResponse::bad_credentials(),
            Credentials,
            401,
            Some(ErrorCode::UNEXPECTED_ERROR),
            false,
        ),
        (
            FakeResponse::not_allowed(),
            Permission,
            401,
            Some(ErrorCode::USER_UNAUTHORIZED),
            false,
        ),
        (
            FakeResponse::address_not_allowed(),
            Permission,
            403,
            Some(ErrorCode::IP_ADDRESS_NOT_ON_ACCESS_LIST),
            false,
        ),
        (
            FakeResponse::key_not_found(),
            NotFound,
            400,
            Some(ErrorCode::API_KEY_NOT_FOUND),
            false,
        ),
        (
            FakeResponse::last_owner(),
            Conflict,
            403,
            Some(ErrorCode::CANNOT_DEMOTE_LAST_ORG_OWNER),
            false,
        ),
        (
            FakeResponse::error(StatusCode::CONFLICT, conflict.clone(), "Busy."),
            Conflict,
            409,
            Some(conflict),
            false,
        ),
        (
            FakeResponse::rate_limited(retry),
            RateLimited,
            429,
            Some(ErrorCode::RATE_LIMITED_TOKEN_BUCKET),
            false,
        ),
        (
            FakeResponse::server_error(),
            Service,
            500,
            Some(ErrorCode::UNEXPECTED_ERROR),
            true,
        ),
        (FakeResponse::bad_gateway(), Service, 502, None, true),
        (FakeResponse::unavailable(), Service, 503, None, true),
        (FakeResponse::timeout(), Timeout, 0, None, true),
        (FakeResponse::broken_connection(), Transport, 0, None, true),
        (FakeResponse::no_connection(), Transport, 0, None, false),
        (
            FakeResponse::http(http::Response::new("{}")),
            Decode,
            200,
            None,
            true,
        ),
    ] {
        for credentials in [
            atlas_admin::Credentials::digest("abcdefgh", "private"),
            atlas_admin::Credentials::bearer("token"),
            atlas_admin::Credentials::service_account("mdb_sa_id_1", "mdb_sa_sk_1"),
        ] {
            let fake = FakeService::new();
            fake.always(Operation::ReplaceProjectRoles, reply.clone());
            let builder = fake.builder().retry(RetryPolicy::none());
            let atlas = builder.credentials(credentials).build().unwrap();
            let error = replace(&atlas).await.unwrap_err();
            let is_token = error.is_token() && error.is_credentials() && kind == Credentials;
            assert!(error.kind() == kind || is_token, "{reply:?}: {error}");
            let said = error.status().map_or(0, |status| status.as_u16());
            assert_eq!((said, error.code()), (status, code.clone()), "{error}");
            assert_eq!(error.outcome_unknown(), open, "{error}");
            assert!(error.retry_after().is_none_or(|wait| wait == retry));
            assert_eq!(error.retry_after().is_some(), kind == RateLimited);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn replies_come_in_order_and_retries_are_real() {
    let fake = FakeService::new();
    fake.once(
        Operation::UpdateOrgApiKey,
        FakeResponse::rate_limited(Duration::from_secs(20)),
    )
    .once(Operation::UpdateOrgApiKey, FakeResponse::no_connection())
    .always(Operation::UpdateOrgApiKey, FakeResponse::ok());
    let atlas = fake.builder().build().unwrap();
    let started = tokio::time::Instant::now();
    update(&atlas).await.unwrap();
    assert!(started.elapsed() >= Duration::from_secs(20));
    assert_eq!(fake.requests().len(), 3);

    // A broken connection may have carried the update: only a policy repeats it.
    fake.once(
        Operation::UpdateOrgApiKey,
        FakeResponse::broken_connection(),
    );
    let error = update(&atlas).await.unwrap_err();
    assert!(error.is_transport() && error.outcome_unknown(), "{error}");
    let policy = RetryPolicy::standard().retry_ambiguous(true);
    fake.once(Operation::UpdateOrgApiKey, FakeResponse::timeout());
    let atlas = fake.builder().retry(policy).build().unwrap();
    update(&atlas).await.unwrap();
    assert_eq!(fake.requests().len(), 6);
}

#[tokio::test]
async fn an_envelope_is_there_if_it_is_asked_for() {
    let fake = FakeService::new();
    let update = Operation::UpdateOrgApiKey;
    fake.once(update, FakeResponse::ok());
    fake.once(update, FakeResponse::key_not_found());
    fake.always(update, FakeResponse::bad_credentials());
    let atlas = fake.builder().build().unwrap();
    let call = || {
        let update = atlas.org(ORG).api_key(KEY).update().desc("x");
        let options = RequestOptions::new().envelope(true);
        update.options(options).send()
    };
    assert_eq!(call().await.unwrap().id, KEY);
    let error = call().await.unwrap_err();
    assert!(error.is_not_found(), "{error}");
    assert_eq!(error.status(), Some(StatusCode::BAD_REQUEST));
    assert!(call().await.unwrap_err().is_credentials());
}

#[tokio::test]
async fn replies_can_depend_on_the_key() {
    let fake = FakeService::new();
    fake.always_with(Operation::UpdateOrgApiKey, |request| {
        if request.api_key_id() == OTHER_KEY {
            FakeResponse::key_not_found()
        } else {
            FakeResponse::ok()
        }
    });
    let atlas = fake.builder().build().unwrap();
    let call = |key| atlas.org(ORG).api_key(key).update().desc("x").send();
    let (one, other) = tokio::join!(call(KEY), call(OTHER_KEY));
    assert_eq!(one.unwrap().id, KEY);
    assert!(other.unwrap_err().is_not_found());
}

#[tokio::test]
async fn a_request_without_a_reply_is_named() {
    let fake = FakeService::new();
    fake.once(Operation::UpdateOrgApiKey, FakeResponse::ok());
    let atlas = fake.builder().build().unwrap();
    update(&atlas).await.unwrap();
    let error = update(&atlas).await.unwrap_err();
    assert_eq!(error.code(), Some(ErrorCode::from("NO_FAKE_RESPONSE")));
    insta::assert_snapshot!(error, @r#"update_org_api_key of API key 6a793f752c88faeba59bba49 in organization 32b6e34b3d91647abb20e7b8: the service failed: 421 Misdirected Request NO_FAKE_RESPONSE "no response is set for update_org_api_key: PATCH /api/atlas/v2/orgs/32b6e34b3d91647abb20e7b8/apiKeys/6a793f752c88faeba59bba49""#);
    assert!(!error.outcome_unknown());
    assert!(replace(&atlas).await.is_err());
    assert_eq!(fake.requests().len(), 3);
}

/// The address would be refused, or would not be found, if anybody asked for it.
#[tokio::test]
async fn no_network_is_touched() {
    let fake = done();
    let builder = fake.builder().base_url("http://127.0.0.1:1");
    let atlas = builder.build().unwrap();
    update(&atlas).await.unwrap();
    atlas.revoke_token().await.unwrap();
}

#[tokio::test]
async fn tokens_are_given_and_taken_back() {
    let fake = done();
    let account = Credentials::service_account("mdb_sa_id_1", "mdb_sa_sk_1");
    let atlas = fake.builder().credentials(account).build().unwrap();
    update(&atlas).await.unwrap();
    atlas.revoke_token().await.unwrap();
    assert_eq!(fake.requests().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn pacing_does_not_put_failures_one_behind_another() {
    let fake = FakeService::new();
    fake.always(Operation::UpdateOrgApiKey, FakeResponse::no_connection());
    let atlas = fake.builder().limit_rate(true).build().unwrap();
    let started = tokio::time::Instant::now();
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..100 {
        let atlas = atlas.clone();
        calls.spawn(async move { update(&atlas).await.unwrap_err() });
    }
    calls.join_all().await;
    assert!(started.elapsed() < Duration::from_secs(60));
}

#[tokio::test]
async fn a_success_about_another_key_is_not_believed() {
    let fake = FakeService::new();
    for operation in [
        Operation::UpdateOrgApiKey,
        Operation::ReplaceProjectRoles,
        Operation::GetOrgApiKey,
    ] {
        fake.always(operation, FakeResponse::another_key());
    }
    let atlas = fake.builder().build().unwrap();
    let read = atlas.org(ORG).api_key(KEY).get().send().await.map(drop);
    for (result, outcome_unknown) in [
        (update(&atlas).await.map(drop), true),
        (replace(&atlas).await.map(drop), true),
        (read, false),
    ] {
        let error = result.unwrap_err();
        assert!(error.is_decode(), "{error}");
        assert_eq!(error.outcome_unknown(), outcome_unknown, "{error}");
        assert!(error.mismatches().is_empty());
        assert!(error.to_string().contains("another API key"), "{error}");
    }
    assert_eq!(fake.requests().len(), 3);
}

#[tokio::test]
async fn a_success_with_other_values_than_the_update_set_is_not_believed() {
    let fake = FakeService::new();
    let atlas = fake.builder().build().unwrap();
    let key = |desc: &str, roles: &[&str]| {
        let key = Key::new(KEY).desc(desc).project_role(PROJECT, "GROUP_X");
        let add = |key: Key, role: &&str| key.org_role(ORG, *role);
        FakeResponse::key(roles.iter().fold(key, add))
    };
    let (a, b) = ("ORG_MEMBER", "ORG_READ_ONLY");
    let call = async |response, desc: Option<&str>, roles: &[&str]| {
        fake.once(Operation::UpdateOrgApiKey, response);
        let mut update = atlas.org(ORG).api_key(KEY).update();
        if let Some(desc) = desc {
            update = update.desc(desc);
        }
        if !roles.is_empty() {
            update = update.roles(roles.iter().copied());
        }
        update.send().await.map(drop)
    };
    for (response, desc, roles) in [
        (key("x", &[a, b]), Some("x"), &[b, a, b][..]),
        (key("other", &[a]), None, &[a]),
        (key("x", &[a, b]), Some("x"), &[]),
    ] {
        call(response, desc, roles).await.unwrap();
    }
    for (response, desc, roles, fields) in [
        (
            FakeResponse::stale_desc(),
            Some("x"),
            &[a][..],
            &["desc"][..],
        ),
        (FakeResponse::stale_roles(), Some("x"), &[a], &["roles"]),
        (key("x ", &[b]), Some("x"), &[a], &["desc", "roles"]),
        (key("x", &[]), None, &[a], &["roles"]),
        (key("x", &[a, b]), None, &[a], &["roles"]),
        (key("x", &[a]), None, &[a, b], &["roles"]),
    ] {
        let error = call(response, desc, roles).await.unwrap_err();
        assert!(error.is_mismatch() && error.outcome_unknown(), "{error}");
        let named: Vec<_> = error.mismatches().iter().map(|m| m.field).collect();
        assert_eq!(named, fields, "{error}");
    }

    let response = key("AAA\n\u{1b}[2J", &[b]);
    let error = call(response, Some("BBB"), &[a]).await.unwrap_err();
    insta::assert_snapshot!(error, @r#"update_org_api_key of API key 6a793f752c88faeba59bba49 in organization 32b6e34b3d91647abb20e7b8: the response does not match the request: it has desc "AAA\n\u001b[2J" instead of "BBB", and roles ["ORG_READ_ONLY"] instead of ["ORG_MEMBER"]: 200 OK; something else may have changed the key at the same time; the update may have been applied: read the key before you repeat it"#);
    let [desc, roles] = error.mismatches() else {
        panic!("{error}");
    };
    assert_eq!(
        (&desc.requested, &desc.returned),
        (&"BBB".into(), &"AAA\n\u{1b}[2J".into())
    );
    assert_eq!(roles.requested, serde_json::json!([a]));
    assert_eq!(roles.returned, serde_json::json!([b]));
}

#[tokio::test]
async fn roles_elsewhere_do_not_matter_to_a_project() {
    let fake = FakeService::new();
    let atlas = fake.builder().build().unwrap();
    let key = Key::new(KEY)
        .org_role(ORG, OrgRole::Member)
        .project_role(ORG, ProjectRole::Owner);
    let replace = Operation::ReplaceProjectRoles;
    let call = || {
        let key = atlas.project(PROJECT).api_key(KEY);
        key.replace_roles([ProjectRole::ReadOnly]).send()
    };
    fake.once(replace, FakeResponse::key(key.clone()));
    assert!(call().await.unwrap_err().is_mismatch());
    let key = key.project_role(PROJECT, ProjectRole::ReadOnly);
    fake.once(replace, FakeResponse::key(key));
    call().await.unwrap();
}
