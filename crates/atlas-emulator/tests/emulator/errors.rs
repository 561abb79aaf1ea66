//! Errors on all services, and that refused updates change nothing.

use std::{collections::BTreeSet, time::Duration};

use atlas_emulator::{Assumptions, Emulator, RateLimit};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::client::{Caller, OPS_MANAGER, Request, SERVICES, V1, V2, org_key, project_key};

const ABSENT: &str = "111111111111111111111111";

/// Returns invalid bodies with their error codes.
fn bad_org_bodies() -> Vec<(Vec<u8>, &'static str)> {
    let long = "x".repeat(251);
    [
        (
            json!({"roles": ["GROUP_READ_ONLY"]}),
            "CANNOT_ADD_GROUP_ROLE",
        ),
        (
            json!({"roles": ["ORG_MEMBER", "GROUP_OWNER"]}),
            "CANNOT_ADD_GROUP_ROLE",
        ),
        (json!({"roles": ["ORG_NEW_ROLE"]}), "INVALID_ENUM_VALUE"),
        (json!({"roles": [""]}), "INVALID_ENUM_VALUE"),
        (json!({"roles": ["org_member"]}), "INVALID_ENUM_VALUE"),
        (json!({"roles": []}), "MISSING_API_KEY_ROLES"),
        (json!({"desc": "", "roles": []}), "INVALID_API_KEY_DESC"),
        (json!({"roles": "ORG_MEMBER"}), "INVALID_ATTRIBUTE"),
        (json!({"roles": [1]}), "INVALID_ATTRIBUTE"),
        (json!({"roles": null}), "INVALID_ATTRIBUTE"),
        (json!({"desc": ""}), "INVALID_API_KEY_DESC"),
        (json!({"desc": long}), "INVALID_API_KEY_DESC"),
        (json!({"desc": "ä".repeat(251)}), "INVALID_API_KEY_DESC"),
        (json!({"desc": 7}), "INVALID_ATTRIBUTE"),
        (json!({"desc": null}), "INVALID_ATTRIBUTE"),
        (json!({"desc": "x", "name": "y"}), "INVALID_ATTRIBUTE"),
        (json!({}), "MISSING_ONE_OF_ATTRIBUTES"),
    ]
    .map(|(body, code)| (body.to_string().into_bytes(), code))
    .into_iter()
    .chain(broken_bodies())
    .collect()
}

fn bad_project_bodies() -> Vec<(Vec<u8>, &'static str)> {
    [
        (json!({"roles": ["ORG_READ_ONLY"]}), "CANNOT_ADD_ORG_ROLE"),
        (
            json!({"roles": ["GROUP_READ_ONLY", "ORG_OWNER"]}),
            "CANNOT_ADD_ORG_ROLE",
        ),
        (json!({"roles": ["GROUP_NEW_ROLE"]}), "INVALID_ENUM_VALUE"),
        (json!({"roles": []}), "MISSING_API_KEY_ROLES"),
        (json!({"roles": {}}), "INVALID_ATTRIBUTE"),
        (json!({"group": "x"}), "INVALID_ATTRIBUTE"),
        (json!({}), "MISSING_ONE_OF_ATTRIBUTES"),
    ]
    .map(|(body, code)| (body.to_string().into_bytes(), code))
    .into_iter()
    .chain(broken_bodies())
    .collect()
}

fn broken_bodies() -> impl Iterator<Item = (Vec<u8>, &'static str)> {
    let broken: [&[u8]; 7] = [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\"roles\"",
        b"{\"desc\":\"\xff\"}",
        b"{\"desc\":\"x\"} x",
    ];
    let deep = "[".repeat(100_000).into_bytes();
    let broken = broken.into_iter().map(<[u8]>::to_vec).chain([deep]);
    broken.map(|body| (body, "MALFORMED_JSON"))
}

#[tokio::test]
async fn invalid_bodies_are_refused_without_changes() {
    let emulator = Emulator::builder().no_rate_limits().start().await.unwrap();
    let caller = Caller::owner(&emulator);
    for service in SERVICES {
        let read = Request::get(org_key(&emulator, service));
        let before = caller.send(&read).await.body;
        let org = bad_org_bodies()
            .into_iter()
            .map(|row| (org_key(&emulator, service), row));
        let project = bad_project_bodies()
            .into_iter()
            .map(|row| (project_key(&emulator, service), row));
        for (path, (body, code)) in org.chain(project) {
            let shown = String::from_utf8_lossy(&body[..body.len().min(60)]).into_owned();
            let reply = caller.send(&Request::patch(path, body)).await;
            assert_eq!(
                reply.status,
                StatusCode::BAD_REQUEST,
                "{service} {shown}: {reply:?}"
            );
            assert_eq!(reply.code(), code, "{service} {shown}");
            assert_error_shape(&reply.json(), StatusCode::BAD_REQUEST);
            assert_eq!(reply.header("x-error-code"), Some(code));
            assert_eq!(reply.header("content-type"), Some("application/json"));
        }
        assert_eq!(caller.send(&read).await.body, before);
    }
}

fn assert_error_shape(body: &Value, status: StatusCode) {
    let members = body.as_object().unwrap();
    let names: Vec<_> = members
        .keys()
        .map(String::as_str)
        .filter(|name| *name != "badRequestDetail")
        .collect();
    assert_eq!(
        names,
        ["detail", "error", "errorCode", "parameters", "reason"]
    );
    assert_eq!(body["error"], status.as_u16());
    assert_eq!(body["reason"], status.canonical_reason().unwrap());
    assert!(body["parameters"].is_array());
}

#[tokio::test]
async fn lengths_are_measured_in_characters() {
    let emulator = Emulator::start().await.unwrap();
    let caller = Caller::owner(&emulator);
    for service in SERVICES {
        for desc in ["x".to_owned(), "ä".repeat(250)] {
            let body = json!({ "desc": desc }).to_string();
            let reply = caller
                .send(&Request::patch(org_key(&emulator, service), body))
                .await;
            assert_eq!(reply.status, StatusCode::OK);
            assert_eq!(reply.json()["desc"], desc);
        }
    }
}

#[tokio::test]
async fn project_updates_require_roles_on_v1() {
    let emulator = Emulator::start().await.unwrap();
    let caller = Caller::owner(&emulator);
    let desc = r#"{"desc":"only this"}"#;
    let reply = caller
        .send(&Request::patch(project_key(&emulator, V2), desc))
        .await;
    assert_eq!(reply.status, StatusCode::OK);
    let reply = caller
        .send(&Request::patch(project_key(&emulator, V1), desc))
        .await;
    assert_eq!(reply.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn only_atlas_v2_names_the_invalid_field() {
    let emulator = Emulator::start().await.unwrap();
    let caller = Caller::owner(&emulator);
    let body = r#"{"desc":""}"#;
    let reply = caller
        .send(&Request::patch(org_key(&emulator, V2), body))
        .await
        .json();
    assert_eq!(reply["badRequestDetail"]["fields"][0]["field"], "desc");
    assert_eq!(
        reply["badRequestDetail"]["fields"][0]["description"],
        reply["detail"]
    );
    let reply = caller
        .send(&Request::patch(org_key(&emulator, V1), body))
        .await
        .json();
    assert_eq!(reply.get("badRequestDetail"), None);
}

#[tokio::test]
async fn a_wrong_length_can_be_a_validation_error() {
    let mut assumptions = Assumptions::default();
    assumptions.validation_errors = true;
    let emulator = Emulator::builder()
        .assumptions(assumptions)
        .start()
        .await
        .unwrap();
    let caller = Caller::owner(&emulator);
    for (service, code) in [(V2, "VALIDATION_ERROR"), (V1, "INVALID_API_KEY_DESC")] {
        let request = Request::patch(org_key(&emulator, service), r#"{"desc":""}"#);
        assert_eq!(caller.send(&request).await.code(), code);
    }
}

#[tokio::test]
async fn malformed_ids_are_refused() {
    let emulator = Emulator::start().await.unwrap();
    let caller = Caller::owner(&emulator);
    let (org, key) = (emulator.org_id(), emulator.api_key_id());
    for service in SERVICES {
        for bad in [
            "x",
            "11111111111111111111111g",
            "1111111111111111111111",
            "%ff",
        ] {
            for path in [
                format!("{service}/orgs/{bad}/apiKeys/{key}"),
                format!("{service}/orgs/{org}/apiKeys/{bad}"),
                format!("{service}/groups/{bad}/apiKeys/{key}"),
            ] {
                let reply = caller.send(&Request::patch(&path, r#"{"desc":"x"}"#)).await;
                assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{path}");
                assert_eq!(reply.code(), "PATH_PARAM_PARSE_ERROR", "{path}");
                assert_eq!(reply.json()["parameters"], json!([path]));
            }
        }
        let upper = org.to_uppercase();
        let path = format!("{service}/orgs/{upper}/apiKeys/{key}");
        if upper != org {
            let reply = caller.send(&Request::patch(path, r#"{"desc":"x"}"#)).await;
            assert_eq!(reply.code(), "PATH_PARAM_PARSE_ERROR");
        }
    }
}

#[tokio::test]
async fn unknown_ids_are_named() {
    let emulator = Emulator::start().await.unwrap();
    let caller = Caller::owner(&emulator);
    let (org, project) = (emulator.org_id(), emulator.project_id());
    let key = emulator.api_key_id();
    for service in SERVICES {
        for (path, status, code, detail) in [
            (
                format!("{service}/orgs/{ABSENT}/apiKeys/{key}"),
                404,
                "ORG_NOT_FOUND",
                "No organization with ID 111111111111111111111111 exists.",
            ),
            (
                format!("{service}/groups/{ABSENT}/apiKeys/{key}"),
                404,
                "GROUP_NOT_FOUND",
                "No group with ID 111111111111111111111111 exists.",
            ),
            (
                format!("{service}/orgs/{org}/apiKeys/{ABSENT}"),
                400,
                "API_KEY_NOT_FOUND",
                "No API key with ID 111111111111111111111111 exists.",
            ),
            (
                format!("{service}/groups/{project}/apiKeys/{ABSENT}"),
                400,
                "API_KEY_NOT_FOUND",
                "No API key with ID 111111111111111111111111 exists.",
            ),
        ] {
            let reply = caller
                .send(&Request::patch(path, r#"{"roles":["GROUP_OWNER"]}"#))
                .await;
            assert_eq!(reply.status.as_u16(), status);
            let json = reply.json();
            assert_eq!(json["errorCode"], code);
            assert_eq!(json["detail"], detail);
            assert_eq!(json["parameters"], json!([ABSENT]));
            assert_eq!(reply.header("x-error-code"), Some(code));
        }
    }
}

#[tokio::test]
async fn the_last_owner_cannot_be_demoted() {
    let emulator = Emulator::start().await.unwrap();
    let caller = Caller::owner(&emulator);
    let (org, own) = (emulator.org_id(), emulator.calling_api_key_id());
    let demotion = r#"{"desc":"demoted","roles":["ORG_MEMBER"]}"#;
    for service in SERVICES {
        let own = format!("{service}/orgs/{org}/apiKeys/{own}");
        let reply = caller.send(&Request::patch(&own, demotion)).await;
        assert_eq!(reply.status, StatusCode::FORBIDDEN);
        assert_eq!(reply.code(), "CANNOT_DEMOTE_LAST_ORG_OWNER");
        let reply = caller.send(&Request::get(&own)).await;
        assert_eq!(
            reply.json()["desc"],
            "the calling key",
            "nothing was changed"
        );
    }
    // With a second owner, the first can be demoted, but then not the second.
    let promotion = r#"{"roles":["ORG_OWNER"]}"#;
    let target = org_key(&emulator, V2);
    assert_eq!(
        caller
            .send(&Request::patch(&target, promotion))
            .await
            .status,
        StatusCode::OK
    );
    let own = format!("{V2}/orgs/{org}/apiKeys/{own}");
    assert_eq!(
        caller.send(&Request::patch(&own, demotion)).await.status,
        StatusCode::OK
    );
    let reply = caller.send(&Request::patch(&own, promotion)).await;
    assert_eq!(
        reply.code(),
        "NOT_ORG_OWNER",
        "role changes take effect immediately"
    );
}

#[tokio::test]
async fn query_parameters_are_validated_against_the_documents() {
    let emulator = Emulator::builder().no_rate_limits().start().await.unwrap();
    let caller = Caller::owner(&emulator);
    for service in SERVICES {
        let roles = r#"{"roles":["GROUP_READ_ONLY"]}"#;
        let path = project_key(&emulator, service);
        for (query, status) in [
            ("itemsPerPage=500", 200),
            ("itemsPerPage=501", 400),
            ("itemsPerPage=0", 400),
            ("itemsPerPage=ten", 400),
            ("pageNum=1", 200),
            ("pageNum=0", 400),
            // The documents have no upper limit.
            ("pageNum=99999999999999999999", 200),
            ("pretty=yes", 400),
            ("pretty=false&unknown=1", 200),
        ] {
            let reply = caller
                .send(&Request::patch(format!("{path}?{query}"), roles))
                .await;
            assert_eq!(reply.status.as_u16(), status, "{service} {query}");
            if status == 400 {
                assert_eq!(reply.code(), "INVALID_QUERY_PARAMETER");
            }
        }
    }
}

#[tokio::test]
async fn unsupported_media_types_are_refused() {
    let emulator = Emulator::start().await.unwrap();
    let caller = Caller::owner(&emulator);
    let vendor = "application/vnd.atlas.2023-01-01+json";
    for service in SERVICES {
        let request = Request::patch(org_key(&emulator, service), r#"{"desc":"x"}"#);
        let on_v2 = if service == V2 { 200 } else { 415 };
        for (content_type, status) in [
            (Some("application/json; charset=utf-8"), 200),
            (Some(vendor), on_v2),
            (Some("text/plain"), 415),
            (None, 415),
        ] {
            let reply = caller
                .send(&request.clone().content_type(content_type))
                .await;
            assert_eq!(reply.status.as_u16(), status, "{service} {content_type:?}");
        }
    }
}

#[tokio::test]
async fn an_oversized_body_is_refused_without_closing_the_connection() {
    let emulator = Emulator::start().await.unwrap();
    let caller = Caller::owner(&emulator);
    let request = Request::patch(org_key(&emulator, V2), vec![b' '; (1 << 20) + 1]);
    let reply = caller.send(&request).await;
    assert_eq!(reply.status, StatusCode::PAYLOAD_TOO_LARGE);
    let reply = caller.send(&Request::get(org_key(&emulator, V2))).await;
    assert_eq!(reply.status, StatusCode::OK);
    assert_eq!(emulator.connections(), 1);
}

#[tokio::test]
async fn unknown_paths_and_methods_are_refused() {
    let emulator = Emulator::start().await.unwrap();
    for service in SERVICES {
        let path = format!("{service}/orgs/{}/apiKeyz", emulator.org_id());
        let reply = Request::get(path).send(&emulator, None).await;
        assert_eq!(reply.status, StatusCode::NOT_FOUND);
        assert_eq!(reply.code(), "RESOURCE_NOT_FOUND");
        assert_error_shape(&reply.json(), StatusCode::NOT_FOUND);
        let reply = Request::get(project_key(&emulator, service))
            .send(&emulator, None)
            .await;
        assert_eq!(reply.status, StatusCode::METHOD_NOT_ALLOWED);
        let allowed = reply.header("allow").unwrap().split(',');
        let allowed: BTreeSet<_> = allowed.map(str::trim).collect();
        let mut expected = BTreeSet::from(["DELETE", "PATCH"]);
        if service != OPS_MANAGER {
            expected.insert("POST");
        }
        assert_eq!(allowed, expected);
        assert_error_shape(&reply.json(), StatusCode::METHOD_NOT_ALLOWED);
    }
}

#[tokio::test]
async fn rate_limits_refuse_and_refill() {
    let limit = RateLimit {
        capacity: 3,
        refill: 1,
        period: Duration::from_secs(1),
    };
    let emulator = Emulator::builder()
        .org_rate_limit(limit)
        .start()
        .await
        .unwrap();
    let caller = Caller::owner(&emulator);
    let request = Request::patch(org_key(&emulator, V2), r#"{"desc":"x"}"#);
    for left in ["2", "1", "0"] {
        let reply = caller.send(&request).await;
        assert_eq!(reply.status, StatusCode::OK);
        assert_eq!(reply.header("ratelimit-limit"), Some("3"));
        assert_eq!(reply.header("ratelimit-remaining"), Some(left));
    }
    let reply = caller.send(&request).await;
    assert_eq!(reply.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(reply.code(), "RATE_LIMITED_TOKEN_BUCKET");
    assert_eq!(reply.header("retry-after"), Some("1"));
    assert_eq!(reply.header("ratelimit-limit"), Some("3"));
    assert_eq!(reply.header("ratelimit-remaining"), Some("0"));
    let path = org_key(&emulator, V2);
    assert_eq!(reply.json()["parameters"], json!([path, 1, 3, 1, 1]));
    // The project has its own bucket.
    let project = Request::patch(project_key(&emulator, V2), r#"{"roles":["GROUP_OWNER"]}"#);
    let reply = caller.send(&project).await;
    assert_eq!(reply.header("ratelimit-limit"), Some("1200"));
    assert_eq!(reply.header("ratelimit-remaining"), Some("1199"));
    tokio::time::sleep(Duration::from_millis(1100)).await;
    assert_eq!(caller.send(&request).await.status, StatusCode::OK);
}

#[tokio::test]
async fn the_error_for_an_empty_update_lists_the_fields() {
    let emulator = Emulator::start().await.unwrap();
    let caller = Caller::owner(&emulator);
    for (path, fields) in [
        (org_key(&emulator, V2), json!(["desc", "roles"])),
        (project_key(&emulator, V2), json!(["desc", "roles"])),
        (project_key(&emulator, V1), json!(["roles"])),
    ] {
        let reply = caller.send(&Request::patch(path, "{}")).await;
        assert_eq!(reply.json()["parameters"], fields);
    }
}
