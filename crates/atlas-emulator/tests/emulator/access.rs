//! Permissions: an authenticated caller without permission gets a 401 without a challenge.

use atlas_emulator::{Emulator, ResourceVersion, SeedKey};
use reqwest::StatusCode;
use serde_json::json;

use crate::client::{Caller, OPS_MANAGER, Request, SERVICES, V2, org_key, project_key};

const ORG: &str = "a0123456789abcdef012345a";
const PROJECT: &str = "b0123456789abcdef012345b";
const OTHER_ORG: &str = "c0123456789abcdef012345c";
const OTHER_KEY: &str = "d0123456789abcdef012345d";
const PASSWORD: &str = "55c3bbb6-b4bb-0be1-e66d20841f3e";

async fn emulator() -> Emulator {
    let key = |name| SeedKey::new(name, PASSWORD);
    Emulator::builder()
        .org_id(ORG)
        .project_id(PROJECT)
        .org(OTHER_ORG)
        .key(key("member").org_roles(["ORG_MEMBER"]))
        .key(
            key("guest")
                .org_roles(["ORG_MEMBER"])
                .project_roles(PROJECT, ["GROUP_READ_ONLY"]),
        )
        .key(
            key("admin")
                .org_roles(["ORG_MEMBER"])
                .project_roles(PROJECT, ["GROUP_USER_ADMIN"]),
        )
        .key(
            key("outsider")
                .id(OTHER_KEY)
                .org(OTHER_ORG)
                .org_roles(["ORG_OWNER"]),
        )
        .start()
        .await
        .unwrap()
}

#[tokio::test]
async fn permissions_depend_on_the_callers_roles() {
    let emulator = emulator().await;
    let roles = r#"{"roles":["GROUP_READ_ONLY"]}"#;
    let desc = r#"{"desc":"x"}"#;
    for service in SERVICES {
        let org = Request::patch(org_key(&emulator, service), desc);
        let project = Request::patch(project_key(&emulator, service), roles);
        for (user, request, code) in [
            ("member", &org, "NOT_ORG_OWNER"),
            ("admin", &org, "NOT_ORG_OWNER"),
            ("outsider", &org, "USER_CANNOT_ACCESS_ORG"),
            ("member", &project, "NOT_IN_GROUP"),
            ("outsider", &project, "NOT_IN_GROUP"),
            ("guest", &project, "USER_UNAUTHORIZED"),
        ] {
            let reply = Caller::new(&emulator, user, PASSWORD).send(request).await;
            assert_eq!(reply.status, StatusCode::UNAUTHORIZED, "{user}");
            assert_eq!(reply.code(), code, "{user}");
            assert_eq!(reply.header("www-authenticate"), None, "{user}");
        }
        let reply = Caller::new(&emulator, "admin", PASSWORD)
            .send(&project)
            .await;
        assert_eq!(reply.status, StatusCode::OK);
        let read = Request::get(org_key(&emulator, service));
        let reply = Caller::new(&emulator, "member", PASSWORD).send(&read).await;
        assert_eq!(reply.status, StatusCode::OK);
    }
}

#[tokio::test]
async fn keys_of_other_organizations_are_not_found() {
    let emulator = emulator().await;
    let caller = Caller::owner(&emulator);
    for path in [
        format!("{OPS_MANAGER}/orgs/{ORG}/apiKeys/{OTHER_KEY}"),
        format!("{OPS_MANAGER}/groups/{PROJECT}/apiKeys/{OTHER_KEY}"),
    ] {
        let reply = caller
            .send(&Request::patch(path, r#"{"roles":["GROUP_OWNER"]}"#))
            .await;
        assert_eq!(reply.code(), "API_KEY_NOT_FOUND");
    }
}

#[tokio::test]
async fn seeded_roles_may_be_unknown() {
    let emulator = Emulator::builder()
        .org_id(ORG)
        .key(
            SeedKey::new("novel", PASSWORD)
                .id(OTHER_KEY)
                .org_roles(["ORG_FUTURE_ROLE"]),
        )
        .start()
        .await
        .unwrap();
    let path = format!("{V2}/orgs/{ORG}/apiKeys/{OTHER_KEY}");
    let reply = Caller::owner(&emulator).send(&Request::get(path)).await;
    assert_eq!(
        reply.roles(),
        [(ORG.to_owned(), "ORG_FUTURE_ROLE".to_owned())]
    );
}

#[tokio::test]
async fn the_access_list_error_names_the_callers_address() {
    let emulator = Emulator::builder()
        .access_list(["127.0.0.0/8"])
        .org_id(ORG)
        .key(
            SeedKey::new("away", PASSWORD)
                .org_roles(["ORG_OWNER"])
                .access_list(["192.0.2.7", "10.0.0.0/8"]),
        )
        .start()
        .await
        .unwrap();
    for service in SERVICES {
        let request = Request::patch(org_key(&emulator, service), r#"{"desc":"x"}"#);
        let away = Caller::new(&emulator, "away", PASSWORD);
        let reply = away.send(&request).await;
        assert_eq!(reply.status, StatusCode::FORBIDDEN);
        assert_eq!(reply.code(), "IP_ADDRESS_NOT_ON_ACCESS_LIST");
        assert_eq!(reply.json()["parameters"], json!(["127.0.0.1"]));
        let wrong = Caller::new(&emulator, "away", "wrong").send(&request).await;
        assert_eq!(
            wrong.status,
            StatusCode::UNAUTHORIZED,
            "only an authenticated caller gets the error"
        );
        let reply = Caller::owner(&emulator).send(&request).await;
        assert_eq!(reply.status, StatusCode::OK);
    }
}

#[tokio::test]
async fn invalid_settings_are_refused() {
    let builder = Emulator::builder;
    for wrong in [
        builder().org_id("nonsense"),
        builder().org_id("A0123456789ABCDEF012345A"),
        builder().org_id(ORG).org(ORG),
        builder().project_id(PROJECT).project(PROJECT, ORG),
        builder().project(PROJECT, OTHER_ORG),
        builder()
            .public_key("twice")
            .key(SeedKey::new("twice", PASSWORD)),
        builder().key(SeedKey::new("x", PASSWORD).org(OTHER_ORG)),
        builder().key(SeedKey::new("x", PASSWORD).project_roles(PROJECT, ["GROUP_OWNER"])),
        builder().listen(([0, 0, 0, 0], 0).into()),
        builder().access_list(["10.0.0.0/33"]),
        builder().key(SeedKey::new("x", PASSWORD).access_list(["localhost"])),
        builder().today("2027-7-1"),
        builder().orgs(u32::MAX).keys_per_org(u32::MAX),
        builder().orgs(u32::MAX),
        builder().version(ResourceVersion::new("first")),
        builder().version(ResourceVersion::new("2023-01-01").sunset("never")),
    ] {
        let error = wrong.start().await.unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput, "{error}");
    }
}
