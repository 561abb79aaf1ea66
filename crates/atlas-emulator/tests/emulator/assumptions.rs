//! Alternatives to the default assumptions.

use std::collections::BTreeSet;

use atlas_emulator::{Assumptions, Emulator, RateLimit, ResourceVersion, SeedKey, Service};
use reqwest::StatusCode;
use serde_json::json;

use crate::client::{Caller, OPS_MANAGER, Request, V1, V2, org_key, project_key};

const ABSENT: &str = "111111111111111111111111";
const DESC: &str = r#"{"desc":"x"}"#;
const PASSWORD: &str = "55c3bbb6-b4bb-0be1-e66d20841f3e";

fn with(change: impl FnOnce(&mut Assumptions)) -> atlas_emulator::Builder {
    let mut assumptions = Assumptions::default();
    change(&mut assumptions);
    Emulator::builder().assumptions(assumptions)
}

#[tokio::test]
async fn the_status_of_an_error_can_be_replaced() {
    let builder = with(|assumptions| {
        assumptions
            .statuses
            .insert("API_KEY_NOT_FOUND".to_owned(), 404);
    });
    let emulator = builder.start().await.unwrap();
    let path = format!("{V2}/orgs/{}/apiKeys/{ABSENT}", emulator.org_id());
    let reply = Caller::owner(&emulator)
        .send(&Request::patch(path, DESC))
        .await;
    assert_eq!(reply.status, StatusCode::NOT_FOUND);
    assert_eq!(reply.code(), "API_KEY_NOT_FOUND");
    assert_eq!(reply.json()["error"], 404);
}

#[tokio::test]
async fn error_codes_can_be_replaced_and_retry_after_omitted() {
    let empty = RateLimit {
        capacity: 0,
        ..RateLimit::ORGANIZATION
    };
    let builder = with(|assumptions| {
        assumptions.retry_after = false;
        let (from, to) = ("RATE_LIMITED_TOKEN_BUCKET", "RATE_LIMITED");
        assumptions.codes.insert(from.to_owned(), to.to_owned());
    });
    let emulator = builder.org_rate_limit(empty).start().await.unwrap();
    let request = Request::patch(org_key(&emulator, V2), DESC);
    let reply = Caller::owner(&emulator).send(&request).await;
    assert_eq!(reply.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(reply.code(), "RATE_LIMITED");
    assert_eq!(reply.header("x-error-code"), Some("RATE_LIMITED"));
    assert_eq!(reply.header("retry-after"), None);
}

#[tokio::test]
async fn errors_before_routing_can_be_replaced() {
    let builder = with(|assumptions| {
        for (code, status) in [("RESOURCE_NOT_FOUND", 410), ("METHOD_NOT_ALLOWED", 501)] {
            assumptions
                .codes
                .insert(code.to_owned(), "OTHER".to_owned());
            assumptions.statuses.insert(code.to_owned(), status);
        }
    });
    let emulator = builder.start().await.unwrap();
    let client = reqwest::Client::new();
    let url = |path: &str| [emulator.base_url(), path].concat();
    for (request, status) in [
        (client.get(url("/nowhere")), 410),
        (client.put(url(&org_key(&emulator, V2))), 501),
    ] {
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), status);
        assert_eq!(response.headers()["x-error-code"], "OTHER");
    }
}

#[tokio::test]
async fn the_invalid_field_can_be_omitted() {
    for field_details in [true, false] {
        let builder = with(|assumptions| assumptions.field_details = field_details);
        let emulator = builder.start().await.unwrap();
        let request = Request::patch(org_key(&emulator, V2), r#"{"desc":""}"#);
        let reply = Caller::owner(&emulator).send(&request).await;
        assert_eq!(reply.code(), "INVALID_API_KEY_DESC");
        assert_eq!(reply.json()["badRequestDetail"].is_object(), field_details);
    }
}

#[tokio::test]
async fn an_empty_field_beside_another_is_absent_in_atlas() {
    let none = with(|assumptions| assumptions.empty_fields_absent.clear());
    for (builder, absent_in) in [(Emulator::builder(), &[V2, V1][..]), (none, &[])] {
        let emulator = builder.start().await.unwrap();
        let caller = Caller::owner(&emulator);
        for service in [V2, V1, OPS_MANAGER] {
            let path = org_key(&emulator, service);
            for (body, code, desc, role) in [
                (
                    json!({"desc": "", "roles": ["ORG_READ_ONLY"]}),
                    "INVALID_API_KEY_DESC",
                    "before",
                    "ORG_READ_ONLY",
                ),
                (
                    json!({"desc": "after", "roles": []}),
                    "MISSING_API_KEY_ROLES",
                    "after",
                    "ORG_MEMBER",
                ),
            ] {
                let before = r#"{"desc":"before","roles":["ORG_MEMBER"]}"#;
                caller.send(&Request::patch(&path, before)).await;
                let reply = caller.send(&Request::patch(&path, body.to_string())).await;
                if absent_in.contains(&service) {
                    assert_eq!(reply.status, StatusCode::OK, "{service} {body}");
                    let key = emulator.api_key(emulator.api_key_id()).unwrap();
                    assert_eq!(
                        (&*key.desc, &*key.org_roles),
                        (desc, &[role.to_owned()][..])
                    );
                } else {
                    assert_eq!(reply.code(), code, "{service} {body}");
                }
            }
        }
    }
}

#[tokio::test]
async fn reading_a_key_can_require_an_owner() {
    for (anyone, status) in [(true, StatusCode::OK), (false, StatusCode::UNAUTHORIZED)] {
        let emulator = with(|assumptions| assumptions.members_read_keys = anyone)
            .key(SeedKey::new("member", PASSWORD).org_roles(["ORG_MEMBER"]))
            .start()
            .await
            .unwrap();
        let request = Request::get(org_key(&emulator, V2));
        let member = Caller::new(&emulator, "member", PASSWORD);
        assert_eq!(member.send(&request).await.status, status);
        let owner = Caller::owner(&emulator);
        assert_eq!(owner.send(&request).await.status, StatusCode::OK);
    }
}

#[tokio::test]
async fn rate_limits_can_be_restricted_to_services() {
    let builder = with(|assumptions| assumptions.rate_limited = vec![Service::AtlasV2]);
    let emulator = builder.start().await.unwrap();
    let caller = Caller::owner(&emulator);
    for (service, limit) in [(V2, Some("500")), (V1, None), (OPS_MANAGER, None)] {
        let request = Request::patch(org_key(&emulator, service), DESC);
        let reply = caller.send(&request).await;
        assert_eq!(reply.header("ratelimit-limit"), limit, "{service}");
    }
}

#[tokio::test]
async fn project_updates_can_require_roles_in_the_project() {
    let project = "b0123456789abcdef012345b";
    let builder = with(|assumptions| {
        assumptions.owners_rule_projects = false;
        assumptions.project_update_adds = false;
    });
    let emulator = builder
        .project_id(project)
        .key(SeedKey::new("owner", PASSWORD).org_roles(["ORG_OWNER"]))
        .key(
            SeedKey::new("other", PASSWORD)
                .id(ABSENT)
                .org_roles(["ORG_MEMBER"]),
        )
        .start()
        .await
        .unwrap();
    let roles = r#"{"roles":["GROUP_READ_ONLY"]}"#;
    let request = Request::patch(project_key(&emulator, V2), roles);
    let owner = Caller::new(&emulator, "owner", PASSWORD);
    assert_eq!(owner.send(&request).await.code(), "NOT_IN_GROUP");
    let caller = Caller::owner(&emulator);
    assert_eq!(caller.send(&request).await.status, StatusCode::OK);
    let outside = format!("{V2}/groups/{project}/apiKeys/{ABSENT}");
    let reply = caller.send(&Request::patch(outside, roles)).await;
    assert_eq!(reply.code(), "API_KEY_NOT_FOUND");
}

#[tokio::test]
async fn accounts_can_count_as_owners() {
    let builder = with(|assumptions| assumptions.accounts_count_as_owners = true);
    let emulator = builder.start().await.unwrap();
    let (org, own) = (emulator.org_id(), emulator.calling_api_key_id());
    let path = format!("{V2}/orgs/{org}/apiKeys/{own}");
    let request = Request::patch(path, r#"{"roles":["ORG_MEMBER"]}"#);
    let reply = Caller::owner(&emulator).send(&request).await;
    assert_eq!(reply.status, StatusCode::OK);
}

#[tokio::test]
async fn an_invalid_token_can_get_a_bearer_challenge() {
    let builder = with(|assumptions| assumptions.digest_for_bad_tokens = false);
    let emulator = builder.start().await.unwrap();
    let bearer = crate::tokens::bearer("no-such-token");
    let reply = Request::get(org_key(&emulator, V2))
        .send(&emulator, bearer)
        .await;
    assert_eq!(reply.status, StatusCode::UNAUTHORIZED);
    assert_eq!(
        reply.header("www-authenticate"),
        Some(r#"Bearer realm="MMS Public API", error="invalid_token""#)
    );
}

#[tokio::test]
async fn envelopes_can_have_the_old_format() {
    let builder = with(|assumptions| {
        assumptions.envelope_hides_status = false;
        assumptions.envelope_key = "envelope".to_owned();
    });
    let emulator = builder.start().await.unwrap();
    let path = format!("{}?envelope=true", org_key(&emulator, V1));
    let caller = Caller::owner(&emulator);
    let reply = caller.send(&Request::patch(&path, "{}")).await;
    assert_eq!(reply.status, StatusCode::BAD_REQUEST);
    assert_eq!(reply.json()["status"], 400);
    assert!(reply.json()["envelope"].is_object());
    let reply = caller.send(&Request::patch(&path, DESC)).await;
    assert!(reply.body.starts_with(r#"{"status":200,"envelope":{"#));
}

#[tokio::test]
async fn roles_can_be_shuffled() {
    let builder = with(|assumptions| assumptions.shuffled_roles = true);
    let emulator = builder.start().await.unwrap();
    let caller = Caller::owner(&emulator);
    let roles = [
        "ORG_MEMBER",
        "ORG_READ_ONLY",
        "ORG_OWNER",
        "ORG_GROUP_CREATOR",
    ];
    let body = json!({ "roles": roles }).to_string();
    let request = Request::patch(org_key(&emulator, V2), body);
    let mut orders = BTreeSet::new();
    for _ in 0..40 {
        let mut seen = caller.send(&request).await.roles();
        orders.insert(seen.clone());
        seen.sort();
        assert_eq!(seen.len(), 5);
    }
    assert!(orders.len() > 1);
}

#[tokio::test]
async fn errors_can_have_deprecation_headers() {
    for on_errors in [true, false] {
        let emulator = with(|assumptions| assumptions.deprecation_on_errors = on_errors)
            .version(ResourceVersion::new("2023-01-01").deprecated("2024-08-05"))
            .start()
            .await
            .unwrap();
        let request = Request::patch(org_key(&emulator, V2), "{");
        let reply = Caller::owner(&emulator).send(&request).await;
        assert_eq!(reply.code(), "MALFORMED_JSON");
        assert_eq!(reply.header("deprecation").is_some(), on_errors);
    }
}

#[tokio::test]
async fn invalid_assumptions_are_refused() {
    for wrong in [
        with(|assumptions| {
            assumptions.statuses.insert("A".to_owned(), 200);
        }),
        with(|assumptions| {
            assumptions.codes.insert("A".to_owned(), "B\n".to_owned());
        }),
    ] {
        let error = wrong.start().await.unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
    }
}
