//! What other clients read to find their way.

use atlas_emulator::{Emulator, SeedKey};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::client::{Caller, Request, SERVICES, V2};

const PASSWORD: &str = "0f3b7c1d-aaaa-4bbb-8ccc-0123456789ab";
const ORG: &str = "a0123456789abcdef012345a";
const PROJECT: &str = "b0123456789abcdef012345b";
const SECOND: &str = "b0123456789abcdef012345c";
const OTHER_ORG: &str = "c0123456789abcdef012345c";

async fn emulator() -> Emulator {
    Emulator::builder()
        .org_id(ORG)
        .project_id(PROJECT)
        .project(SECOND, ORG)
        .org(OTHER_ORG)
        .key(SeedKey::new("guest", PASSWORD).project_roles(SECOND, ["GROUP_READ_ONLY"]))
        .start()
        .await
        .unwrap()
}

async fn ids(caller: &Caller<'_>, path: String) -> Vec<String> {
    let reply = caller.send(&Request::get(path)).await;
    let id = |one: &Value| one["id"].as_str().unwrap().to_owned();
    reply.results().iter().map(id).collect()
}

#[tokio::test]
async fn callers_see_their_organization_and_projects() {
    let emulator = emulator().await;
    let owner = Caller::owner(&emulator);
    let guest = Caller::new(&emulator, "guest", PASSWORD);
    for service in SERVICES {
        for caller in [&owner, &guest] {
            assert_eq!(ids(caller, format!("{service}/orgs")).await, [ORG]);
        }
        for path in ["groups".to_owned(), format!("orgs/{ORG}/groups")] {
            let path = format!("{service}/{path}");
            assert_eq!(ids(&owner, path.clone()).await, [PROJECT, SECOND]);
            assert_eq!(ids(&guest, path).await, [SECOND]);
        }
        let project = Request::get(format!("{service}/groups/{SECOND}"));
        assert_eq!(guest.send(&project).await.json()["orgId"], ORG);
        let hidden = Request::get(format!("{service}/groups/{PROJECT}"));
        assert_eq!(guest.send(&hidden).await.code(), "NOT_IN_GROUP");
        let other = Request::get(format!("{service}/orgs/{OTHER_ORG}"));
        assert_eq!(owner.send(&other).await.code(), "USER_CANNOT_ACCESS_ORG");
    }
}

#[tokio::test]
async fn organizations_are_found_by_the_beginning_of_their_name() {
    let emulator = emulator().await;
    let owner = Caller::owner(&emulator);
    let reply = owner.send(&Request::get(format!("{V2}/orgs/{ORG}"))).await;
    let name = reply.text("name");
    let found = ids(&owner, format!("{V2}/orgs?name={}", name.to_uppercase())).await;
    assert_eq!(found, [ORG]);
    assert!(
        ids(&owner, format!("{V2}/orgs?name=x{name}"))
            .await
            .is_empty()
    );
}

#[tokio::test]
async fn the_root_shows_the_calling_key() {
    let emulator = emulator().await;
    let guest = Caller::new(&emulator, "guest", PASSWORD);
    for service in SERVICES {
        for path in [service.to_owned(), format!("{service}/")] {
            let reply = guest.send(&Request::get(path)).await;
            assert_eq!(reply.status, StatusCode::OK);
            let key = &reply.json()["apiKey"];
            assert_eq!(key["publicKey"], "guest");
            let roles = json!([{"groupId": SECOND, "roleName": "GROUP_READ_ONLY"}]);
            assert_eq!(key["roles"], roles);
        }
    }
    let token = crate::tokens::bearer(&crate::tokens::token(&emulator).await);
    let reply = Request::get(V2).send(&emulator, token).await;
    assert_eq!(reply.json()["apiKey"], Value::Null);
}
