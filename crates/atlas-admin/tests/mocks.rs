//! The typed mocks: what they match, and what they answer, on each service.

use atlas_admin::{
    ApiVersion, Client, ClientBuilder, Credentials, ErrorCode, OrgRole, ProjectRole,
    RequestOptions, RetryPolicy,
    secrecy::ExposeSecret,
    testing::{
        Key,
        mock::{self, atlas_v1, atlas_v2, httpmock::MockServer, ops_manager_v1, types},
    },
};
use http::{StatusCode, header};

const ORG: &str = "32b6e34b3d91647abb20e7b8";
const PROJECT: &str = "5356823b3794de37132bb7b9";
const KEY: &str = "6a793f752c88faeba59bba49";

fn atlas(server: &MockServer) -> ClientBuilder {
    Client::builder()
        .base_url(server.base_url())
        .credentials(Credentials::bearer("token"))
        .retry(RetryPolicy::none())
}

fn described() -> types::ApiKey {
    Key::new(KEY)
        .desc("x")
        .org_role(ORG, OrgRole::Member)
        .project_role(PROJECT, ProjectRole::Owner)
        .into()
}

#[tokio::test]
async fn operations_are_matched_by_what_they_send() {
    use atlas_v2::MockServerExt;
    let server = MockServer::start_async().await;
    let body = types::OrgApiKeyUpdate {
        desc: Some("x".into()),
        roles: Some(vec!["ORG_MEMBER".into()]),
    };
    let update = server.update_org_api_key(|when, then| {
        when.org_id(ORG)
            .api_user_id(KEY)
            .pretty(true)
            .envelope(None)
            .body(&body);
        then.ok(&described());
    });
    let atlas = atlas(&server).build().unwrap();
    let call = |desc: &str, pretty| {
        let key = atlas.org(ORG).api_key(KEY).update().desc(desc);
        let options = RequestOptions::new().pretty(pretty);
        key.roles([OrgRole::Member]).options(options).send()
    };
    let key = call("x", true).await.unwrap();
    assert_eq!(key.desc.as_deref(), Some("x"));
    assert!(key.org_roles().eq([OrgRole::Member]));
    update.assert_async().await;
    assert!(call("y", true).await.unwrap_err().is_not_found());
    assert!(call("x", false).await.unwrap_err().is_not_found());
    assert_eq!(update.calls_async().await, 1);
}

#[tokio::test]
async fn atlas_v2_answers_in_the_type_of_the_version_that_serves() {
    use atlas_v2::MockServerExt;
    let server = MockServer::start_async().await;
    server.replace_project_api_key_roles(|when, then| {
        when.group_id(PROJECT);
        then.ok(&described());
    });
    server.get_org_api_key(|_, then| drop(then.ok(&described())));
    let atlas = atlas(&server).build().unwrap();
    let key = atlas.project(PROJECT).api_key(KEY);
    let key = key
        .replace_roles([ProjectRole::Owner])
        .send()
        .await
        .unwrap();
    assert_eq!(key.served_version(), Some(ApiVersion::V2023_01_01));
    assert_eq!(
        key.headers()[header::CONTENT_TYPE],
        "application/vnd.atlas.2023-01-01+json;charset=utf-8"
    );
    let read = atlas.org(ORG).api_key(KEY).get().send().await.unwrap();
    assert_eq!(read.served_version(), Some(ApiVersion::V2023_01_01));
}

/// One server for two services: each mock answers for its own alone.
#[tokio::test]
async fn the_other_services_have_paths_and_types_of_their_own() {
    let server = MockServer::start_async().await;
    let old = atlas_v1::MockServerExt::update_org_api_key(&server, |_, then| {
        drop(then.ok(&described()));
    });
    let private = ops_manager_v1::MockServerExt::update_org_api_key(&server, |_, then| {
        drop(then.ok(&described()));
    });
    let ops_manager = Client::builder()
        .ops_manager(server.base_url())
        .credentials(Credentials::digest("abcdefgh", "private"));
    for (builder, mock) in [(atlas(&server).atlas_v1(), old), (ops_manager, private)] {
        let atlas = builder.build().unwrap();
        let update = atlas.org(ORG).api_key(KEY).update().desc("x");
        let key = update.send().await.unwrap();
        assert_eq!(key.headers()[header::CONTENT_TYPE], "application/json");
        mock.assert_async().await;
    }
    let atlas = atlas(&server).build().unwrap();
    let update = atlas.org(ORG).api_key(KEY).update().desc("x").send();
    assert!(update.await.unwrap_err().is_not_found());
}

#[tokio::test]
async fn a_keys_life_can_be_mocked() {
    use atlas_v2::MockServerExt;
    let server = MockServer::start_async().await;
    let key = Key::new(KEY).desc("x").org_role(ORG, OrgRole::Member);
    server.create_org_api_key(|when, then| {
        let body = types::NewOrgApiKey {
            desc: "x".into(),
            roles: vec!["ORG_MEMBER".into()],
        };
        when.org_id(ORG).body(&body);
        mock::created(then.into_inner(), &key.clone().private_key("whole"));
    });
    server.list_org_api_keys(|when, then| {
        when.items_per_page(100);
        then.ok(&types::ApiKeyPage {
            links: None,
            results: vec![described()],
            total_count: Some(1),
        });
    });
    let delete = server.delete_org_api_key(|when, then| {
        when.api_user_id(KEY);
        then.no_content();
    });
    let entry = server.delete_access_list_entry(|when, then| {
        when.ip_address("203.0.113.0/24");
        then.no_content();
    });
    let org = atlas(&server).build().unwrap().org(ORG);
    let create = org.api_keys().create("x").roles([OrgRole::Member]);
    let new = create.await.unwrap();
    assert_eq!(new.private_key().expose_secret(), "whole");
    assert_eq!(org.api_keys().list().all().await.unwrap()[0].id, KEY);
    let list = org.api_key(KEY).access_list();
    list.delete("203.0.113.0/24").await.unwrap();
    assert!(
        list.delete("203.0.113.0/25")
            .await
            .unwrap_err()
            .is_not_found()
    );
    org.api_key(KEY).delete().await.unwrap();
    delete.assert_async().await;
    entry.assert_async().await;
}

#[tokio::test]
async fn a_refusal_has_the_services_shape() {
    use atlas_v2::MockServerExt;
    let server = MockServer::start_async().await;
    server.update_org_api_key(|_, then| {
        let then = then.into_inner().header("retry-after", "3");
        let status = StatusCode::TOO_MANY_REQUESTS;
        mock::refuse(then, status, ErrorCode::RATE_LIMITED, "Slowly.");
    });
    let atlas = atlas(&server).build().unwrap();
    let update = atlas.org(ORG).api_key(KEY).update().desc("x").send();
    let error = update.await.unwrap_err();
    assert!(error.is_rate_limited(), "{error}");
    assert_eq!(error.code(), Some(ErrorCode::RATE_LIMITED));
    assert_eq!(
        (error.detail(), error.reason()),
        (Some("Slowly."), Some("Too Many Requests"))
    );
    assert_eq!(error.retry_after().map(|wait| wait.as_secs()), Some(3));
    assert_eq!(error.headers().unwrap()["x-error-code"], "RATE_LIMITED");
}
