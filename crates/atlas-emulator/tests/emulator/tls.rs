//! HTTPS with a client that verifies the certificate.

use atlas_emulator::Emulator;
use reqwest::{Certificate, Client, StatusCode, Version};
use serde_json::json;

use crate::client::{V2, org_key};

fn trusting(emulator: &Emulator) -> reqwest::ClientBuilder {
    let pem = emulator.ca_certificate().unwrap();
    let certificate = Certificate::from_pem(pem.as_bytes()).unwrap();
    Client::builder().tls_certs_only([certificate])
}

#[tokio::test]
async fn https_supports_http_1_and_2() {
    let emulator = Emulator::builder().tls(true).start().await.unwrap();
    assert!(emulator.base_url().starts_with("https://127.0.0.1:"));
    let localhost = emulator.base_url().replace("127.0.0.1", "localhost");
    for (base, client, version) in [
        (emulator.base_url(), trusting(&emulator), Version::HTTP_2),
        (
            localhost.as_str(),
            trusting(&emulator).http1_only(),
            Version::HTTP_11,
        ),
    ] {
        let client = client.build().unwrap();
        let reply = client
            .post(format!("{base}/api/oauth/token"))
            .basic_auth(emulator.client_id(), Some(emulator.client_secret()))
            .header("content-type", "application/x-www-form-urlencoded")
            .body("grant_type=client_credentials")
            .send()
            .await
            .unwrap();
        let token: serde_json::Value = reply.json().await.unwrap();
        let reply = client
            .patch(format!("{base}{}", org_key(&emulator, V2)))
            .bearer_auth(token["access_token"].as_str().unwrap())
            .header("accept", crate::client::NEWEST)
            .json(&json!({"desc": "over TLS"}))
            .send()
            .await
            .unwrap();
        assert_eq!(reply.status(), StatusCode::OK);
        assert_eq!(reply.version(), version);
        let key: serde_json::Value = reply.json().await.unwrap();
        let href = key["links"][0]["href"].as_str().unwrap();
        assert!(href.starts_with("https://"), "{href}");
    }
}

#[tokio::test]
async fn clients_without_the_certificate_cannot_connect() {
    let emulator = Emulator::builder().tls(true).start().await.unwrap();
    let error = Client::new()
        .get(emulator.base_url())
        .send()
        .await
        .unwrap_err();
    assert!(error.is_connect());
    assert_eq!(emulator.requests(), 0);
}

#[tokio::test]
async fn plain_http_has_no_certificate() {
    let emulator = Emulator::start().await.unwrap();
    assert_eq!(emulator.ca_certificate(), None);
}
