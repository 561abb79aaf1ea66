//! Conformity of responses with the OpenAPI documents.

use atlas_emulator::{Emulator, SeedKey};
use serde_json::{Value, json};

use crate::client::{Caller, Request, SERVICES, org_key, project_key};

const DOCUMENTS: [&str; 3] = [
    include_str!("../../src/generated/atlas-v2.json"),
    include_str!("../../src/generated/atlas-v1.json"),
    include_str!("../../src/generated/ops-manager-v1.json"),
];

/// Creates a validator for a schema of a document.
fn validator(document: &Value, name: &str) -> jsonschema::Validator {
    let schema = json!({
        "$ref": format!("#/components/schemas/{name}"),
        "components": document["components"],
    });
    jsonschema::draft202012::new(&schema).unwrap()
}

#[tokio::test]
async fn updates_match_the_documents() {
    let emulator = Emulator::builder()
        .key(SeedKey::new("member", "0f3b7c1d-aaaa-bbbb-0123456789ab").org_roles(["ORG_MEMBER"]))
        .start()
        .await
        .unwrap();
    let absent = "111111111111111111111111";
    for (service, document) in SERVICES.into_iter().zip(DOCUMENTS) {
        let document: Value = serde_json::from_str(document).unwrap();
        let key = validator(&document, "ApiKey");
        let error = validator(&document, "ApiError");
        let owner = Caller::owner(&emulator);
        let member = Caller::new(&emulator, "member", "0f3b7c1d-aaaa-bbbb-0123456789ab");
        for (path, template, level) in [
            (
                org_key(&emulator, service),
                "/orgs/{orgId}/apiKeys/{apiUserId}",
                "ORG",
            ),
            (
                project_key(&emulator, service),
                "/groups/{groupId}/apiKeys/{apiUserId}",
                "GROUP",
            ),
        ] {
            let known = document["paths"][template]["patch"]["responses"]
                .as_object()
                .unwrap();
            let body = |role: &str| json!({"roles": [format!("{level}_{role}")]}).to_string();
            let replies = [
                owner.send(&Request::patch(&path, body("READ_ONLY"))).await,
                owner.send(&Request::patch(&path, body("NONSENSE"))).await,
                owner.send(&Request::patch(&path, "{")).await,
                owner.send(&Request::patch(&path, r#"{"desc":""}"#)).await,
                owner
                    .send(&Request::patch(&path, r#"{"x":1,"roles":[]}"#))
                    .await,
                owner
                    .send(&Request::patch(
                        path.replace(emulator.api_key_id(), absent),
                        body("READ_ONLY"),
                    ))
                    .await,
                owner
                    .send(&Request::patch(
                        path.replace(emulator.org_id(), absent)
                            .replace(emulator.project_id(), absent),
                        body("READ_ONLY"),
                    ))
                    .await,
                member.send(&Request::patch(&path, body("READ_ONLY"))).await,
                owner
                    .unauthorized(&Request::patch(&path, body("READ_ONLY")))
                    .await,
            ];
            for reply in replies {
                let status = reply.status.as_u16().to_string();
                assert!(known.contains_key(&status), "{service} {reply:?}");
                let schema = if reply.status == 200 { &key } else { &error };
                let found = schema
                    .iter_errors(&reply.json())
                    .next()
                    .map(|e| e.to_string());
                assert_eq!(found, None, "{service} {reply:?}");
            }
        }
    }
}

#[tokio::test]
async fn statuses_of_reads_match_the_documents() {
    let emulator = Emulator::start().await.unwrap();
    let owner = Caller::owner(&emulator);
    for (service, document) in SERVICES.into_iter().zip(DOCUMENTS) {
        let document: Value = serde_json::from_str(document).unwrap();
        let known = &document["paths"]["/orgs/{orgId}/apiKeys/{apiUserId}"]["get"]["responses"];
        let path = org_key(&emulator, service);
        let nonsense = "application/vnd.atlas.1999-01-01+json";
        for request in [
            Request::get(&path),
            Request::get(format!("{path}?pretty=maybe")),
            Request::get(path.replace(emulator.api_key_id(), "nonsense")),
            Request::get(path.replace(emulator.org_id(), "111111111111111111111111")),
            Request::get(&path).accept(Some(nonsense)),
        ] {
            let reply = owner.send(&request).await;
            let status = reply.status.as_u16().to_string();
            assert!(known[&status].is_object(), "{service} {reply:?}");
        }
    }
}
