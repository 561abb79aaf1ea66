//! The exact requests.

use http::{Method, header};

use super::*;
use crate::{ApiVersion, call};

#[tokio::test]
async fn atlas_v2_update() {
    let fake = FakeService::answering([key_answer()]);
    let client = fake.client(atlas().api_version(ApiVersion::V2025_02_19));
    update(&client, RequestOptions::new()).await.unwrap();
    insta::assert_snapshot!(fake.last_request(), @r#"
    PATCH https://cloud.mongodb.com/api/atlas/v2/orgs/32b6e34b3d91647abb20e7b8/apiKeys/6a793f752c88faeba59bba49
    accept: application/vnd.atlas.2025-02-19+json
    authorization: [sensitive]
    content-type: application/vnd.atlas.2025-02-19+json
    user-agent: atlas-admin/0.1.0

    {"desc":"ci deploys","roles":["ORG_READ_ONLY"]}
    "#);
}

#[tokio::test]
async fn atlas_v2_replace_with_every_option() {
    let fake = FakeService::answering([key_answer()]);
    let client = fake.client(
        atlas()
            .base_url("https://cloud.mongodbgov.com/")
            .user_agent_suffix("deploy-bot/1.2"),
    );
    let options = RequestOptions::new()
        .envelope(true)
        .pretty(false)
        .page_num(1)
        .items_per_page(500)
        .include_count(true)
        .api_version(ApiVersion::V2023_10_01);
    client
        .project(PROJECT)
        .api_key(KEY)
        .replace_roles(["GROUP_READ_ONLY", "GROUP_BRAND_NEW", "GROUP_READ_ONLY"])
        .desc("tab \" and é")
        .options(options)
        .send()
        .await
        .unwrap();
    insta::assert_snapshot!(fake.last_request(), @r#"
    PATCH https://cloud.mongodbgov.com/api/atlas/v2/groups/5356823b3794de37132bb7b9/apiKeys/6a793f752c88faeba59bba49?envelope=true&includeCount=true&itemsPerPage=500&pageNum=1&pretty=false
    accept: application/vnd.atlas.2023-10-01+json
    authorization: [sensitive]
    content-type: application/vnd.atlas.2023-10-01+json
    user-agent: atlas-admin/0.1.0 deploy-bot/1.2

    {"desc":"tab \" and é","roles":["GROUP_READ_ONLY","GROUP_BRAND_NEW"]}
    "#);
}

#[tokio::test]
async fn atlas_v1_replace() {
    let fake = FakeService::answering([key_answer()]);
    let client = fake.client(atlas().atlas_v1());
    replace(&client, RequestOptions::new()).await.unwrap();
    insta::assert_snapshot!(fake.last_request(), @r#"
    PATCH https://cloud.mongodb.com/api/atlas/v1.0/groups/5356823b3794de37132bb7b9/apiKeys/6a793f752c88faeba59bba49
    accept: application/json
    authorization: [sensitive]
    content-type: application/json
    user-agent: atlas-admin/0.1.0

    {"roles":["GROUP_READ_ONLY"]}
    "#);
}

#[tokio::test]
async fn ops_manager_update_of_the_description_alone() {
    let fake = FakeService::answering([key_answer()]);
    let client = fake.client(ops_manager());
    client
        .org(ORG)
        .api_key(KEY)
        .update()
        .desc("x")
        .send()
        .await
        .unwrap();
    insta::assert_snapshot!(fake.last_request(), @r#"
    PATCH https://om.example.com:8443/api/public/v1.0/orgs/32b6e34b3d91647abb20e7b8/apiKeys/6a793f752c88faeba59bba49
    accept: application/json
    content-type: application/json
    user-agent: atlas-admin/0.1.0

    {"desc":"x"}
    "#);
}

#[tokio::test]
async fn builder_calls_work_in_any_order() {
    let fake = FakeService::answering([key_answer(), key_answer()]);
    let base = "http://127.0.0.1:1/proxy/";
    for builder in [
        atlas().atlas_v1().base_url(base),
        atlas().base_url(base).atlas_v1(),
    ] {
        update(&fake.client(builder), RequestOptions::new())
            .await
            .unwrap();
        let request = fake.last_request();
        assert!(request.starts_with(&format!(
            "PATCH http://127.0.0.1:1/proxy/api/atlas/v1.0/orgs/{ORG}/apiKeys/{KEY}\n"
        )));
    }
}

/// No operation has a header as a parameter yet, but generated methods may.
#[test]
fn headers_of_the_operation_stay() {
    let client = FakeService::answering([]).client(atlas());
    let mut request = Request::new(Method::GET, "http://localhost/".parse().unwrap());
    request
        .headers_mut()
        .insert(header::IF_MATCH, "x".parse().unwrap());
    let headers = call::with_headers(&client.inner, &RequestOptions::new(), &request).headers();
    assert_eq!(headers[header::IF_MATCH], "x");
    assert!(!headers.contains_key(header::CONTENT_TYPE));
}
