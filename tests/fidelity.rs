//! The emulator's responses compared with those recorded from the live service: status,
//! header names, media type and JSON keys. Each difference has a reason.

use std::{collections::BTreeSet, fmt::Write as _};

use atlas_emulator::{Builder, Emulator, ResourceVersion, SeedKey};
use reqwest::{Client, RequestBuilder};
use serde_json::Value;
use workspace_tests::{
    Recording,
    ids::recorded::{ORG_API_KEY_ID, ORG_ID, PROJECT_API_KEY_ID, PROJECT_ID, UNKNOWN_PROJECT_ID},
    shared,
};

/// A recorded response, and a request for which the emulator's response should match it.
struct Case {
    recording: &'static str,
    path: String,
    accept: &'static str,
    body: &'static str,
    is_authorized: bool,
    /// The reason for each difference, with the beginning of the difference.
    reasons: &'static [(&'static str, &'static str)],
}

fn cases() -> Vec<Case> {
    let org = format!("/api/atlas/v2/orgs/{ORG_ID}/apiKeys/{ORG_API_KEY_ID}");
    let in_project =
        |project| format!("/api/atlas/v2/groups/{project}/apiKeys/{PROJECT_API_KEY_ID}");
    // Not the deprecated version that `service` adds.
    let first = "application/vnd.atlas.2023-01-01+json";
    let role = r#"{"roles":["GROUP_DATA_ACCESS_READ_ONLY"]}"#;
    vec![
        Case {
            recording: "digest-challenge-401.http",
            path: org.clone(),
            accept: first,
            body: "",
            is_authorized: false,
            reasons: &[],
        },
        Case {
            recording: "update-org-api-key-200.http",
            path: org.clone(),
            accept: first,
            body: r#"{"desc":"e2e-test-atlas-org-updated","roles":["ORG_READ_ONLY"]}"#,
            is_authorized: true,
            reasons: &[],
        },
        Case {
            recording: "update-project-roles-200.http",
            path: in_project(PROJECT_ID),
            accept: first,
            body: role,
            is_authorized: true,
            reasons: &[],
        },
        Case {
            recording: "group-not-found-404.http",
            path: in_project(UNKNOWN_PROJECT_ID),
            accept: first,
            body: role,
            is_authorized: true,
            reasons: &[],
        },
        Case {
            recording: "deprecated-version-headers-200.http",
            path: org,
            accept: "application/vnd.atlas.2023-02-01+json",
            body: r#"{"desc":"x"}"#,
            is_authorized: true,
            reasons: &[
                (
                    "additional headers content-length",
                    "the emulator always sends it; the recording lost it with its body",
                ),
                (
                    "additional keys",
                    "the recording is of another resource, and its body was removed",
                ),
            ],
        },
    ]
}

/// Configures the emulator like the service at the time of the recordings.
fn service() -> Builder {
    let private_key = "0f3b7c1d-aaaa-bbbb-0123456789ab";
    Emulator::builder()
        .org_id(ORG_ID)
        .project_id(PROJECT_ID)
        .key(
            SeedKey::new("gswvkocq", private_key)
                .id(ORG_API_KEY_ID)
                .org_roles(["ORG_MEMBER"]),
        )
        .key(
            SeedKey::new("flezioeg", private_key)
                .id(PROJECT_API_KEY_ID)
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

/// The compared parts of a response.
struct Comparable {
    status: u16,
    headers: BTreeSet<String>,
    media_type: String,
    keys: BTreeSet<String>,
}

impl Comparable {
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

    /// Describes the differences of the emulator's response.
    fn differences(&self, emulator: &Self) -> Vec<String> {
        let mut found = Vec::new();
        if self.status != emulator.status {
            found.push(format!(
                "status {} instead of {}",
                emulator.status, self.status
            ));
        }
        if self.media_type != emulator.media_type {
            let (ours, theirs) = (&emulator.media_type, &self.media_type);
            found.push(format!("media type {ours} instead of {theirs}"));
        }
        for (what, theirs, ours) in [
            ("headers", &self.headers, &emulator.headers),
            ("keys", &self.keys, &emulator.keys),
        ] {
            for (difference, names) in [("missing", theirs - ours), ("additional", ours - theirs)] {
                if !names.is_empty() {
                    let names: Vec<_> = names.into_iter().collect();
                    found.push(format!("{difference} {what} {}", names.join(", ")));
                }
            }
        }
        found
    }
}

/// Collects the paths of all object members, such as `roles[].orgId`.
fn collect_keys(value: &Value, path: &str, keys: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                let path = format!("{path}.{name}");
                keys.insert(path.trim_start_matches('.').to_owned());
                collect_keys(value, &path, keys);
            }
        }
        Value::Array(items) => {
            let path = format!("{path}[]");
            for item in items {
                collect_keys(item, &path, keys);
            }
        }
        _ => {}
    }
}

async fn token(client: &Client, emulator: &Emulator) -> String {
    let response = client
        .post([emulator.base_url(), "/api/oauth/token"].concat())
        .basic_auth(emulator.client_id(), Some(emulator.client_secret()))
        .header("content-type", "application/x-www-form-urlencoded")
        .body("grant_type=client_credentials")
        .send()
        .await
        .unwrap();
    let body: Value = response.json().await.unwrap();
    body["access_token"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn emulator_matches_recordings() {
    let Some(folder) = shared("recordings") else {
        return;
    };
    let emulator = service().start().await.unwrap();
    let client = Client::new();
    let token = token(&client, &emulator).await;
    let mut report = String::new();
    for case in cases() {
        let recording = Recording::read(&folder.join(case.recording)).unwrap();
        let mut request = client
            .patch([emulator.base_url(), &case.path].concat())
            .header("accept", case.accept)
            .header("content-type", case.accept)
            .body(case.body);
        if case.is_authorized {
            request = request.bearer_auth(&token);
        }
        let differences =
            Comparable::recorded(&recording).differences(&Comparable::to(request).await);

        writeln!(report, "{}", case.recording).unwrap();
        if differences.is_empty() {
            writeln!(report, "  no difference").unwrap();
        }
        for difference in &differences {
            let reason = case
                .reasons
                .iter()
                .find(|(start, _)| difference.starts_with(start));
            let reason = reason.map_or("UNEXPLAINED", |(_, reason)| reason);
            writeln!(report, "  {difference}: {reason}").unwrap();
        }
        for (start, _) in case.reasons {
            let found = differences.iter().any(|found| found.starts_with(start));
            assert!(
                found,
                "{}: no difference begins with {start:?}",
                case.recording
            );
        }
    }
    assert!(!report.contains("UNEXPLAINED"), "{report}");
    insta::assert_snapshot!(report);
}
