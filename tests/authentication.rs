//! The cost of authentication in requests and connections, and its reliability, with many
//! tasks on a strict emulator.

use std::{
    collections::HashSet,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use atlas_admin::{
    Client, ClientBuilder, Credentials, Error, ErrorCode, FileStore, OrgRole, ProjectRole,
};
use atlas_emulator::{Algorithm, Builder, Emulator};
use parking_lot::Mutex;
use tokio::task::JoinSet;
use workspace_tests::{
    fault_server::{FaultServer, response},
    ids::recorded::{ORG_API_KEY_ID, ORG_ID},
};

/// The response to an update.
const KEY: &str = r#"{"id":"6a793f752c88faeba59bba49","desc":"shared"}"#;

/// How many tasks send updates at the same time.
const TASKS: usize = 32;

/// Configures an emulator for many requests.
fn unlimited() -> Builder {
    Emulator::builder().no_rate_limits().log_capacity(0)
}

fn digest(emulator: &Emulator) -> Client {
    let credentials = Credentials::digest(emulator.public_key(), emulator.private_key());
    builder(emulator).credentials(credentials).build().unwrap()
}

fn service_account(emulator: &Emulator) -> ClientBuilder {
    let credentials = Credentials::service_account(emulator.client_id(), emulator.client_secret());
    builder(emulator).credentials(credentials)
}

fn builder(emulator: &Emulator) -> ClientBuilder {
    Client::builder().base_url(emulator.base_url())
}

/// Sends an update with the operation that `number` selects; returns the requests that it took.
async fn update(client: &Client, emulator: &Emulator, number: usize) -> Result<u32, Error> {
    let key = emulator.api_key_id();
    let updated = if number.is_multiple_of(2) {
        let key = client.org(emulator.org_id()).api_key(key);
        key.update().roles([OrgRole::ReadOnly]).send().await?
    } else {
        let key = client.project(emulator.project_id()).api_key(key);
        key.replace_roles([ProjectRole::ReadOnly]).send().await?
    };
    Ok(updated.requests_sent())
}

/// Sends updates from a number of tasks; panics if one fails.
async fn update_all(client: &Client, emulator: &Arc<Emulator>, count: usize, tasks: usize) {
    let mut running = JoinSet::new();
    for task in 0..tasks {
        let (client, emulator) = (client.clone(), Arc::clone(emulator));
        running.spawn(async move {
            for number in (task..count).step_by(tasks) {
                if let Err(error) = update(&client, &emulator, number).await {
                    panic!("update {number} of {count} on {tasks} tasks: {error}");
                }
            }
        });
    }
    running.join_all().await;
}

async fn start(builder: Builder) -> Arc<Emulator> {
    Arc::new(builder.start().await.unwrap())
}

fn count(number: usize) -> u64 {
    number.try_into().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_update_costs_one_request_and_each_task_one_connection() {
    let slow = Duration::from_millis(5);
    for (updates, latency) in [(5_000, Duration::ZERO), (2_000, slow)] {
        let emulator = start(unlimited().strict_nc(true).latency(latency)).await;
        update_all(&digest(&emulator), &emulator, updates, TASKS).await;
        let (requests, connections) = (emulator.requests(), emulator.connections());
        assert!(requests <= count(updates + TASKS), "{requests} requests");
        assert!(connections <= count(TASKS + 1), "{connections} connections");
        assert_eq!(emulator.challenges(), requests - count(updates));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn limited_nonces_cost_one_challenge_each() {
    const UPDATES: usize = 1_000;
    for max_uses in [1, 50] {
        let emulator = start(unlimited().strict_nc(true).nonce_uses(max_uses)).await;
        update_all(&digest(&emulator), &emulator, UPDATES, TASKS).await;
        let challenges = emulator.challenges();
        let max_challenges = count(UPDATES.div_ceil(max_uses as usize) + TASKS);
        assert!(
            challenges <= max_challenges,
            "{challenges} challenges, {max_uses} uses"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn expired_nonces_are_replaced_without_errors() {
    for (ttl, tasks, min_challenges) in [(15, 2, 3), (1_000, TASKS, 2)] {
        let ttl = Duration::from_millis(ttl);
        let emulator = start(unlimited().strict_nc(true).nonce_ttl(ttl)).await;
        let client = digest(&emulator);
        let started = Instant::now();
        let mut sent = 0;
        while started.elapsed() < ttl * 3 {
            update_all(&client, &emulator, 64, tasks).await;
            sent += 64;
        }
        let challenges = emulator.challenges();
        assert!(challenges >= min_challenges, "{challenges} challenges");
        assert_eq!(emulator.requests(), sent + challenges);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_time_nonces_cost_no_request_with_nextnonce() {
    const UPDATES: usize = 4_000;
    let emulator = start(unlimited().strict_nc(true).nonce_uses(1).next_nonce(true)).await;
    update_all(&digest(&emulator), &emulator, UPDATES, TASKS).await;
    let requests = emulator.requests();
    assert!(
        requests <= count(UPDATES * 101 / 100),
        "{requests} requests"
    );
}

#[tokio::test]
async fn all_challenge_parameters_work() {
    use Algorithm::{Md5, Md5Sess, Sha256, Sha256Sess, Sha512_256, Sha512_256Sess};
    for algorithms in [
        &[Md5][..],
        &[Md5Sess],
        &[Sha256],
        &[Sha256Sess],
        &[Sha512_256],
        &[Sha512_256Sess],
        &[Md5, Sha256, Sha512_256],
        &[Sha256Sess, Md5],
    ] {
        let algorithms = || algorithms.iter().copied();
        for builder in [
            unlimited(),
            unlimited().auth_int(true),
            unlimited().opaque("FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"),
            unlimited().opaque(""),
            unlimited().userhash(true),
            unlimited().response_auth(true),
            unlimited().next_nonce(true).response_auth(true),
            unlimited()
                .auth_int(true)
                .opaque("x")
                .userhash(true)
                .next_nonce(true)
                .response_auth(true),
        ] {
            let config = format!("{builder:?}");
            let emulator = start(builder.algorithms(algorithms()).strict_nc(true)).await;
            let client = digest(&emulator);
            for (number, expected) in [2, 1, 1].into_iter().enumerate() {
                let sent = update(&client, &emulator, number).await;
                let sent = sent.unwrap_or_else(|error| panic!("{error}: {config}"));
                assert_eq!(sent, expected, "{config}");
            }
        }
    }
}

#[tokio::test]
async fn user_names_in_any_script_work() {
    let builder = unlimited().user("jan\u{e9}@example.com", "p\u{e4}ss\"word\\");
    for builder in [builder.clone(), builder.userhash(true)] {
        let emulator = start(builder).await;
        let person = Credentials::digest("jan\u{e9}@example.com", "p\u{e4}ss\"word\\");
        let client = self::builder(&emulator)
            .credentials(person)
            .build()
            .unwrap();
        assert_eq!(update(&client, &emulator, 0).await.unwrap(), 2);
        assert_eq!(update(&client, &emulator, 1).await.unwrap(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn dropped_calls_do_not_disturb_others() {
    let latency = Duration::from_millis(4);
    let emulator = start(unlimited().strict_nc(true).latency(latency)).await;
    let client = digest(&emulator);
    let mut running = JoinSet::new();
    for task in 0..8_u64 {
        let (client, emulator) = (client.clone(), Arc::clone(&emulator));
        running.spawn(async move {
            for number in 0..40 {
                // Drops calls before, during and after the request.
                let timeout = Duration::from_micros((task * 977 + number as u64 * 1_303) % 9_000);
                let call = update(&client, &emulator, number);
                if let Ok(updated) = tokio::time::timeout(timeout, call).await {
                    updated.unwrap();
                }
            }
        });
    }
    update_all(&client, &emulator, 200, 4).await;
    running.join_all().await;
    update_all(&client, &emulator, 200, 4).await;

    let before = emulator.requests();
    update_all(&client, &emulator, 200, 4).await;
    assert_eq!(
        emulator.requests() - before,
        200,
        "a digest session is lost"
    );
}

fn token_requests(emulator: &Emulator) -> usize {
    let log = emulator.request_log();
    log.iter()
        .filter(|request| request.target() == "/api/oauth/token")
        .count()
}

#[tokio::test(flavor = "multi_thread")]
async fn tasks_share_one_token() {
    let emulator = start(unlimited().log_capacity(10_000)).await;
    let client = service_account(&emulator).build().unwrap();
    update_all(&client, &emulator, 1_000, TASKS).await;
    assert_eq!(token_requests(&emulator), 1);
    assert_eq!(emulator.requests(), 1_001);
    let connections = emulator.connections();
    assert!(connections <= count(TASKS + 1), "{connections} connections");

    // Revoking the token during updates causes no error.
    let (_, revoked) = tokio::join!(
        update_all(&client, &emulator, 500, TASKS),
        client.revoke_token()
    );
    revoked.unwrap();
    assert_eq!(token_requests(&emulator), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn expired_tokens_are_replaced_without_errors() {
    let ttl = Duration::from_secs(2);
    let emulator = start(unlimited().log_capacity(100_000).token_ttl(ttl)).await;
    let client = service_account(&emulator).build().unwrap();
    let started = Instant::now();
    while started.elapsed() < ttl * 2 {
        update_all(&client, &emulator, 32, 8).await;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let tokens = token_requests(&emulator);
    assert!((3..=6).contains(&tokens), "{tokens} tokens");
}

#[tokio::test]
async fn token_stores_avoid_the_token_limit() {
    let emulator = start(unlimited().log_capacity(10_000)).await;
    for _ in 0..100 {
        let client = service_account(&emulator).build().unwrap();
        assert_eq!(update(&client, &emulator, 0).await.unwrap(), 2);
    }
    let client = service_account(&emulator).build().unwrap();
    let error = update(&client, &emulator, 0).await.unwrap_err();
    assert!(error.is_credentials() && !error.outcome_unknown());
    assert_eq!(error.code(), Some(ErrorCode::ACCESS_DENIED));
    assert!(error.to_string().contains("100 live tokens"), "{error}");

    let emulator = start(unlimited().log_capacity(10_000)).await;
    let folder = tempfile::tempdir().unwrap();
    let run = || service_account(&emulator).token_store(FileStore::new(folder.path()));
    for _ in 0..150 {
        update(&run().build().unwrap(), &emulator, 0).await.unwrap();
    }
    assert_eq!(token_requests(&emulator), 1);
    run().build().unwrap().revoke_token().await.unwrap();
    let mut left = std::fs::read_dir(folder.path()).unwrap();
    let is_lock = |path: PathBuf| {
        path.extension()
            .is_some_and(|extension| extension == "lock")
    };
    assert!(left.all(|entry| is_lock(entry.unwrap().path())));
}

/// Some servers issue one nonce to everyone who asks within a second, and refuse a repeated
/// count.
#[tokio::test(flavor = "multi_thread")]
async fn tasks_with_one_nonce_never_repeat_a_count() {
    let seen = Mutex::new(HashSet::new());
    let server = FaultServer::start_handler(move |request| {
        let authorization = request.headers().get("authorization");
        let count = authorization.and_then(|value| {
            let (_, rest) = value.to_str().ok()?.split_once("nc=")?;
            Some(rest[..8].to_owned())
        });
        let is_new = count.is_some_and(|count| seen.lock().insert(count));
        let (status, body) = if is_new { (200, KEY) } else { (401, "{}") };
        let challenge = r#"Digest realm="r", nonce="same", qop="auth""#;
        let headers = [
            ("WWW-Authenticate", challenge),
            ("Content-Type", "application/json"),
        ];
        response(status, &headers, body)
    })
    .await
    .unwrap();
    let client = Client::builder()
        .base_url(&server.url)
        .credentials(Credentials::digest("user", "password"))
        .build()
        .unwrap();

    let mut tasks = JoinSet::new();
    for _ in 0..16 {
        let client = client.clone();
        tasks.spawn(async move {
            for _ in 0..12 {
                let key = client.org(ORG_ID).api_key(ORG_API_KEY_ID);
                key.update().desc("shared").send().await.unwrap();
            }
        });
    }
    while let Some(task) = tasks.join_next().await {
        task.unwrap();
    }
}
