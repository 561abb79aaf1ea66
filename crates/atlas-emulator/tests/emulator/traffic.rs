//! The request log, secrets, and concurrent requests.

use std::{sync::Arc, time::Duration};

use atlas_emulator::Emulator;
use reqwest::StatusCode;
use tokio::{io::AsyncWriteExt, net::TcpStream, task::JoinSet};

use crate::client::{Caller, OPS_MANAGER, Request, V2, org_key};

#[tokio::test]
async fn the_request_log_contains_no_secrets() {
    let emulator = Emulator::builder().log_capacity(2).start().await.unwrap();
    let caller = Caller::owner(&emulator);
    let target = format!("{}?pretty=true", org_key(&emulator, V2));
    caller.send(&Request::get(&target)).await;
    caller.send(&Request::patch(&target, "{}")).await;
    let log = emulator.request_log();
    let seen: Vec<_> = log
        .iter()
        .map(|request| {
            (
                request.method().as_str(),
                request.target(),
                request.status(),
            )
        })
        .collect();
    assert_eq!(
        seen,
        [
            ("GET", target.as_str(), StatusCode::OK),
            ("PATCH", target.as_str(), StatusCode::BAD_REQUEST)
        ]
    );
    assert_eq!(log[1].headers()["authorization"], "Digest <hidden>");
    assert_eq!(log[1].headers()["content-type"], "application/json");
}

#[tokio::test]
async fn all_values_of_a_repeated_header_are_masked() {
    let emulator = Emulator::start().await.unwrap();
    let mut request = reqwest::Client::new().get(emulator.base_url());
    for header in ["authorization", "proxy-authorization", "cookie"] {
        request = request
            .header(header, "Basic secret-one")
            .header(header, "Basic secret-two");
    }
    request.send().await.unwrap();
    let log = emulator.request_log();
    for (header, logged) in [
        ("authorization", "Basic <hidden>"),
        ("proxy-authorization", "Basic <hidden>"),
        ("cookie", "<hidden>"),
    ] {
        let values: Vec<_> = log[0].headers().get_all(header).iter().collect();
        assert_eq!(values, [logged, logged], "{header}");
    }
}

#[tokio::test]
async fn debug_output_contains_no_secrets() {
    let builder = Emulator::builder()
        .private_key("the-private-key-of-all")
        .client_secret("mdb_sa_sk_secret")
        .user("jane", "personal-secret");
    let mut shown = format!("{builder:?}");
    let emulator = builder.start().await.unwrap();
    shown += &format!("{emulator:?}");
    for secret in ["private-key-of-all", "sa_sk_secret", "personal-secret"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

#[tokio::test]
async fn the_seed_determines_ids_and_credentials() {
    let start = |seed| async move {
        let emulator = Emulator::builder().rng_seed(seed).start().await.unwrap();
        [
            emulator.org_id(),
            emulator.project_id(),
            emulator.api_key_id(),
            emulator.public_key(),
            emulator.private_key(),
            emulator.client_id(),
            emulator.client_secret(),
        ]
        .map(str::to_owned)
    };
    let (first, again, other) = (start(1).await, start(1).await, start(2).await);
    assert_eq!(first, again);
    assert!(first.iter().zip(&other).all(|(one, two)| one != two));
    assert!(first[5].starts_with("mdb_sa_id_") && first[6].starts_with("mdb_sa_sk_"));
}

#[tokio::test]
async fn the_server_stops_when_dropped() {
    let emulator = Emulator::start().await.unwrap();
    let address = emulator
        .base_url()
        .strip_prefix("http://")
        .unwrap()
        .to_owned();
    assert!(TcpStream::connect(&address).await.is_ok());
    drop(emulator);
    for _ in 0..100 {
        if TcpStream::connect(&address).await.is_err() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the server still listens");
}

#[tokio::test]
async fn requests_take_at_least_the_latency() {
    let latency = Duration::from_millis(50);
    let emulator = Emulator::builder().latency(latency).start().await.unwrap();
    let started = std::time::Instant::now();
    Request::get(org_key(&emulator, V2))
        .send(&emulator, None)
        .await;
    assert!(started.elapsed() >= latency);
}

#[tokio::test]
async fn an_unfinished_body_blocks_no_other_client() {
    let emulator = Emulator::start().await.unwrap();
    let address = emulator.base_url().strip_prefix("http://").unwrap();
    let mut slow = TcpStream::connect(address).await.unwrap();
    let head = format!(
        "PATCH {} HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{{",
        org_key(&emulator, V2)
    );
    slow.write_all(head.as_bytes()).await.unwrap();
    let reply = Caller::owner(&emulator)
        .send(&Request::get(org_key(&emulator, V2)))
        .await;
    assert_eq!(reply.status, StatusCode::OK);
}

/// Each writer sets two values that belong together. Readers never see a mixture, and with strict
/// counts no caller is refused.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn updates_are_atomic() {
    let emulator = Emulator::builder()
        .strict_nc(true)
        .no_rate_limits()
        .start()
        .await
        .unwrap();
    let emulator = Arc::new(emulator);
    let mut writers = JoinSet::new();
    for role in [
        "ORG_MEMBER",
        "ORG_READ_ONLY",
        "ORG_GROUP_CREATOR",
        "ORG_OWNER",
    ] {
        for _ in 0..4 {
            let emulator = Arc::clone(&emulator);
            writers.spawn(async move {
                let caller = Caller::owner(&emulator);
                let body = format!(r#"{{"desc":"{role}","roles":["{role}"]}}"#);
                let update = Request::patch(org_key(&emulator, OPS_MANAGER), body);
                let read = Request::get(org_key(&emulator, OPS_MANAGER));
                for _ in 0..25 {
                    let reply = caller.send(&update).await;
                    assert_eq!(reply.status, StatusCode::OK);
                    assert_eq!(reply.json()["desc"], role);
                    let seen = caller.send(&read).await;
                    assert_eq!(seen.json()["desc"], seen.roles()[0].1);
                }
            });
        }
    }
    while let Some(writer) = writers.join_next().await {
        writer.unwrap();
    }
    assert_eq!(emulator.challenges(), 16);
    assert_eq!(emulator.requests(), 16 * (1 + 2 * 25));
}
