//! Conformity of responses with the OpenAPI documents, for every operation in them.

use atlas_emulator::{Emulator, SeedKey};
use serde_json::{Value, json};

use crate::client::{Caller, Reply, Request, SERVICES};

const DOCUMENTS: [&str; 3] = [
    include_str!("../../src/generated/atlas-v2.json"),
    include_str!("../../src/generated/atlas-v1.json"),
    include_str!("../../src/generated/ops-manager-v1.json"),
];

const ADDITIONAL: &str = include_str!("../../src/spec/additional.json");

const SERVICE_NAMES: [&str; 3] = ["atlas-v2", "atlas-v1", "ops-manager-v1"];

const ORG: &str = "a0123456789abcdef012345a";
const PROJECT: &str = "b0123456789abcdef012345b";
const KEY: &str = "d0123456789abcdef012345d";
const ABSENT: &str = "111111111111111111111111";
const PASSWORD: &str = "0f3b7c1d-aaaa-4bbb-8ccc-0123456789ab";

/// An operation of a service.
struct Operation {
    service: &'static str,
    document: Value,
    method: String,
    path: String,
    item: Value,
}

/// Returns every operation of every service.
fn operations() -> Vec<Operation> {
    let mut operations = Vec::new();
    for ((service, name), text) in SERVICES.into_iter().zip(SERVICE_NAMES).zip(DOCUMENTS) {
        let document: Value = serde_json::from_str(text).unwrap();
        let mut additional: Value = serde_json::from_str(ADDITIONAL).unwrap();
        let mut schemas = document["components"]["schemas"].clone();
        let own = additional["components"]["schemas"].as_object_mut().unwrap();
        schemas.as_object_mut().unwrap().append(own);
        for source in [&document, &additional] {
            for (path, items) in source["paths"].as_object().unwrap() {
                for (method, item) in items.as_object().unwrap() {
                    let services = item["x-services"].as_array();
                    if services.is_some_and(|services| !services.contains(&json!(name))) {
                        continue;
                    }
                    operations.push(Operation {
                        service,
                        document: json!({"components": {"schemas": schemas}}),
                        method: method.clone(),
                        path: path.clone(),
                        item: item.clone(),
                    });
                }
            }
        }
    }
    operations
}

impl Operation {
    fn id(&self) -> &str {
        self.item["operationId"].as_str().unwrap()
    }

    /// Returns a valid body.
    fn body(&self) -> Option<String> {
        let schema = &self.item["requestBody"]["content"]["application/json"]["schema"];
        let name = schema["$ref"].as_str()?.rsplit('/').next()?;
        let body = match name {
            "NewOrgApiKey" => json!({"desc": "new", "roles": ["ORG_MEMBER"]}),
            "NewProjectApiKey" => json!({"desc": "new", "roles": ["GROUP_READ_ONLY"]}),
            "OrgApiKeyUpdate" => json!({"desc": "changed", "roles": ["ORG_READ_ONLY"]}),
            "ProjectApiKeyUpdate" => json!({"roles": ["GROUP_OWNER"]}),
            "NewAccessListEntries" => json!([{"ipAddress": "198.51.100.1"}]),
            "RoleAssignments" => json!([{"roles": ["GROUP_OWNER"]}]),
            _ => panic!("no valid {name} is known to this test"),
        };
        Some(body.to_string())
    }

    fn target(&self, org: &str, project: &str, key: &str, entry: &str) -> String {
        let path = self
            .path
            .replace("{orgId}", org)
            .replace("{groupId}", project);
        let path = path
            .replace("{apiUserId}", key)
            .replace("{ipAddress}", entry);
        assert!(!path.contains('{'), "{path}");
        [self.service, &path].concat()
    }

    fn valid_target(&self) -> String {
        self.target(ORG, PROJECT, KEY, "203.0.113.0%2F24")
    }

    fn request(&self, target: String) -> Request {
        Request::new(&self.method, target, self.body().as_deref())
    }

    /// Checks that a response is documented.
    fn check(&self, reply: &Reply) {
        let status = reply.status.as_u16().to_string();
        let context = format!("{} {} {reply:?}", self.service, self.id());
        let response = &self.item["responses"][&status];
        let is_success = reply.status.is_success();
        // Atlas v2 documents no 400 for creations, and our own document no errors.
        if status != "400" && (is_success || self.item["responses"].get("401").is_some()) {
            assert!(response.is_object(), "an undocumented status: {context}");
        }
        let mut schema = match is_success {
            true => response["content"]["application/json"]["schema"].clone(),
            false => json!({"$ref": "#/components/schemas/ApiError"}),
        };
        if schema.is_null() {
            assert!(matches!(&*reply.body, "" | "{}"), "{context}");
            return;
        }
        schema["components"] = self.document["components"].clone();
        let validator = jsonschema::draft202012::new(&schema).unwrap();
        let errors = validator
            .iter_errors(&reply.json())
            .next()
            .map(|e| e.to_string());
        assert_eq!(errors, None, "{context}");
    }
}

async fn emulator() -> Emulator {
    Emulator::builder()
        .org_id(ORG)
        .project_id(PROJECT)
        .public_key("callings")
        .key(
            SeedKey::new("targeted", PASSWORD)
                .id(KEY)
                .desc("targeted")
                .org_roles(["ORG_MEMBER"])
                .project_roles(PROJECT, ["GROUP_READ_ONLY"])
                .access_list(["203.0.113.0/24"]),
        )
        .key(SeedKey::new("nobodies", PASSWORD).desc("without any role"))
        .start()
        .await
        .unwrap()
}

#[tokio::test]
async fn successes_match_the_documents() {
    for operation in operations() {
        let emulator = emulator().await;
        let owner = Caller::owner(&emulator);
        for query in ["", "?pretty=true"] {
            let target = operation.valid_target();
            let reply = owner.send(&operation.request(target + query)).await;
            if query.is_empty() {
                assert!(reply.status.is_success(), "{} {reply:?}", operation.id());
            }
            operation.check(&reply);
        }
    }
}

#[tokio::test]
async fn errors_match_the_documents() {
    let emulator = emulator().await;
    let owner = Caller::owner(&emulator);
    let nobody = Caller::new(&emulator, "nobodies", PASSWORD);
    for operation in operations() {
        let valid = operation.request(operation.valid_target());
        let refused = owner.unauthorized(&valid).await;
        assert_eq!(refused.status, 401);
        operation.check(&refused);
        let nonsense = Some("application/vnd.atlas.1999-01-01+json");
        let mut requests = vec![
            operation.request(operation.valid_target() + "?pretty=maybe"),
            operation.request(operation.target("x", "x", "x", "x")),
            operation.request(operation.target(ABSENT, ABSENT, KEY, "192.0.2.1")),
            operation.request(operation.target(ORG, PROJECT, ABSENT, "192.0.2.1")),
            operation.request(operation.target(ORG, PROJECT, KEY, "192.0.2.1")),
        ];
        if operation.service == SERVICES[0] {
            requests.push(valid.clone().accept(nonsense));
        }
        if operation.body().is_some() {
            for body in ["", "{", "{}", "[]", "7", r#"[{"x":1}]"#, r#"{"x":1}"#] {
                let target = operation.valid_target();
                requests.push(Request::new(&operation.method, target, Some(body)));
            }
        }
        if operation.method != "get" {
            let reply = nobody.send(&valid).await;
            assert_eq!(reply.status, 401, "{} {reply:?}", operation.id());
            operation.check(&reply);
        }
        // The first one is refused by every operation, the others by those with such a parameter.
        let first = owner.send(&requests[0]).await;
        assert_eq!(first.status, 400, "{}", operation.id());
        for request in requests {
            let reply = owner.send(&request).await;
            operation.check(&reply);
        }
        emulator.reset().unwrap();
    }
}

#[tokio::test]
async fn what_callers_need_is_what_atlas_v2_documents() {
    for operation in operations() {
        let documented = operation.item["x-rolesRequirements"][0].as_str();
        let is_refused = match documented {
            Some("Organization Member") | Some("Project Read Only") | None => false,
            Some("Organization Owner") | Some("Project Access Manager") => true,
            Some(other) => panic!("{other} is not known to this test"),
        };
        if documented.is_none() {
            continue;
        }
        let emulator = emulator().await;
        let reader = Caller::new(&emulator, "targeted", PASSWORD);
        // Its own access list would keep it out.
        let path = format!(
            "{}/orgs/{ORG}/apiKeys/{KEY}/accessList/203.0.113.0%2F24",
            SERVICES[0]
        );
        let here = Request::post(
            path.trim_end_matches("/203.0.113.0%2F24"),
            r#"[{"cidrBlock":"127.0.0.0/8"}]"#,
        );
        assert_eq!(Caller::owner(&emulator).send(&here).await.status, 200);
        let reply = reader
            .send(&operation.request(operation.valid_target()))
            .await;
        assert_eq!(
            reply.status == 401,
            is_refused,
            "{} {reply:?}",
            operation.id()
        );
    }
}
