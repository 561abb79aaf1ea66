//! Creation of keys, and what becomes of their private keys.

use std::time::{SystemTime, UNIX_EPOCH};

use atlas_emulator::{Assumptions, Emulator, SeedKey};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::client::{
    Caller, OPS_MANAGER, Reply, Request, SERVICES, V1, V2, org_keys, project_keys,
};

const ORG_BODY: &str = r#"{"desc":"new","roles":["ORG_READ_ONLY"]}"#;
const PROJECT_BODY: &str = r#"{"desc":"new","roles":["GROUP_READ_ONLY"]}"#;

fn seconds() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.unwrap().as_secs()
}

/// Creates a caller with the credentials in the response to a creation.
fn created<'a>(emulator: &'a Emulator, reply: &Reply) -> Caller<'a> {
    Caller::new(
        emulator,
        &reply.text("publicKey"),
        &reply.text("privateKey"),
    )
}

#[tokio::test]
async fn a_created_key_has_the_recorded_form() {
    let emulator = Emulator::start().await.unwrap();
    let owner = Caller::owner(&emulator);
    for service in SERVICES {
        for (path, body) in [
            (org_keys(&emulator, service), ORG_BODY),
            (project_keys(&emulator, service), PROJECT_BODY),
        ] {
            let before = seconds();
            let reply = owner.send(&Request::post(&path, body)).await;
            assert_eq!(reply.status, StatusCode::OK, "{reply:?}");
            let (id, public_key) = (reply.text("id"), reply.text("publicKey"));
            let created = u64::from_str_radix(&id[..8], 16).unwrap();
            assert!((before..=seconds()).contains(&created), "{id}");
            let is_letter = |byte: u8| byte.is_ascii_lowercase();
            assert!(public_key.len() == 8 && public_key.bytes().all(is_letter));
            let groups: Vec<_> = reply.text("privateKey").split('-').map(str::len).collect();
            assert_eq!(groups, [8, 4, 4, 4, 12]);
            assert_eq!(reply.text("desc"), "new");
            let link = format!(
                "{}{}/{id}",
                emulator.base_url(),
                org_keys(&emulator, service)
            );
            assert_eq!(
                reply.json()["links"],
                json!([{"href": link, "rel": "self"}])
            );
        }
    }
}

#[tokio::test]
async fn the_private_key_is_shown_once() {
    let emulator = Emulator::builder().admin(true).start().await.unwrap();
    let owner = Caller::owner(&emulator);
    for service in SERVICES {
        let keys = org_keys(&emulator, service);
        let reply = owner.send(&Request::post(&keys, ORG_BODY)).await;
        let (id, private_key) = (reply.text("id"), reply.text("privateKey"));
        let redacted = format!("********-****-****-{}", &private_key[24..]);
        let key = format!("{keys}/{id}");
        let read = owner.send(&Request::get(&key)).await;
        assert_eq!(read.text("privateKey"), redacted);
        let updated = owner.send(&Request::patch(&key, ORG_BODY)).await;
        assert_eq!(updated.text("privateKey"), redacted);
        let list = owner.send(&Request::get(&keys)).await;
        assert!(list.body.contains(&redacted));
        let state = format!("{}/_emulator/state", emulator.base_url());
        let state = reqwest::get(state).await.unwrap().text().await.unwrap();
        for shown in [read.body, updated.body, list.body, state] {
            assert!(!shown.contains(&private_key), "{shown}");
        }
    }
}

#[tokio::test]
async fn a_created_key_signs_in_at_once_with_its_roles() {
    let emulator = Emulator::start().await.unwrap();
    let owner = Caller::owner(&emulator);
    for service in SERVICES {
        let keys = org_keys(&emulator, service);
        let reader = owner.send(&Request::post(&keys, ORG_BODY)).await;
        let reader = created(&emulator, &reader);
        assert_eq!(reader.send(&Request::get(&keys)).await.status, 200);
        let refused = reader.send(&Request::post(&keys, ORG_BODY)).await;
        assert_eq!(refused.code(), "NOT_ORG_OWNER");
        let body = r#"{"desc":"new","roles":["ORG_OWNER"]}"#;
        let second = owner.send(&Request::post(&keys, body)).await;
        let second = created(&emulator, &second);
        let reply = second.send(&Request::post(&keys, ORG_BODY)).await;
        assert_eq!(reply.status, StatusCode::OK);
    }
}

#[tokio::test]
async fn a_key_created_in_a_project_joins_the_organization_of_atlas() {
    let nowhere = {
        let mut assumptions = Assumptions::default();
        assumptions.project_keys_join_org.clear();
        assumptions
    };
    for (assumptions, joins) in [(Assumptions::default(), &[V2, V1][..]), (nowhere, &[])] {
        let builder = Emulator::builder().assumptions(assumptions);
        let emulator = builder.start().await.unwrap();
        for service in SERVICES {
            let request = Request::post(project_keys(&emulator, service), PROJECT_BODY);
            let reply = Caller::owner(&emulator).send(&request).await;
            let key = emulator.api_key(&reply.text("id")).unwrap();
            let roles = key.project_roles[emulator.project_id()].clone();
            assert_eq!(roles, ["GROUP_READ_ONLY"]);
            let is_member = key.org_roles == ["ORG_MEMBER"];
            assert_eq!(is_member, joins.contains(&service), "{service} {key:?}");
        }
    }
}

#[tokio::test]
async fn ops_manager_takes_a_description_or_roles_in_a_project() {
    let emulator = Emulator::start().await.unwrap();
    let owner = Caller::owner(&emulator);
    let keys = project_keys(&emulator, OPS_MANAGER);
    let reply = owner
        .send(&Request::post(&keys, r#"{"roles":["GROUP_OWNER"]}"#))
        .await;
    assert_eq!(reply.status, StatusCode::OK);
    assert_eq!(reply.json()["desc"], Value::Null);
    let reply = owner.send(&Request::post(&keys, r#"{"desc":"x"}"#)).await;
    assert_eq!(reply.roles(), []);
    let reply = owner.send(&Request::post(&keys, "{}")).await;
    assert_eq!(reply.code(), "MISSING_ONE_OF_ATTRIBUTES");
}

#[tokio::test]
async fn bad_creations_are_refused_and_create_nothing() {
    let emulator = Emulator::start().await.unwrap();
    let owner = Caller::owner(&emulator);
    for service in SERVICES {
        let before = emulator.api_keys(emulator.org_id());
        for (body, code) in [
            (
                json!({"roles": ["ORG_MEMBER"]}),
                "API_KEY_REQUIRES_DESCRIPTION",
            ),
            (json!({}), "API_KEY_REQUIRES_DESCRIPTION"),
            (json!({"desc": "x"}), "MISSING_API_KEY_ROLES"),
            (json!({"desc": "x", "roles": []}), "MISSING_API_KEY_ROLES"),
            (
                json!({"desc": "x".repeat(251), "roles": ["ORG_MEMBER"]}),
                "INVALID_API_KEY_DESC",
            ),
            (
                json!({"desc": "x", "roles": ["GROUP_OWNER"]}),
                "CANNOT_ADD_GROUP_ROLE",
            ),
            (
                json!({"desc": "x", "roles": ["ORG_NONSENSE"]}),
                "INVALID_ENUM_VALUE",
            ),
            (
                json!({"desc": "x", "roles": ["ORG_MEMBER"], "id": "x"}),
                "INVALID_ATTRIBUTE",
            ),
            (json!(["x"]), "MALFORMED_JSON"),
        ] {
            let request = Request::post(org_keys(&emulator, service), body.to_string());
            let reply = owner.send(&request).await;
            if body["desc"] == "x" && body["roles"] == json!([]) && service != OPS_MANAGER {
                // Atlas takes empty roles beside a description as absent.
                assert_eq!(reply.code(), "MISSING_API_KEY_ROLES");
            }
            assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{service} {body}");
            assert_eq!(reply.code(), code, "{service} {body}");
        }
        let org_role = r#"{"desc":"x","roles":["ORG_MEMBER"]}"#;
        let request = Request::post(project_keys(&emulator, service), org_role);
        assert_eq!(owner.send(&request).await.code(), "CANNOT_ADD_ORG_ROLE");
        assert_eq!(emulator.api_keys(emulator.org_id()), before);
    }
}

#[tokio::test]
async fn creations_need_an_owner_or_a_projects_administrator() {
    let password = "0f3b7c1d-aaaa-4bbb-8ccc-0123456789ab";
    let project = "b0123456789abcdef012345b";
    let emulator = Emulator::builder()
        .project_id(project)
        .key(SeedKey::new("member", password).org_roles(["ORG_MEMBER"]))
        .key(SeedKey::new("guest", password).project_roles(project, ["GROUP_READ_ONLY"]))
        .key(SeedKey::new("admin", password).project_roles(project, ["GROUP_OWNER"]))
        .start()
        .await
        .unwrap();
    for service in SERVICES {
        let in_org = Request::post(org_keys(&emulator, service), ORG_BODY);
        let in_project = Request::post(project_keys(&emulator, service), PROJECT_BODY);
        for (user, request, code) in [
            ("member", &in_org, "NOT_ORG_OWNER"),
            ("admin", &in_org, "NOT_ORG_OWNER"),
            ("member", &in_project, "NOT_IN_GROUP"),
            ("guest", &in_project, "USER_UNAUTHORIZED"),
        ] {
            let reply = Caller::new(&emulator, user, password).send(request).await;
            assert_eq!(
                (reply.status.as_u16(), &*reply.code()),
                (401, code),
                "{user}"
            );
        }
        let admin = Caller::new(&emulator, "admin", password);
        assert_eq!(admin.send(&in_project).await.status, StatusCode::OK);
    }
}

#[tokio::test]
async fn an_organization_has_a_maximum_of_keys() {
    let mut assumptions = Assumptions::default();
    assert_eq!(assumptions.max_keys_per_org, 500);
    assumptions.max_keys_per_org = 3;
    let builder = Emulator::builder().assumptions(assumptions);
    let emulator = builder.start().await.unwrap();
    let owner = Caller::owner(&emulator);
    let create = Request::post(org_keys(&emulator, V2), ORG_BODY);
    let third = owner.send(&create).await;
    assert_eq!(third.status, StatusCode::OK);
    for path in [org_keys(&emulator, V2), project_keys(&emulator, V2)] {
        let body = match path.contains("orgs") {
            true => ORG_BODY,
            false => PROJECT_BODY,
        };
        let reply = owner.send(&Request::post(path, body)).await;
        assert_eq!(reply.code(), "API_KEY_LIMIT_EXCEEDED");
    }
    let path = format!("{}/{}", org_keys(&emulator, V2), third.text("id"));
    owner.send(&Request::delete(path)).await;
    assert_eq!(owner.send(&create).await.status, StatusCode::OK);
}

#[tokio::test]
async fn creations_draw_on_the_rate_limits_of_updates() {
    let emulator = Emulator::start().await.unwrap();
    let owner = Caller::owner(&emulator);
    let keys = org_keys(&emulator, V2);
    let first = owner.send(&Request::post(&keys, ORG_BODY)).await;
    assert_eq!(first.header("ratelimit-remaining"), Some("499"));
    let second = owner.send(&Request::get(&keys)).await;
    assert_eq!(second.header("ratelimit-remaining"), Some("498"));
    let keys = project_keys(&emulator, V2);
    let first = owner.send(&Request::post(&keys, PROJECT_BODY)).await;
    assert_eq!(first.header("ratelimit-remaining"), Some("1199"));
}

#[tokio::test]
async fn the_same_seed_creates_the_same_credentials() {
    let mut seen = Vec::new();
    for _ in 0..2 {
        let emulator = Emulator::builder().rng_seed(7).start().await.unwrap();
        let create = Request::post(org_keys(&emulator, V2), ORG_BODY);
        let first = Caller::owner(&emulator).send(&create).await;
        emulator.reset().unwrap();
        let again = Caller::owner(&emulator).send(&create).await;
        let credentials = |reply: &Reply| (reply.text("publicKey"), reply.text("privateKey"));
        assert_eq!(credentials(&first), credentials(&again), "after a reset");
        seen.push(credentials(&first));
    }
    assert_eq!(seen[0], seen[1]);
}
