//! What authentication costs in requests and connections, and that it never
//! fails where it need not: many tasks against a strict emulator.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use atlas_admin::{
    Client, ClientBuilder, Credentials, Error, ErrorCode, FileStore, OrgRole, ProjectRole,
};
use atlas_emulator::{Algorithm, Builder, Emulator};
use tokio::task::JoinSet;

/// The tasks that update at once.
const TASKS: usize = 32;

/// An emulator for many requests.
fn busy() -> Builder {
    Emulator::builder().no_rate_limits().log_capacity(0)
}

fn digest(emulator: &Emulator) -> Client {
    let key = Credentials::digest(emulator.public_key(), emulator.private_key());
    builder(emulator).credentials(key).build().unwrap()
}

fn account(emulator: &Emulator) -> ClientBuilder {
    let account = Credentials::service_account(emulator.client_id(), emulator.client_secret());
    builder(emulator).credentials(account)
}

fn builder(emulator: &Emulator) -> ClientBuilder {
    Client::builder().base_url(emulator.base_url()).unwrap()
}

/// One update, of either kind; the number of requests that it took.
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

/// Makes so many updates on so many tasks, and panics if one fails.
async fn updates(client: &Client, emulator: &Arc<Emulator>, count: usize, tasks: usize) {
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
async fn one_request_an_update_and_one_connection_a_task() {
    let slow = Duration::from_millis(5);
    for (updates_made, latency) in [(5_000, Duration::ZERO), (2_000, slow)] {
        let emulator = start(busy().strict_nc(true).latency(latency)).await;
        updates(&digest(&emulator), &emulator, updates_made, TASKS).await;
        let (requests, connections) = (emulator.requests(), emulator.connections());
        assert!(
            requests <= count(updates_made + TASKS),
            "{requests} requests"
        );
        assert!(connections <= count(TASKS + 1), "{connections} connections");
        assert_eq!(emulator.challenges(), requests - count(updates_made));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_nonce_with_a_number_of_uses_costs_a_challenge_when_they_are_up() {
    const UPDATES: usize = 1_000;
    for uses in [1, 50] {
        let emulator = start(busy().strict_nc(true).nonce_uses(uses)).await;
        updates(&digest(&emulator), &emulator, UPDATES, TASKS).await;
        let challenges = emulator.challenges();
        let most = count(UPDATES.div_ceil(uses as usize) + TASKS);
        assert!(challenges <= most, "{challenges} challenges, {uses} uses");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_nonce_that_lives_for_a_while_is_renewed_unseen() {
    for (life, tasks, least) in [(15, 2, 3), (1_000, TASKS, 2)] {
        let life = Duration::from_millis(life);
        let emulator = start(busy().strict_nc(true).nonce_ttl(life)).await;
        let client = digest(&emulator);
        let started = Instant::now();
        let mut made = 0;
        while started.elapsed() < life * 3 {
            updates(&client, &emulator, 64, tasks).await;
            made += 64;
        }
        let challenges = emulator.challenges();
        assert!(challenges >= least, "{challenges} challenges");
        assert_eq!(emulator.requests(), made + challenges);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_time_nonces_cost_nothing_if_the_next_one_is_told() {
    const UPDATES: usize = 4_000;
    let emulator = start(busy().strict_nc(true).nonce_uses(1).next_nonce(true)).await;
    updates(&digest(&emulator), &emulator, UPDATES, TASKS).await;
    let requests = emulator.requests();
    assert!(
        requests <= count(UPDATES * 101 / 100),
        "{requests} requests"
    );
}

#[tokio::test]
async fn everything_that_a_challenge_may_ask_for_is_given() {
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
            busy(),
            busy().auth_int(true),
            busy().opaque("FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"),
            busy().opaque(""),
            busy().userhash(true),
            busy().response_auth(true),
            busy().next_nonce(true).response_auth(true),
            busy()
                .auth_int(true)
                .opaque("x")
                .userhash(true)
                .next_nonce(true)
                .response_auth(true),
        ] {
            let shown = format!("{builder:?}");
            let emulator = start(builder.algorithms(algorithms()).strict_nc(true)).await;
            let client = digest(&emulator);
            for (number, attempts) in [2, 1, 1].into_iter().enumerate() {
                let sent = update(&client, &emulator, number).await;
                let sent = sent.unwrap_or_else(|error| panic!("{error}: {shown}"));
                assert_eq!(sent, attempts, "{shown}");
            }
        }
    }
}

#[tokio::test]
async fn the_public_key_may_be_a_name_in_any_script() {
    let builder = busy().user("jan\u{e9}@example.com", "p\u{e4}ss\"word\\");
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
async fn calls_that_are_dropped_break_no_others() {
    let latency = Duration::from_millis(4);
    let emulator = start(busy().strict_nc(true).latency(latency)).await;
    let client = digest(&emulator);
    let mut running = JoinSet::new();
    for task in 0..8_u64 {
        let (client, emulator) = (client.clone(), Arc::clone(&emulator));
        running.spawn(async move {
            for number in 0..40 {
                // Before, while and after the request is under way.
                let patience = Duration::from_micros((task * 977 + number as u64 * 1_303) % 9_000);
                let call = update(&client, &emulator, number);
                if let Ok(made) = tokio::time::timeout(patience, call).await {
                    made.unwrap();
                }
            }
        });
    }
    updates(&client, &emulator, 200, 4).await;
    running.join_all().await;
    updates(&client, &emulator, 200, 4).await;

    let before = emulator.requests();
    updates(&client, &emulator, 200, 4).await;
    assert_eq!(
        emulator.requests() - before,
        200,
        "no lane is lost for good"
    );
}

fn token_requests(emulator: &Emulator) -> usize {
    let log = emulator.request_log();
    log.iter()
        .filter(|request| request.target() == "/api/oauth/token")
        .count()
}

#[tokio::test(flavor = "multi_thread")]
async fn many_tasks_share_one_token() {
    let emulator = start(busy().log_capacity(10_000)).await;
    let client = account(&emulator).build().unwrap();
    updates(&client, &emulator, 1_000, TASKS).await;
    assert_eq!(token_requests(&emulator), 1);
    assert_eq!(emulator.requests(), 1_001);
    let connections = emulator.connections();
    assert!(connections <= count(TASKS + 1), "{connections} connections");

    // It is gone in the middle of things, and nobody notices.
    let (_, revoked) = tokio::join!(
        updates(&client, &emulator, 500, TASKS),
        client.revoke_token()
    );
    revoked.unwrap();
    assert_eq!(token_requests(&emulator), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_that_expire_are_replaced_unseen() {
    let life = Duration::from_secs(2);
    let emulator = start(busy().log_capacity(100_000).token_ttl(life)).await;
    let client = account(&emulator).build().unwrap();
    let started = Instant::now();
    while started.elapsed() < life * 2 {
        updates(&client, &emulator, 32, 8).await;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let tokens = token_requests(&emulator);
    assert!((3..=6).contains(&tokens), "{tokens} tokens");
}

#[tokio::test]
async fn a_command_that_runs_often_needs_a_store() {
    let emulator = start(busy().log_capacity(10_000)).await;
    for _ in 0..100 {
        let client = account(&emulator).build().unwrap();
        assert_eq!(update(&client, &emulator, 0).await.unwrap(), 2);
    }
    let client = account(&emulator).build().unwrap();
    let error = update(&client, &emulator, 0).await.unwrap_err();
    assert!(error.is_credentials() && !error.outcome_unknown());
    assert_eq!(error.code(), Some(ErrorCode::ACCESS_DENIED));
    assert!(error.to_string().contains("100 live tokens"), "{error}");

    let emulator = start(busy().log_capacity(10_000)).await;
    let folder = tempfile::tempdir().unwrap();
    let run = || account(&emulator).token_store(FileStore::new(folder.path()));
    for _ in 0..150 {
        update(&run().build().unwrap(), &emulator, 0).await.unwrap();
    }
    assert_eq!(token_requests(&emulator), 1);
    run().build().unwrap().revoke_token().await.unwrap();
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}
