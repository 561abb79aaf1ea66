//! Counts what a call costs: requests, connections, and allocations beside those of raw reqwest.
//! Times would depend on the machine. This is a test program of its own, because it replaces the
//! allocator.

use std::thread;

use allocation_counter::measure;
use atlas_admin::{ApiVersion, Client, Credentials, OrgRole};
use atlas_emulator::Emulator;
use reqwest::header::{ACCEPT, CONTENT_TYPE};
use tokio::{
    runtime::{Builder, Runtime},
    sync::oneshot,
};

const CALLS: u64 = 100;

/// What the client does beside sending: it checks input and output, keeps the request for another
/// attempt, and names what went wrong.
const MORE_THAN_REQWEST: u64 = 17;

/// The header `Authorization`, and its count of owners.
const MORE_WITH_DIGEST: u64 = 2;

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// Starts the emulator on a thread of its own, whose allocations do not count.
fn start() -> Emulator {
    let (sender, receiver) = oneshot::channel();
    thread::spawn(move || {
        runtime().block_on(async {
            let emulator = Emulator::builder().no_rate_limits().start().await;
            assert!(sender.send(emulator.unwrap()).is_ok());
            std::future::pending::<()>().await;
        });
    });
    receiver.blocking_recv().unwrap()
}

/// Returns the allocations of each call, after some that open the connection and sign in.
fn allocations<F: Future<Output = ()>>(call: impl Fn() -> F) -> u64 {
    let runtime = runtime();
    let calls = |count| {
        runtime.block_on(async {
            for _ in 0..count {
                call().await;
            }
        });
    };
    calls(10);
    measure(|| calls(CALLS)).count_total / CALLS
}

fn with_client(emulator: &Emulator, credentials: Credentials) -> u64 {
    let client = Client::builder().base_url(emulator.base_url());
    let client = client.credentials(credentials).build().unwrap();
    let (requests, connections) = (emulator.requests(), emulator.connections());
    let allocations = allocations(async || {
        let key = client.org(emulator.org_id()).api_key(emulator.api_key_id());
        let update = key.update().desc("ci deploys").roles([OrgRole::ReadOnly]);
        update.send().await.unwrap();
    });
    // One more for a challenge.
    let requests = emulator.requests() - requests;
    assert!((110..=111).contains(&requests), "{requests} requests");
    assert_eq!(emulator.connections() - connections, 1);
    allocations
}

fn with_reqwest(emulator: &Emulator, token: &str) -> u64 {
    let http = reqwest::Client::new();
    let base_url = emulator.base_url();
    let media_type = format!("application/vnd.atlas.{}+json", ApiVersion::LATEST);
    allocations(async || {
        let (org, key) = (emulator.org_id(), emulator.api_key_id());
        let url = format!("{base_url}/api/atlas/v2/orgs/{org}/apiKeys/{key}");
        let update = http.patch(url).bearer_auth(token);
        let update = update
            .header(ACCEPT, &media_type)
            .header(CONTENT_TYPE, &media_type);
        let update = update.json(&atlas_admin_raw::types::OrgApiKeyUpdate {
            desc: Some("ci deploys".to_owned()),
            roles: Some(vec!["ORG_READ_ONLY".to_owned()]),
        });
        let response = update.send().await.unwrap().error_for_status().unwrap();
        response
            .json::<atlas_admin_raw::types::ApiKey>()
            .await
            .unwrap();
    })
}

fn token(emulator: &Emulator) -> String {
    runtime().block_on(async {
        let request = reqwest::Client::new()
            .post(format!("{}/api/oauth/token", emulator.base_url()))
            .basic_auth(emulator.client_id(), Some(emulator.client_secret()))
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body("grant_type=client_credentials");
        let response: serde_json::Value = request.send().await.unwrap().json().await.unwrap();
        response["access_token"].as_str().unwrap().to_owned()
    })
}

#[test]
fn a_call_is_one_request_with_few_allocations_more_than_reqwest() {
    let emulator = start();
    let token = token(&emulator);
    let raw = with_reqwest(&emulator, &token);
    let bearer = with_client(&emulator, Credentials::bearer(token));
    let digest = Credentials::digest(emulator.public_key(), emulator.private_key());
    let digest = with_client(&emulator, digest);
    println!(
        "allocations of a call: {raw} with reqwest, {bearer} with a token, {digest} with digest"
    );
    assert!(bearer <= raw + MORE_THAN_REQWEST, "{bearer}, not {raw}");
    assert!(
        digest <= bearer + MORE_WITH_DIGEST,
        "{digest}, not {bearer}"
    );
}
