//! Deletion of keys, and their assignment to projects and removal from them.

use atlas_emulator::{Assumptions, EmptyEnvelope, Emulator, SeedKey};
use reqwest::StatusCode;
use serde_json::json;

use crate::client::{
    Caller, OPS_MANAGER, Reply, Request, SERVICES, V1, V2, org_key, org_keys, project_key,
    project_keys,
};

const PASSWORD: &str = "0f3b7c1d-aaaa-4bbb-8ccc-0123456789ab";
const ORG: &str = "a0123456789abcdef012345a";
const PROJECT: &str = "b0123456789abcdef012345b";
const OTHER_ORG: &str = "c0123456789abcdef012345c";
const OTHER_KEY: &str = "d0123456789abcdef012345d";

fn assert_empty(reply: &Reply, service: &str) {
    assert_eq!(reply.status, StatusCode::NO_CONTENT, "{reply:?}");
    assert_eq!(reply.body, "");
    assert_eq!(reply.header("content-length"), None);
    let media_type = match service {
        V2 => "application/vnd.atlas.2023-01-01+json;charset=utf-8",
        _ => "application/json",
    };
    assert_eq!(reply.header("content-type"), Some(media_type));
}

#[tokio::test]
async fn a_deleted_key_is_gone_from_everywhere() {
    for service in SERVICES {
        let emulator = Emulator::builder()
            .key(
                SeedKey::new("doomed", PASSWORD)
                    .id(OTHER_KEY)
                    .org_roles(["ORG_MEMBER"]),
            )
            .start()
            .await
            .unwrap();
        let owner = Caller::owner(&emulator);
        let doomed = Caller::new(&emulator, "doomed", PASSWORD);
        let list = Request::get(org_keys(&emulator, service));
        assert_eq!(doomed.send(&list).await.status, StatusCode::OK);
        let in_project = format!("{}/{OTHER_KEY}", project_keys(&emulator, service));
        let assign = Request::patch(&in_project, r#"{"roles":["GROUP_OWNER"]}"#);
        assert_eq!(owner.send(&assign).await.status, StatusCode::OK);

        let key = format!("{}/{OTHER_KEY}", org_keys(&emulator, service));
        let reply = owner.send(&Request::delete(&key)).await;
        match service {
            // As its page shows.
            OPS_MANAGER => assert_eq!((reply.status.as_u16(), &*reply.body), (200, "{}")),
            _ => assert_empty(&reply, service),
        }
        assert_eq!(emulator.api_key(OTHER_KEY), None);
        for list in [list.clone(), Request::get(project_keys(&emulator, service))] {
            assert!(!owner.send(&list).await.body.contains(OTHER_KEY));
        }
        for gone in [Request::get(&key), Request::delete(&key), assign] {
            let reply = owner.send(&gone).await;
            assert_eq!(
                (reply.status.as_u16(), &*reply.code()),
                (400, "API_KEY_NOT_FOUND")
            );
        }
        // The nonce of its session is still valid.
        let refused = doomed.send(&list).await;
        assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
        assert!(!refused.challenge().stale);
    }
}

#[tokio::test]
async fn a_key_can_delete_itself_but_the_last_owner_stays() {
    for service in SERVICES {
        let emulator = Emulator::start().await.unwrap();
        let owner = Caller::owner(&emulator);
        let own = format!(
            "{}/{}",
            org_keys(&emulator, service),
            emulator.calling_api_key_id()
        );
        let reply = owner.send(&Request::delete(&own)).await;
        assert_eq!(
            (reply.status.as_u16(), &*reply.code()),
            (403, "CANNOT_DELETE_LAST_OWNER")
        );
        let demotion = Request::patch(&own, r#"{"roles":["ORG_MEMBER"]}"#);
        assert_eq!(
            owner.send(&demotion).await.code(),
            "CANNOT_DEMOTE_LAST_ORG_OWNER"
        );
        let promotion = Request::patch(org_key(&emulator, service), r#"{"roles":["ORG_OWNER"]}"#);
        assert_eq!(owner.send(&promotion).await.status, StatusCode::OK);
        assert!(owner.send(&Request::delete(&own)).await.status.is_success());
        assert_eq!(
            owner.send(&promotion).await.status,
            StatusCode::UNAUTHORIZED
        );
        // The other key is now the last owner.
        let left = emulator.api_keys(emulator.org_id());
        assert_eq!(left.len(), 1);
    }
}

#[tokio::test]
async fn a_created_owner_counts_as_an_owner_until_it_is_deleted() {
    let emulator = Emulator::start().await.unwrap();
    let owner = Caller::owner(&emulator);
    let keys = org_keys(&emulator, V2);
    let create = Request::post(&keys, r#"{"desc":"x","roles":["ORG_OWNER"]}"#);
    let id = owner.send(&create).await.text("id");
    owner.send(&Request::delete(format!("{keys}/{id}"))).await;
    let own = format!("{keys}/{}", emulator.calling_api_key_id());
    let reply = owner.send(&Request::delete(own)).await;
    assert_eq!(reply.code(), "CANNOT_DELETE_LAST_OWNER");
}

#[tokio::test]
async fn a_removed_key_stays_in_the_organization() {
    for service in SERVICES {
        let emulator = Emulator::start().await.unwrap();
        let owner = Caller::owner(&emulator);
        let remove = Request::delete(project_key(&emulator, service));
        assert_empty(&owner.send(&remove).await, service);
        let key = emulator.api_key(emulator.api_key_id()).unwrap();
        assert_eq!(key.org_roles, ["ORG_MEMBER"]);
        assert!(key.project_roles.is_empty());
        let list = owner
            .send(&Request::get(project_keys(&emulator, service)))
            .await;
        assert!(!list.body.contains(emulator.api_key_id()));
        let again = owner.send(&remove).await;
        assert_eq!(again.code(), "API_KEY_NOT_FOUND");
    }
}

#[tokio::test]
async fn atlas_assigns_a_key_in_place_of_its_roles() {
    let emulator = Emulator::start().await.unwrap();
    let owner = Caller::owner(&emulator);
    for service in [V2, V1] {
        let path = project_key(&emulator, service);
        owner.send(&Request::delete(&path)).await;
        for (body, roles) in [
            (json!([{"roles": ["GROUP_OWNER"]}]), &["GROUP_OWNER"][..]),
            (
                json!([
                    {"roles": ["GROUP_READ_ONLY"], "userId": "x"},
                    {"roles": ["GROUP_READ_ONLY", "GROUP_CLUSTER_MANAGER"]},
                ]),
                &["GROUP_READ_ONLY", "GROUP_CLUSTER_MANAGER"],
            ),
        ] {
            let reply = owner.send(&Request::post(&path, body.to_string())).await;
            assert_empty(&reply, service);
            let key = emulator.api_key(emulator.api_key_id()).unwrap();
            assert_eq!(key.project_roles[emulator.project_id()], roles);
        }
        for (body, code) in [
            ("[]", "MISSING_API_KEY_ROLES"),
            ("[{}]", "MISSING_API_KEY_ROLES"),
            (r#"[{"roles":[]}]"#, "MISSING_API_KEY_ROLES"),
            (r#"[{"roles":["ORG_MEMBER"]}]"#, "CANNOT_ADD_ORG_ROLE"),
            (r#"{"roles":["GROUP_OWNER"]}"#, "MALFORMED_JSON"),
            (r#"[{"roles":["GROUP_OWNER"],"x":1}]"#, "INVALID_ATTRIBUTE"),
        ] {
            let reply = owner.send(&Request::post(&path, body)).await;
            assert_eq!(reply.code(), code, "{body}");
        }
    }
    let path = project_key(&emulator, OPS_MANAGER);
    let reply = owner.unauthorized(&Request::post(path, "[]")).await;
    assert_eq!(reply.status, StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn a_key_of_another_organization_can_be_named_as_such() {
    for (named, code) in [
        (false, "API_KEY_NOT_FOUND"),
        (true, "API_KEY_CAN_ONLY_BELONG_TO_ONE_ORG"),
    ] {
        let mut assumptions = Assumptions::default();
        assumptions.other_orgs_keys_named = named;
        let emulator = Emulator::builder()
            .assumptions(assumptions)
            .org_id(ORG)
            .project_id(PROJECT)
            .org(OTHER_ORG)
            .key(SeedKey::new("other", PASSWORD).id(OTHER_KEY).org(OTHER_ORG))
            .start()
            .await
            .unwrap();
        let path = format!("{V2}/groups/{PROJECT}/apiKeys/{OTHER_KEY}");
        let assign = Request::patch(path, r#"{"roles":["GROUP_OWNER"]}"#);
        assert_eq!(Caller::owner(&emulator).send(&assign).await.code(), code);
    }
}

#[tokio::test]
async fn ops_managers_statuses_of_empty_responses_can_be_chosen() {
    let mut assumptions = Assumptions::default();
    assumptions.ops_manager_empty_objects = vec!["remove_project_api_key".to_owned()];
    let builder = Emulator::builder().assumptions(assumptions);
    let emulator = builder.start().await.unwrap();
    let owner = Caller::owner(&emulator);
    let remove = Request::delete(project_key(&emulator, OPS_MANAGER));
    let reply = owner.send(&remove).await;
    assert_eq!((reply.status.as_u16(), &*reply.body), (200, "{}"));
    let delete = Request::delete(org_key(&emulator, OPS_MANAGER));
    assert_empty(&owner.send(&delete).await, OPS_MANAGER);
}

#[tokio::test]
async fn enveloped_empty_responses_have_three_possible_forms() {
    for (form, status, body) in [
        (EmptyEnvelope::None, 204, ""),
        (EmptyEnvelope::Status, 200, r#"{"status":204,"content":{}}"#),
        (EmptyEnvelope::Ok, 200, ""),
    ] {
        let mut assumptions = Assumptions::default();
        assumptions.empty_envelope = form;
        let builder = Emulator::builder().assumptions(assumptions);
        let emulator = builder.start().await.unwrap();
        let path = format!("{}?envelope=true", project_key(&emulator, V2));
        let reply = Caller::owner(&emulator).send(&Request::delete(path)).await;
        assert_eq!(
            (reply.status.as_u16(), &*reply.body),
            (status, body),
            "{form:?}"
        );
    }
}
