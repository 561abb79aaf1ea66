//! Versions of Atlas v2, selected by the Accept header.

use atlas_emulator::{Assumptions, Emulator, ResourceVersion, Service, VersionDates};
use reqwest::StatusCode;
use serde_json::json;

use crate::client::{Caller, OPS_MANAGER, Request, V1, V2, org_key, project_key};

const BODY: &str = r#"{"desc":"x"}"#;
const SERVED: &str = "application/vnd.atlas.2023-01-01+json;charset=utf-8";
const BETWEEN: &str = "application/vnd.atlas.2024-01-01+json";

#[tokio::test]
async fn responses_name_the_served_version() {
    let emulator = Emulator::start().await.unwrap();
    let caller = Caller::owner(&emulator);
    for accept in [
        "application/vnd.atlas.2023-01-01+json",
        "application/vnd.atlas.2023-10-01+json",
        "application/vnd.atlas.2025-02-19+json",
        "application/vnd.atlas.2025-03-12+json",
    ] {
        for path in [org_key(&emulator, V2), project_key(&emulator, V2)] {
            let request = Request::patch(path, BODY).accept(Some(accept));
            let reply = caller.send(&request).await;
            assert_eq!(reply.status, StatusCode::OK);
            assert_eq!(reply.header("content-type"), Some(SERVED));
        }
    }
}

#[tokio::test]
async fn missing_and_unknown_versions_are_not_acceptable() {
    let emulator = Emulator::start().await.unwrap();
    let caller = Caller::owner(&emulator);
    for accept in [
        None,
        Some("*/*"),
        Some("application/json"),
        Some("application/vnd.atlas.1999-01-01+json"),
        Some("application/vnd.atlas.2999-01-01+json"),
        Some("application/vnd.atlas.2023-1-1+json"),
        Some(BETWEEN),
    ] {
        for path in [org_key(&emulator, V2), project_key(&emulator, V2)] {
            let reply = caller
                .send(&Request::patch(path, BODY).accept(accept))
                .await;
            assert_eq!(reply.status, StatusCode::NOT_ACCEPTABLE, "{accept:?}");
            assert_eq!(
                reply.body,
                r#"{"detail":"Invalid accept header or version date.","error":406,"errorCode":"INVALID_VERSION_DATE","parameters":[],"reason":"Not Acceptable"}"#
            );
        }
    }
}

#[tokio::test]
async fn dates_between_releases_can_be_accepted() {
    let mut assumptions = Assumptions::default();
    assumptions.version_dates = VersionDates::Between;
    let emulator = Emulator::builder()
        .assumptions(assumptions)
        .start()
        .await
        .unwrap();
    let request = Request::patch(org_key(&emulator, V2), BODY).accept(Some(BETWEEN));
    let reply = Caller::owner(&emulator).send(&request).await;
    assert_eq!(reply.header("content-type"), Some(SERVED));
}

#[tokio::test]
async fn the_other_services_have_no_versions() {
    let emulator = Emulator::start().await.unwrap();
    let caller = Caller::owner(&emulator);
    for service in [V1, OPS_MANAGER] {
        for accept in [None, Some("application/json"), Some("*/*")] {
            let request = Request::patch(org_key(&emulator, service), BODY).accept(accept);
            let reply = caller.send(&request).await;
            assert_eq!(reply.status, StatusCode::OK);
            assert_eq!(reply.header("content-type"), Some("application/json"));
        }
    }
}

const OLD: &str = "application/vnd.atlas.2023-10-01+json";
const NEW: &str = "application/vnd.atlas.2024-08-05+json";

/// Uses the recorded dates of a resource with two versions.
async fn with_two_versions(today: &str) -> Emulator {
    let old = ResourceVersion::new("2023-01-01")
        .deprecated("2024-08-05")
        .sunset("2027-07-01");
    let new = ResourceVersion::new("2024-08-05").roles(["ORG_NOVEL", "GROUP_NOVEL"]);
    let builder = Emulator::builder().version(old).version(new).today(today);
    builder.start().await.unwrap()
}

#[tokio::test]
async fn a_deprecated_version_responds_with_deprecation_and_sunset() {
    for (today, deprecation, sunset) in [
        ("2024-08-04", None, None),
        (
            "2024-08-05",
            Some("Mon, 5 Aug 2024 00:00:00 GMT"),
            Some("Thu, 1 Jul 2027 00:00:00 GMT"),
        ),
    ] {
        let emulator = with_two_versions(today).await;
        let caller = Caller::owner(&emulator);
        for path in [org_key(&emulator, V2), project_key(&emulator, V2)] {
            let request = Request::patch(&path, BODY).accept(Some(OLD));
            let reply = caller.send(&request).await;
            assert_eq!(reply.status, StatusCode::OK);
            assert_eq!(reply.header("content-type"), Some(SERVED));
            assert_eq!(reply.header("deprecation"), deprecation);
            assert_eq!(reply.header("sunset"), sunset);
            let reply = caller.send(&request.accept(Some(NEW))).await;
            assert_eq!(
                reply.header("content-type"),
                Some("application/vnd.atlas.2024-08-05+json;charset=utf-8")
            );
            assert_eq!(reply.header("deprecation"), None);
        }
        let request = Request::patch(org_key(&emulator, V1), BODY);
        assert_eq!(caller.send(&request).await.header("deprecation"), None);
    }
}

#[tokio::test]
async fn a_version_past_its_sunset_is_gone() {
    let emulator = with_two_versions("2027-07-01").await;
    let caller = Caller::owner(&emulator);
    for path in [org_key(&emulator, V2), project_key(&emulator, V2)] {
        let request = Request::patch(&path, BODY).accept(Some(OLD));
        let reply = caller.send(&request).await;
        assert_eq!(reply.status, StatusCode::GONE);
        assert_eq!(reply.code(), "VERSION_GONE");
        assert_eq!(reply.json()["parameters"], json!(["2023-01-01", path]));
        let reply = caller.send(&request.accept(Some(NEW))).await;
        assert_eq!(reply.status, StatusCode::OK);
    }
}

#[tokio::test]
async fn roles_can_depend_on_version_and_service() {
    let emulator = with_two_versions("2026-01-01").await;
    let caller = Caller::owner(&emulator);
    for (path, novel, old) in [
        (org_key(&emulator, V2), "ORG_NOVEL", "ORG_MEMBER"),
        (project_key(&emulator, V2), "GROUP_NOVEL", "GROUP_OWNER"),
    ] {
        let request = |role| Request::patch(&path, json!({ "roles": [role] }).to_string());
        for (role, accept, status) in [
            (novel, NEW, 200),
            (old, NEW, 400),
            (novel, OLD, 400),
            (old, OLD, 200),
        ] {
            let reply = caller.send(&request(role).accept(Some(accept))).await;
            assert_eq!(reply.status.as_u16(), status, "{role} {accept}");
        }
    }
    let emulator = Emulator::builder()
        .roles(Service::AtlasV1, ["ORG_OWNER", "ORG_READ_ONLY"])
        .start()
        .await
        .unwrap();
    let body = r#"{"roles":["ORG_MEMBER"]}"#;
    for (service, status) in [(V1, 400), (V2, 200), (OPS_MANAGER, 200)] {
        let request = Request::patch(org_key(&emulator, service), body);
        let reply = Caller::owner(&emulator).send(&request).await;
        assert_eq!(reply.status.as_u16(), status, "{service}");
    }
}
