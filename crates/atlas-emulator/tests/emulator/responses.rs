//! Successful responses and their effects.

use atlas_emulator::{Emulator, SeedKey};
use reqwest::StatusCode;
use serde_json::json;

use crate::client::{Caller, OPS_MANAGER, Reply, Request, SERVICES, V1, V2, org_key, project_key};

const ORG: &str = "5980cfc70b6d97029d82e3f6";
const KEY: &str = "5c47ba5127d9d61b9fd8a27b";

/// The documented roles by service and level.
const ATLAS_ORG: &str = "ORG_OWNER ORG_MEMBER ORG_GROUP_CREATOR ORG_BILLING_ADMIN \
    ORG_BILLING_READ_ONLY ORG_STREAM_PROCESSING_ADMIN ORG_READ_ONLY";
const OPS_MANAGER_ORG: &str = "ORG_OWNER ORG_MEMBER ORG_GROUP_CREATOR ORG_READ_ONLY";
const V2_PROJECT: &str = "GROUP_BACKUP_MANAGER GROUP_CLUSTER_MANAGER GROUP_DATA_ACCESS_ADMIN \
    GROUP_DATA_ACCESS_READ_ONLY GROUP_DATA_ACCESS_READ_WRITE GROUP_DATABASE_ACCESS_ADMIN \
    GROUP_OBSERVABILITY_VIEWER GROUP_OWNER GROUP_READ_ONLY GROUP_SEARCH_INDEX_EDITOR \
    GROUP_STREAM_PROCESSING_OWNER";
const V1_PROJECT: &str = "GROUP_CLUSTER_MANAGER GROUP_DATA_ACCESS_ADMIN \
    GROUP_DATA_ACCESS_READ_ONLY GROUP_DATA_ACCESS_READ_WRITE GROUP_OWNER GROUP_READ_ONLY";
const OPS_MANAGER_PROJECT: &str = "GROUP_OWNER GROUP_READ_ONLY GROUP_DATA_ACCESS_ADMIN \
    GROUP_DATA_ACCESS_READ_WRITE GROUP_DATA_ACCESS_READ_ONLY GROUP_AUTOMATION_ADMIN \
    GROUP_BACKUP_ADMIN GROUP_MONITORING_ADMIN GROUP_USER_ADMIN";

fn header_names(reply: &Reply) -> Vec<&str> {
    let mut names: Vec<_> = reply.headers.keys().map(|name| name.as_str()).collect();
    names.sort_unstable();
    names
}

#[tokio::test]
async fn every_documented_role_can_be_assigned() {
    let emulator = Emulator::start().await.unwrap();
    let caller = Caller::owner(&emulator);
    for (service, org, project) in [
        (V2, ATLAS_ORG, V2_PROJECT),
        (V1, ATLAS_ORG, V1_PROJECT),
        (OPS_MANAGER, OPS_MANAGER_ORG, OPS_MANAGER_PROJECT),
    ] {
        for (path, holder, names) in [
            (org_key(&emulator, service), emulator.org_id(), org),
            (
                project_key(&emulator, service),
                emulator.project_id(),
                project,
            ),
        ] {
            let names: Vec<_> = names.split_whitespace().collect();
            let body = json!({ "roles": names }).to_string();
            let reply = caller.send(&Request::patch(path, body)).await;
            assert_eq!(reply.status, StatusCode::OK, "{reply:?}");
            let mut given = reply.roles();
            given.retain(|(id, _)| id == holder);
            let given: Vec<_> = given.iter().map(|(_, name)| name.as_str()).collect();
            assert_eq!(given, names);
        }
    }
}

#[tokio::test]
async fn updates_only_replace_the_roles_of_their_level() {
    let other_project = "b0123456789abcdef012345b";
    let emulator = Emulator::builder()
        .org_id(ORG)
        .project(other_project, ORG)
        .start()
        .await
        .unwrap();
    let caller = Caller::owner(&emulator);
    let key = emulator.api_key_id();
    for service in SERVICES {
        let elsewhere = format!("{service}/groups/{other_project}/apiKeys/{key}");
        let request = Request::patch(elsewhere, r#"{"roles":["GROUP_OWNER"]}"#);
        assert_eq!(caller.send(&request).await.status, StatusCode::OK);
        let body = r#"{"desc":"both","roles":["ORG_READ_ONLY","ORG_MEMBER","ORG_MEMBER"]}"#;
        caller
            .send(&Request::patch(org_key(&emulator, service), body))
            .await;
        let body = r#"{"roles":["GROUP_DATA_ACCESS_READ_ONLY"]}"#;
        let reply = caller
            .send(&Request::patch(project_key(&emulator, service), body))
            .await;
        let mut roles = reply.roles();
        roles.sort();
        let project = emulator.project_id();
        let mut expected = [
            (ORG, "ORG_READ_ONLY"),
            (ORG, "ORG_MEMBER"),
            (project, "GROUP_DATA_ACCESS_READ_ONLY"),
            (other_project, "GROUP_OWNER"),
        ]
        .map(|(id, name)| (id.to_owned(), name.to_owned()));
        expected.sort();
        assert_eq!(roles, expected);
        assert_eq!(reply.json()["desc"], "both");
        // A description does not change the roles.
        let reply = caller
            .send(&Request::patch(
                org_key(&emulator, service),
                r#"{"desc":"alone"}"#,
            ))
            .await;
        assert_eq!(reply.roles().len(), 4);
        let read = caller
            .send(&Request::get(org_key(&emulator, service)))
            .await;
        assert_eq!(read.body, reply.body);
    }
}

/// Checks the order of members, the masked private key and the link.
#[tokio::test]
async fn bodies_have_the_services_format() {
    let emulator = Emulator::builder()
        .org_id(ORG)
        .key(
            SeedKey::new("kzurbulc", "3f2c6a0e-1b7d-4c5f-db2c132ca78d")
                .id(KEY)
                .org_roles(["ORG_MEMBER"]),
        )
        .start()
        .await
        .unwrap();
    let caller = Caller::owner(&emulator);
    let base = emulator.base_url();
    for service in SERVICES {
        let path = format!("{service}/orgs/{ORG}/apiKeys/{KEY}");
        let body = r#"{"desc":"a \"key\"","roles":["ORG_MEMBER","ORG_READ_ONLY"]}"#;
        let plain = caller.send(&Request::patch(&path, body)).await;
        assert_eq!(
            plain.body,
            format!(
                r#"{{"desc":"a \"key\"","id":"{KEY}","links":[{{"href":"{base}{path}","rel":"self"}}],"privateKey":"********-****-****-db2c132ca78d","publicKey":"kzurbulc","roles":[{{"orgId":"{ORG}","roleName":"ORG_MEMBER"}},{{"orgId":"{ORG}","roleName":"ORG_READ_ONLY"}}]}}"#
            )
        );
        let pretty = caller
            .send(&Request::patch(format!("{path}?pretty=true"), body))
            .await;
        assert_eq!(
            pretty.body,
            format!(
                r#"{{
  "desc" : "a \"key\"",
  "id" : "{KEY}",
  "links" : [ {{
    "href" : "{base}{path}",
    "rel" : "self"
  }} ],
  "privateKey" : "********-****-****-db2c132ca78d",
  "publicKey" : "kzurbulc",
  "roles" : [ {{
    "orgId" : "{ORG}",
    "roleName" : "ORG_MEMBER"
  }}, {{
    "orgId" : "{ORG}",
    "roleName" : "ORG_READ_ONLY"
  }} ]
}}"#
            )
        );
        let wrapped = caller
            .send(&Request::patch(format!("{path}?envelope=true"), body))
            .await;
        assert_eq!(wrapped.status, StatusCode::OK);
        assert_eq!(
            wrapped.body,
            format!(r#"{{"status":200,"content":{}}}"#, plain.body)
        );
    }
}

#[tokio::test]
async fn the_link_names_the_organization_after_a_project_update() {
    let emulator = Emulator::start().await.unwrap();
    let caller = Caller::owner(&emulator);
    for service in SERVICES {
        let request = Request::patch(
            project_key(&emulator, service),
            r#"{"roles":["GROUP_OWNER"]}"#,
        );
        let json = caller.send(&request).await.json();
        let expected = format!("{}{}", emulator.base_url(), org_key(&emulator, service));
        assert_eq!(json["links"], json!([{"href": expected, "rel": "self"}]));
    }
}

#[tokio::test]
async fn enveloped_errors_have_their_status_in_the_body() {
    let emulator = Emulator::start().await.unwrap();
    let caller = Caller::owner(&emulator);
    for service in SERVICES {
        let path = format!("{}?envelope=true", org_key(&emulator, service));
        let challenge = caller.unauthorized(&Request::patch(&path, "{}")).await;
        assert_eq!(challenge.status, StatusCode::UNAUTHORIZED);
        let reply = caller.send(&Request::patch(&path, "{}")).await;
        assert_eq!(reply.status, StatusCode::OK);
        assert_eq!(reply.json()["status"], 400);
        assert_eq!(
            reply.json()["content"]["errorCode"],
            "MISSING_ONE_OF_ATTRIBUTES"
        );
    }
}

/// The names are from recordings of the live service.
#[tokio::test]
async fn headers_have_the_recorded_names() {
    let emulator = Emulator::start().await.unwrap();
    let caller = Caller::owner(&emulator);
    let success = [
        "content-length",
        "content-type",
        "date",
        "ratelimit-limit",
        "ratelimit-remaining",
        "referrer-policy",
        "server",
        "strict-transport-security",
        "x-content-type-options",
        "x-envoy-upstream-service-time",
        "x-frame-options",
        "x-java-method",
        "x-java-version",
        "x-mongodb-service-version",
        "x-permitted-cross-domain-policies",
    ];
    let org = Request::patch(org_key(&emulator, V2), r#"{"roles":["ORG_READ_ONLY"]}"#);
    let reply = caller.send(&org).await;
    assert_eq!(header_names(&reply), success);
    assert_eq!(reply.header("ratelimit-limit"), Some("500"));
    let project = Request::patch(
        project_key(&emulator, V2),
        r#"{"roles":["GROUP_DATA_ACCESS_READ_ONLY"]}"#,
    );
    let reply = caller.send(&project).await;
    assert_eq!(header_names(&reply), success);
    assert_eq!(reply.header("ratelimit-limit"), Some("1200"));

    let absent = format!("{V2}/groups/111111111111111111111111/apiKeys/{KEY}");
    let reply = caller.send(&Request::patch(absent, "{}")).await;
    assert_eq!(
        reply.body,
        r#"{"detail":"No group with ID 111111111111111111111111 exists.","error":404,"errorCode":"GROUP_NOT_FOUND","parameters":["111111111111111111111111"],"reason":"Not Found"}"#
    );
    let mut failure: Vec<_> = success
        .into_iter()
        .filter(|name| !name.starts_with("ratelimit") && *name != "x-mongodb-service-version")
        .chain(["vary", "x-error-code"])
        .collect();
    failure.sort_unstable();
    assert_eq!(header_names(&reply), failure);
}
