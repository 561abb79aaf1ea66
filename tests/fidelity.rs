//! The emulator's answers beside those recorded from the live service: status,
//! names of headers, media type and JSON keys. Each difference has its reason.

use std::{collections::BTreeSet, fmt::Write as _};

use atlas_emulator::{Builder, Emulator, ResourceVersion, SeedKey};
use reqwest::{Client, RequestBuilder};
use serde_json::Value;
use workspace_tests::{Recording, shared};

const ORG: &str = "a0123456789abcdef012345a";
const PROJECT: &str = "b0123456789abcdef012345b";
const UNKNOWN_PROJECT: &str = "111111111111111111111111";
const ORG_KEY: &str = "6a793f752c88faeba59bba49";
const PROJECT_KEY: &str = "6a793fbd2c88faeba59bd3b1";

/// A recorded answer, and the request that the emulator is to answer alike.
struct Case {
    recording: &'static str,
    path: String,
    accept: &'static str,
    body: &'static str,
    signed_in: bool,
    /// Why the emulator's answer differs, by how the difference begins.
    reasons: &'static [(&'static str, &'static str)],
}

fn cases() -> Vec<Case> {
    let org = format!("/api/atlas/v2/orgs/{ORG}/apiKeys/{ORG_KEY}");
    let in_project = |project| format!("/api/atlas/v2/groups/{project}/apiKeys/{PROJECT_KEY}");
    // The version that served them, not the deprecated one that `service` adds.
    let first = "application/vnd.atlas.2023-01-01+json";
    let role = r#"{"roles":["GROUP_DATA_ACCESS_READ_ONLY"]}"#;
    vec![
        Case {
            recording: "digest-challenge-401.http",
            path: org.clone(),
            accept: first,
            body: "",
            signed_in: false,
            reasons: &[],
        },
        Case {
            recording: "update-org-api-key-200.http",
            path: org.clone(),
            accept: first,
            body: r#"{"desc":"e2e-test-atlas-org-updated","roles":["ORG_READ_ONLY"]}"#,
            signed_in: true,
            reasons: &[],
        },
        Case {
            recording: "update-project-roles-200.http",
            path: in_project(PROJECT),
            accept: first,
            body: role,
            signed_in: true,
            reasons: &[],
        },
        Case {
            recording: "group-not-found-404.http",
            path: in_project(UNKNOWN_PROJECT),
            accept: first,
            body: role,
            signed_in: true,
            reasons: &[],
        },
        Case {
            recording: "deprecated-version-headers-200.http",
            path: org,
            accept: "application/vnd.atlas.2023-02-01+json",
            body: r#"{"desc":"x"}"#,
            signed_in: true,
            reasons: &[
                (
                    "also headers content-length",
                    "the emulator tells every length, and this one went with the body",
                ),
                (
                    "also keys",
                    "of another resource, whose body was emptied before it was shared",
                ),
            ],
        },
    ]
}

/// The service as it was when the answers were recorded.
fn service() -> Builder {
    let private_key = "0f3b7c1d-aaaa-bbbb-0123456789ab";
    Emulator::builder()
        .org_id(ORG)
        .project_id(PROJECT)
        .key(
            SeedKey::new("gswvkocq", private_key)
                .id(ORG_KEY)
                .org_roles(["ORG_MEMBER"]),
        )
        .key(
            SeedKey::new("flezioeg", private_key)
                .id(PROJECT_KEY)
                .desc("e2e-test")
                .org_roles(["ORG_MEMBER"]),
        )
        .version(
            ResourceVersion::new("2023-02-01")
                .deprecated("2024-08-05")
                .sunset("2027-07-01"),
        )
        .today("2026-08-10")
}

/// What is compared of an answer.
struct Answer {
    status: u16,
    headers: BTreeSet<String>,
    media_type: String,
    keys: BTreeSet<String>,
}

impl Answer {
    fn new(status: u16, headers: &[(String, String)], body: &str) -> Self {
        let media_type = headers
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case("content-type"));
        let mut keys = BTreeSet::new();
        collect_keys(&serde_json::from_str(body).unwrap(), "", &mut keys);
        Self {
            status,
            headers: headers
                .iter()
                .map(|(name, _)| name.to_lowercase())
                .collect(),
            media_type: media_type.unwrap().1.clone(),
            keys,
        }
    }

    fn recorded(recording: &Recording) -> Self {
        Self::new(recording.status, &recording.headers, &recording.body)
    }

    async fn to(request: RequestBuilder) -> Self {
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        let headers: Vec<_> = response
            .headers()
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
            .collect();
        Self::new(status, &headers, &response.text().await.unwrap())
    }

    /// What stands in one answer alone.
    fn differences(&self, emulator: &Self) -> Vec<String> {
        let mut found = Vec::new();
        if self.status != emulator.status {
            found.push(format!("status {} for {}", emulator.status, self.status));
        }
        if self.media_type != emulator.media_type {
            let (ours, theirs) = (&emulator.media_type, &self.media_type);
            found.push(format!("media type {ours} for {theirs}"));
        }
        for (what, theirs, ours) in [
            ("headers", &self.headers, &emulator.headers),
            ("keys", &self.keys, &emulator.keys),
        ] {
            for (is, names) in [("no", theirs - ours), ("also", ours - theirs)] {
                if !names.is_empty() {
                    let names: Vec<_> = names.into_iter().collect();
                    found.push(format!("{is} {what} {}", names.join(", ")));
                }
            }
        }
        found
    }
}

/// The places of all members, items of arrays taken together: `roles[].orgId`.
fn collect_keys(value: &Value, place: &str, keys: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                let place = format!("{place}.{name}");
                keys.insert(place.trim_start_matches('.').to_owned());
                collect_keys(value, &place, keys);
            }
        }
        Value::Array(items) => {
            let place = format!("{place}[]");
            for item in items {
                collect_keys(item, &place, keys);
            }
        }
        _ => {}
    }
}

async fn token(client: &Client, emulator: &Emulator) -> String {
    let answer = client
        .post([emulator.base_url(), "/api/oauth/token"].concat())
        .basic_auth(emulator.client_id(), Some(emulator.client_secret()))
        .header("content-type", "application/x-www-form-urlencoded")
        .body("grant_type=client_credentials")
        .send()
        .await
        .unwrap();
    let answer: Value = answer.json().await.unwrap();
    answer["access_token"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn the_emulator_answers_as_was_recorded() {
    let Some(folder) = shared("recordings") else {
        return;
    };
    let emulator = service().start().await.unwrap();
    let client = Client::new();
    let token = token(&client, &emulator).await;
    let mut page = String::new();
    for case in cases() {
        let recording = Recording::read(&folder.join(case.recording)).unwrap();
        let mut request = client
            .patch([emulator.base_url(), &case.path].concat())
            .header("accept", case.accept)
            .header("content-type", case.accept)
            .body(case.body);
        if case.signed_in {
            request = request.bearer_auth(&token);
        }
        let differences = Answer::recorded(&recording).differences(&Answer::to(request).await);

        writeln!(page, "{}", case.recording).unwrap();
        if differences.is_empty() {
            writeln!(page, "  the same").unwrap();
        }
        for difference in &differences {
            let reason = case
                .reasons
                .iter()
                .find(|(start, _)| difference.starts_with(start));
            let reason = reason.map_or("NO REASON IS GIVEN", |(_, reason)| reason);
            writeln!(page, "  {difference}: {reason}").unwrap();
        }
        for (start, _) in case.reasons {
            let found = differences.iter().any(|found| found.starts_with(start));
            assert!(found, "{}: no difference is {start:?}", case.recording);
        }
    }
    assert!(!page.contains("NO REASON"), "{page}");
    insta::assert_snapshot!(page);
}
