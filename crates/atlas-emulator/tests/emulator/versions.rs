//! Versions of Atlas v2, which the Accept header chooses.

use atlas_emulator::{Emulator, VersionDates};
use reqwest::StatusCode;

use crate::client::{Caller, OPS_MANAGER, Request, V1, V2, org_key, project_key};

const BODY: &str = r#"{"desc":"x"}"#;
const SERVED: &str = "application/vnd.atlas.2023-01-01+json;charset=utf-8";
const BETWEEN: &str = "application/vnd.atlas.2024-01-01+json";

#[tokio::test]
async fn the_version_that_served_is_told() {
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
async fn no_version_and_an_unknown_one_are_not_acceptable() {
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
async fn a_date_between_releases_can_be_let_through() {
    let emulator = Emulator::builder()
        .version_dates(VersionDates::Between)
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
