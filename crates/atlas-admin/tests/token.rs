//! Tokens, given and fetched.

mod support;

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, SystemTime},
};

use atlas_admin::{
    AccessToken, Client, Credentials, ErrorCode, ErrorKind, FileStore, MemoryStore, ProjectRole,
    TokenKey, TokenStore,
};
use support::{BufferedResponse, KEY, ORG, PROJECT, Received, Service, answer, done, update};
use tokio::sync::Notify;

const ID: &str = "mdb_sa_id_0123456789abcdef01234567";
const SECRET: &str = "mdb_sa_sk_hush";

fn grant(n: usize, lifetime: u64) -> BufferedResponse {
    let body =
        format!(r#"{{"access_token":"token-{n}","expires_in":{lifetime},"token_type":"Bearer"}}"#);
    answer(200, &[], &body)
}

/// A service whose token endpoint gives `token-0`, `token-1` and so on, and whose
/// other paths answer as told.
async fn service(
    lifetime: u64,
    operation: impl Fn(Received) -> BufferedResponse + Send + Sync + 'static,
) -> Service {
    service_with(move |n| grant(n, lifetime), Duration::ZERO, operation).await
}

/// A service whose token endpoint answers its requests by their number, from 0,
/// each after some time.
async fn service_with(
    token: impl Fn(usize) -> BufferedResponse + Send + Sync + 'static,
    wait: Duration,
    operation: impl Fn(Received) -> BufferedResponse + Send + Sync + 'static,
) -> Service {
    let (token, operation) = (Arc::new(token), Arc::new(operation));
    let tokens = Arc::new(AtomicUsize::new(0));
    Service::start(move |request: Received| {
        let (token, operation, tokens) = (token.clone(), operation.clone(), tokens.clone());
        async move {
            match request.target.as_str() {
                "/api/oauth/token" => {
                    let n = tokens.fetch_add(1, Ordering::SeqCst);
                    tokio::time::sleep(wait).await;
                    token(n)
                }
                "/api/oauth/revoke" => answer(200, &[], ""),
                _ => operation(request),
            }
        }
    })
    .await
}

/// The tokens that operations were sent with, in order.
fn tokens_used(service: &Service) -> Vec<String> {
    service
        .received()
        .into_iter()
        .filter(|request| !request.target.starts_with("/api/oauth/"))
        .map(|request| request.authorization.unwrap())
        .collect()
}

fn account(service: &Service) -> Client {
    service
        .builder()
        .credentials(Credentials::service_account(ID, SECRET))
        .build()
        .unwrap()
}

fn token_requests(service: &Service) -> usize {
    service
        .received()
        .iter()
        .filter(|r| r.target == "/api/oauth/token")
        .count()
}

#[tokio::test]
async fn one_token_serves_all_who_wait_for_it() {
    let service = service(3600, |request| {
        assert_eq!(request.authorization.as_deref(), Some("Bearer token-0"));
        done()
    })
    .await;
    let client = account(&service);
    let tasks: Vec<_> = (0..16)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { update(&client).await.unwrap() })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!((token_requests(&service), service.count()), (1, 17));

    let fetch = &service.received()[0];
    assert_eq!(fetch.method, "POST");
    assert_eq!(
        fetch.content_type.as_deref(),
        Some("application/x-www-form-urlencoded")
    );
    assert_eq!(&fetch.body[..], b"grant_type=client_credentials");
    assert_eq!(
        fetch.authorization.as_deref(),
        Some("Basic bWRiX3NhX2lkXzAxMjM0NTY3ODlhYmNkZWYwMTIzNDU2NzptZGJfc2Ffc2tfaHVzaA==")
    );
}

#[tokio::test]
async fn a_refused_token_is_replaced_once() {
    let service_ = service(3600, |request| match request.authorization.as_deref() {
        Some("Bearer token-1") => done(),
        _ => answer(
            401,
            &[("www-authenticate", r#"Bearer error="invalid_token""#)],
            "",
        ),
    })
    .await;
    let client = account(&service_);
    assert_eq!(update(&client).await.unwrap().requests_sent(), 5);
    assert_eq!(update(&client).await.unwrap().requests_sent(), 1);

    let service_ = service(3600, |_| answer(401, &[], "")).await;
    let error = update(&account(&service_)).await.unwrap_err();
    assert!(error.is_credentials(), "{error}");
    assert_eq!((error.requests_sent(), token_requests(&service_)), (5, 2));
}

#[tokio::test]
async fn an_account_that_is_refused_for_ever_burns_no_tokens() {
    for body in ["", r#"{"errorCode":"ACCOUNT_DISABLED"}"#] {
        let service = service(3600, move |_| answer(401, &[], body)).await;
        let client = account(&service);
        for attempts in [5, 1, 1, 1, 1] {
            let error = update(&client).await.unwrap_err();
            assert!(error.is_credentials(), "{error}");
            assert_eq!(error.requests_sent(), attempts);
        }
        assert_eq!(token_requests(&service), 2);

        later(Duration::from_secs(61)).await;
        for attempts in [4, 1] {
            assert_eq!(update(&client).await.unwrap_err().requests_sent(), attempts);
        }
        assert_eq!(token_requests(&service), 3);
    }
}

/// Lets the client's clock run on, without the wait.
async fn later(time: Duration) {
    tokio::time::pause();
    tokio::time::advance(time).await;
    tokio::time::resume();
}

#[tokio::test]
async fn one_organization_that_refuses_the_account_burns_no_tokens_of_the_others() {
    let service = service(3600, |request| {
        if request.target.contains("/groups/") {
            answer(401, &[], r#"{"errorCode":"NEW_RIGHT_MISSING"}"#)
        } else {
            done()
        }
    })
    .await;
    let client = account(&service);
    for _ in 0..5 {
        update(&client).await.unwrap();
        let key = client.project(PROJECT).api_key(KEY);
        let refused = key.replace_roles([ProjectRole::ReadOnly]).send().await;
        assert!(refused.unwrap_err().is_credentials());
    }
    assert_eq!(token_requests(&service), 2);
}

#[tokio::test]
async fn a_token_that_was_renewed_to_no_avail_gives_way_to_any_other() {
    let service = service(3600, |request| match request.authorization.as_deref() {
        Some("Bearer token-0" | "Bearer token-1") => answer(401, &[], ""),
        _ => done(),
    })
    .await;
    let client = account(&service);
    for attempts in [5, 1] {
        assert_eq!(update(&client).await.unwrap_err().requests_sent(), attempts);
    }
    client.revoke_token().await.unwrap();
    assert_eq!(update(&client).await.unwrap().requests_sent(), 2);
}

/// A service that accepts only `token-2`. It refuses other tokens, reads among them when
/// `refusal` is notified.
async fn service_with_late_refusals(
    token: fn(usize) -> BufferedResponse,
    refusal: Arc<Notify>,
) -> Service {
    let tokens = Arc::new(AtomicUsize::new(0));
    Service::start(move |request: Received| {
        let (tokens, refusal) = (tokens.clone(), refusal.clone());
        async move {
            match request.target.as_str() {
                "/api/oauth/token" => token(tokens.fetch_add(1, Ordering::SeqCst)),
                "/api/oauth/revoke" => answer(200, &[], ""),
                _ if request.authorization.as_deref() == Some("Bearer token-2") => done(),
                _ => {
                    if request.method == "GET" {
                        refusal.notified().await;
                        refusal.notify_one();
                    }
                    answer(401, &[], "")
                }
            }
        }
    })
    .await
}

#[tokio::test]
async fn a_refusal_that_comes_late_is_followed_by_a_newer_token() {
    let refusal = Arc::new(Notify::new());
    let service = service_with_late_refusals(|n| grant(n, 3600), refusal.clone()).await;
    let client = account(&service);
    // Another new token would be refused as well.
    update(&client).await.unwrap_err();
    let read = client.org(ORG).api_key(KEY).get().send();
    let newer = async {
        client.revoke_token().await.unwrap();
        update(&client).await.unwrap();
        refusal.notify_one();
    };
    let (read, ()) = tokio::join!(read, newer);
    assert_eq!(read.unwrap().requests_sent(), 2);
    assert_eq!(token_requests(&service), 3);
}

#[tokio::test]
async fn tokens_that_work_once_are_replaced_every_time() {
    let used = std::sync::Mutex::new(std::collections::HashSet::new());
    let service = service(3600, move |request| {
        match used.lock().unwrap().insert(request.authorization) {
            true => done(),
            false => answer(401, &[], ""),
        }
    })
    .await;
    let client = account(&service);
    for attempts in [2, 4, 4] {
        assert_eq!(update(&client).await.unwrap().requests_sent(), attempts);
    }
}

#[tokio::test]
async fn a_token_is_replaced_before_it_expires() {
    let service = service(0, |_| done()).await;
    let client = account(&service);
    for _ in 0..3 {
        assert_eq!(update(&client).await.unwrap().requests_sent(), 2);
    }
    assert_eq!(token_requests(&service), 3);
}

#[tokio::test]
async fn a_lack_of_rights_costs_no_token() {
    let service = service(3600, |_| {
        answer(401, &[], r#"{"errorCode":"NOT_ORG_OWNER"}"#)
    })
    .await;
    let error = update(&account(&service)).await.unwrap_err();
    assert!(error.is_permission(), "{error}");
    assert_eq!(token_requests(&service), 1);
}

#[tokio::test]
async fn a_given_token_is_sent_and_never_renewed() {
    let service = service(3600, |request| match request.authorization.as_deref() {
        Some("Bearer good") => done(),
        _ => answer(401, &[], ""),
    })
    .await;
    for (token, works) in [("good", true), ("hush", false)] {
        let client = service
            .builder()
            .credentials(Credentials::bearer(token))
            .build()
            .unwrap();
        match update(&client).await {
            Ok(_) => assert!(works),
            Err(error) => {
                assert!(!works && error.is_credentials(), "{error}");
                assert!(!format!("{error} {error:?}").contains("hush"));
            }
        }
    }
    assert_eq!((token_requests(&service), service.count()), (0, 2));
}

#[tokio::test]
async fn a_token_that_does_not_come_is_an_error_of_its_kind() {
    for (status, body, kind, code) in [
        (
            401,
            r#"{"error":"invalid_client"}"#,
            ErrorKind::Credentials,
            Some(ErrorCode::INVALID_CLIENT),
        ),
        (
            400,
            r#"{"error":"invalid_request"}"#,
            ErrorKind::Credentials,
            Some(ErrorCode::INVALID_REQUEST),
        ),
        (
            403,
            r#"{"error":"access_denied"}"#,
            ErrorKind::Credentials,
            Some(ErrorCode::ACCESS_DENIED),
        ),
        (
            429,
            r#"{"errorCode":"RATE_LIMITED"}"#,
            ErrorKind::RateLimited,
            Some(ErrorCode::RATE_LIMITED),
        ),
        (500, "", ErrorKind::Service, None),
        (302, "", ErrorKind::Redirect, None),
        (404, "<html>", ErrorKind::NotFound, None),
        (200, "<html>hush", ErrorKind::Decode, None),
        (
            200,
            r#"{"access_token":"hush hush","token_type":"Bearer"}"#,
            ErrorKind::Decode,
            None,
        ),
        (200, r#"{"access_token":7}"#, ErrorKind::Decode, None),
    ] {
        let service = Service::start(move |_| std::future::ready(answer(status, &[], body))).await;
        let error = update(&account(&service)).await.unwrap_err();
        assert_eq!((error.kind(), error.code()), (kind, code), "{error}");
        assert!(!error.outcome_unknown(), "no update was sent: {error}");
        assert_eq!((error.requests_sent(), service.count()), (1, 1));
        assert!(!format!("{error} {error:?}").contains("hush"));
    }
}

#[tokio::test]
async fn a_token_that_takes_too_long_leaves_the_outcome_certain() {
    let service = Service::start(|_| async {
        tokio::time::sleep(Duration::from_secs(60)).await;
        done()
    })
    .await;
    let client = service
        .builder()
        .credentials(Credentials::service_account(ID, SECRET))
        .timeout(Duration::from_millis(100))
        .build()
        .unwrap();
    let error = update(&client).await.unwrap_err();
    assert!(error.is_timeout() && !error.outcome_unknown(), "{error}");
}

async fn updates(client: &Client, count: usize) -> Vec<Result<(), atlas_admin::Error>> {
    let tasks: Vec<_> = (0..count)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { update(&client).await.map(drop) })
        })
        .collect();
    let mut results = Vec::new();
    for task in tasks {
        results.push(task.await.unwrap());
    }
    results
}

#[tokio::test]
async fn a_failure_is_shared_by_those_who_wait_and_by_nobody_else() {
    let fails_once = |n| match n {
        0 => answer(
            429,
            &[("retry-after", "7")],
            r#"{"errorCode":"RATE_LIMITED"}"#,
        ),
        n => grant(n, 3600),
    };
    let service = service_with(fails_once, Duration::from_millis(100), |_| done()).await;
    let client = account(&service);
    for result in updates(&client, 16).await {
        let error = result.unwrap_err();
        assert!(
            error.is_rate_limited() && !error.outcome_unknown(),
            "{error}"
        );
        assert_eq!(error.retry_after(), Some(Duration::from_secs(7)));
        assert_eq!(error.operation(), Some("update_org_api_key"));
    }
    assert_eq!(service.count(), 1);
    for result in updates(&client, 16).await {
        result.unwrap();
    }
    assert_eq!(token_requests(&service), 2);
}

#[tokio::test]
async fn whoever_stops_waiting_harms_nobody() {
    let service = service_with(|n| grant(n, 3600), Duration::from_millis(200), |_| done()).await;
    let client = account(&service);
    let hasty = tokio::time::timeout(Duration::from_millis(50), update(&client));
    let patient = update(&client);
    let (hasty, patient) = tokio::join!(hasty, patient);
    assert!(hasty.is_err());
    patient.unwrap();
    assert_eq!(token_requests(&service), 1);
}

#[tokio::test]
async fn a_token_is_used_while_the_next_one_is_fetched() {
    let service = service_with(|n| grant(n, 4), Duration::from_millis(300), |_| done()).await;
    let client = account(&service);
    update(&client).await.unwrap();
    tokio::time::sleep(Duration::from_millis(2_000)).await;
    // Whoever waited for the next one would use it.
    for result in updates(&client, 8).await {
        result.unwrap();
    }
    assert!(tokens_used(&service).iter().all(|t| t == "Bearer token-0"));
    while tokens_used(&service).pop().unwrap() == "Bearer token-0" {
        tokio::time::sleep(Duration::from_millis(50)).await;
        update(&client).await.unwrap();
    }
    assert_eq!(token_requests(&service), 2);
}

#[tokio::test]
async fn a_renewal_that_fails_spoils_no_token() {
    let only_one = |n| match n {
        0 => grant(0, 4),
        _ => answer(500, &[], ""),
    };
    let service = service_with(only_one, Duration::ZERO, |_| done()).await;
    let client = account(&service);
    update(&client).await.unwrap();
    tokio::time::sleep(Duration::from_millis(2_100)).await;
    for _ in 0..20 {
        assert_eq!(update(&client).await.unwrap().requests_sent(), 1);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(
        (2..=4).contains(&token_requests(&service)),
        "renewed with every request"
    );
    tokio::time::sleep(Duration::from_millis(2_000)).await;
    let error = update(&client).await.unwrap_err();
    assert!(error.is_service() && !error.outcome_unknown(), "{error}");
}

#[tokio::test]
async fn a_token_is_given_back_on_demand() {
    let service = service(3600, |_| done()).await;
    let client = account(&service);
    client.revoke_token().await.unwrap();
    service.client().revoke_token().await.unwrap();
    assert_eq!(service.count(), 0, "there was nothing to revoke");

    update(&client).await.unwrap();
    client.revoke_token().await.unwrap();
    let revocation = service.received().pop().unwrap();
    assert_eq!(revocation.target, "/api/oauth/revoke");
    assert_eq!(
        &revocation.body[..],
        b"token=token%2D0&token_type_hint=access_token"
    );
    assert!(revocation.authorization.unwrap().starts_with("Basic "));
    client.revoke_token().await.unwrap();
    assert_eq!(service.count(), 3, "it is revoked once");

    update(&client).await.unwrap();
    assert_eq!(tokens_used(&service), ["Bearer token-0", "Bearer token-1"]);
}

#[tokio::test]
async fn token_requests_say_who_asks_over_any_http_client() {
    let service = service(3600, |_| done()).await;
    let none = reqwest::redirect::Policy::none();
    let http = reqwest::Client::builder().redirect(none).build().unwrap();
    let client = service
        .builder()
        .credentials(Credentials::service_account(ID, SECRET))
        .user_agent_suffix("deploy-bot/1.2")
        .http_client(http)
        .build()
        .unwrap();
    update(&client).await.unwrap();
    client.revoke_token().await.unwrap();
    let agent = concat!("atlas-admin/", env!("CARGO_PKG_VERSION"), " deploy-bot/1.2");
    let received = service.received();
    assert_eq!(received.len(), 3);
    for request in received {
        assert_eq!(request.user_agent.as_deref(), Some(agent), "{request:?}");
    }
}

#[tokio::test]
async fn a_token_that_is_not_revoked_is_told() {
    let service = Service::start(|request: Received| async move {
        match request.target.as_str() {
            "/api/oauth/token" => grant(0, 3600),
            "/api/oauth/revoke" => answer(401, &[], r#"{"error":"invalid_client"}"#),
            _ => done(),
        }
    })
    .await;
    let client = account(&service);
    update(&client).await.unwrap();
    let error = client.revoke_token().await.unwrap_err();
    assert!(error.is_credentials(), "{error}");
    assert_eq!(error.code(), Some(ErrorCode::INVALID_CLIENT));
    update(&client).await.unwrap();
    assert_eq!(token_requests(&service), 1);
}

#[tokio::test]
async fn all_that_can_be_is_revoked_whatever_fails() {
    let service = Service::start(|request: Received| async move {
        match request.target.as_str() {
            "/api/oauth/token" => grant(0, 3600),
            "/api/oauth/revoke" if request.body.starts_with(b"token=token%2D0&") => {
                answer(401, &[], r#"{"error":"invalid_client"}"#)
            }
            "/api/oauth/revoke" => answer(200, &[], ""),
            _ => done(),
        }
    })
    .await;
    let store = Arc::new(Scripted::default());
    let client = account_with(&service, store.clone());
    let revocations = || {
        let received = service.received().into_iter();
        let is_revocation = |r: &Received| r.target == "/api/oauth/revoke";
        let bodies = received.filter(is_revocation).map(|r| r.body);
        bodies.collect::<Vec<_>>()
    };

    // The store gives a token, and cannot be read when that is to be revoked.
    store.give(["kept"]);
    update(&client).await.unwrap();
    let error = client.revoke_token().await.unwrap_err();
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert_eq!(cause, "the disk is gone");
    assert_eq!(
        revocations(),
        ["token=kept&token_type_hint=access_token"],
        "it would have lived on"
    );

    // The one in hand cannot be revoked; the one in the store can.
    store.give(["token-0", "other"]);
    update(&client).await.unwrap();
    let error = client.revoke_token().await.unwrap_err();
    assert_eq!(error.code(), Some(ErrorCode::INVALID_CLIENT));
    assert_eq!(
        revocations()[1..],
        [
            "token=token%2D0&token_type_hint=access_token",
            "token=other&token_type_hint=access_token"
        ]
    );
}

#[tokio::test]
async fn a_token_that_may_live_on_stays_in_the_store() {
    let service = Service::start(|request: Received| async move {
        match request.target.as_str() {
            "/api/oauth/token" => grant(0, 3600),
            "/api/oauth/revoke" => answer(500, &[], ""),
            _ => done(),
        }
    })
    .await;
    let store = MemoryStore::new();
    update(&account_with(&service, store.clone()))
        .await
        .unwrap();
    let another = account_with(&service, store);
    another.revoke_token().await.unwrap_err();
    update(&another).await.unwrap();
    assert_eq!(token_requests(&service), 1);
}

fn account_with(service: &Service, store: impl TokenStore) -> Client {
    service
        .builder()
        .credentials(Credentials::service_account(ID, SECRET))
        .token_store(store)
        .build()
        .unwrap()
}

#[tokio::test]
async fn clients_share_what_a_store_keeps() {
    let folder = tempfile::tempdir().unwrap();
    let memory = MemoryStore::new();
    let file = FileStore::new(folder.path());
    let stores: [&dyn Fn() -> Arc<dyn TokenStore>; 2] = [
        &|| Arc::new(memory.clone()),
        // As another run of the program would.
        &|| Arc::new(file.clone()),
    ];
    for store in stores {
        let service = service(3600, |request| match request.authorization.as_deref() {
            Some("Bearer token-0") => answer(401, &[], ""),
            _ => done(),
        })
        .await;
        // One finds the token refused that it has just been given, and replaces it.
        assert_eq!(
            update(&account_with(&service, store()))
                .await
                .unwrap()
                .requests_sent(),
            5
        );
        for _ in 0..3 {
            let another = account_with(&service, store());
            assert_eq!(update(&another).await.unwrap().requests_sent(), 1);
        }
        let other_account = service
            .builder()
            .credentials(Credentials::service_account("mdb_sa_id_other", SECRET))
            .token_store(store())
            .build()
            .unwrap();
        assert_eq!(update(&other_account).await.unwrap().requests_sent(), 2);
        assert_eq!(token_requests(&service), 3);

        account_with(&service, store())
            .revoke_token()
            .await
            .unwrap();
        assert_eq!(
            service.received().pop().unwrap().target,
            "/api/oauth/revoke"
        );
        update(&account_with(&service, store())).await.unwrap();
        assert_eq!(token_requests(&service), 4);
    }
}

#[tokio::test]
async fn a_token_refused_here_and_renewed_elsewhere_costs_no_fetch() {
    let service = service(3600, |request| match request.authorization.as_deref() {
        Some("Bearer new") => done(),
        _ => answer(401, &[], ""),
    })
    .await;
    let store = Arc::new(Scripted::default());
    store.give(["old", "new"]);
    let client = account_with(&service, store.clone());
    assert_eq!(update(&client).await.unwrap().requests_sent(), 2);
    assert_eq!(token_requests(&service), 0);
}

/// Keeps tokens in memory. Once it is armed, the next load lets a refusal go, and takes long
/// enough for it to arrive.
#[derive(Clone, Default)]
struct Slow {
    tokens: MemoryStore,
    is_armed: Arc<AtomicBool>,
    refusal: Arc<Notify>,
}

impl TokenStore for Slow {
    fn load(&self, key: &TokenKey) -> io::Result<Option<AccessToken>> {
        if self.is_armed.swap(false, Ordering::SeqCst) {
            self.refusal.notify_one();
            std::thread::sleep(Duration::from_millis(300));
        }
        self.tokens.load(key)
    }

    fn save(&self, key: &TokenKey, token: &AccessToken) -> io::Result<()> {
        self.tokens.save(key, token)
    }

    fn remove(&self, key: &TokenKey) -> io::Result<()> {
        self.tokens.remove(key)
    }
}

#[tokio::test]
async fn a_refused_token_that_another_call_finds_in_the_store_is_replaced() {
    let store = Slow::default();
    let second_fails = |n| match n {
        1 => answer(429, &[], ""),
        n => grant(n, 3600),
    };
    let service = service_with_late_refusals(second_fails, store.refusal.clone()).await;
    let client = account_with(&service, store.clone());
    let read = client.org(ORG).api_key(KEY).get().send();
    let updates = async {
        let error = update(&client).await.unwrap_err();
        assert!(error.is_rate_limited(), "{error}");
        store.is_armed.store(true, Ordering::SeqCst);
        update(&client).await
    };
    let (read, update) = tokio::join!(read, updates);
    read.unwrap();
    update.unwrap();
    assert_eq!(token_requests(&service), 3);
}

/// Gives the tokens that it was told to, in order, and fails when none is left.
#[derive(Default)]
struct Scripted(std::sync::Mutex<Vec<&'static str>>);

impl Scripted {
    fn give<const N: usize>(&self, tokens: [&'static str; N]) {
        self.0.lock().unwrap().extend(tokens.iter().rev());
    }
}

impl TokenStore for Scripted {
    fn load(&self, key: &TokenKey) -> io::Result<Option<AccessToken>> {
        assert_eq!(key.client_id(), ID);
        assert!(key.host().starts_with("127.0.0.1:"), "{key:?}");
        match self.0.lock().unwrap().pop() {
            Some("") => Ok(None),
            Some(token) => {
                let later = SystemTime::now() + Duration::from_secs(600);
                Ok(Some(AccessToken::new(token, later)))
            }
            None => Err(io::Error::other("the disk is gone")),
        }
    }

    fn save(&self, _: &TokenKey, _: &AccessToken) -> io::Result<()> {
        Err(io::Error::other("the disk is full"))
    }

    fn remove(&self, _: &TokenKey) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_store_that_fails_burns_no_tokens() {
    let service = service(3600, |_| done()).await;
    let store = Arc::new(Scripted::default());
    let client = account_with(&service, store.clone());
    let error = update(&client).await.unwrap_err();
    assert!(
        error.is_credentials() && !error.outcome_unknown(),
        "{error}"
    );
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert_eq!((cause.as_str(), service.count()), ("the disk is gone", 0));

    store.give(["", ""]);
    let error = update(&client).await.unwrap_err();
    assert!(error.is_credentials(), "{error}");
    let targets: Vec<_> = service.received().into_iter().map(|r| r.target).collect();
    assert_eq!(targets, ["/api/oauth/token", "/api/oauth/revoke"]);
}

/// A store without locks.
#[derive(Clone, Default)]
struct Unlocked(MemoryStore);

impl TokenStore for Unlocked {
    fn load(&self, key: &TokenKey) -> io::Result<Option<AccessToken>> {
        self.0.load(key)
    }

    fn save(&self, key: &TokenKey, token: &AccessToken) -> io::Result<()> {
        self.0.save(key, token)
    }

    fn remove(&self, key: &TokenKey) -> io::Result<()> {
        self.0.remove(key)
    }
}

/// Makes one call with each of these clients at once.
async fn update_all(clients: impl IntoIterator<Item = Client>) -> Vec<atlas_admin::Error> {
    let calls: Vec<_> = clients
        .into_iter()
        .map(|client| tokio::spawn(async move { update(&client).await.map(drop) }))
        .collect();
    let mut errors = Vec::new();
    for call in calls {
        errors.extend(call.await.unwrap().err());
    }
    errors
}

fn revocations(service: &Service) -> Vec<String> {
    let received = service.received().into_iter();
    received
        .filter(|request| request.target == "/api/oauth/revoke")
        .map(|request| String::from_utf8(request.body.to_vec()).unwrap())
        .collect()
}

#[tokio::test]
async fn of_many_clients_that_start_at_once_one_requests_a_token() {
    let folder = tempfile::tempdir().unwrap();
    let memory = MemoryStore::new();
    let stores: [&dyn Fn() -> Arc<dyn TokenStore>; 2] =
        [&|| Arc::new(FileStore::new(folder.path())), &|| {
            Arc::new(memory.clone())
        }];
    for store in stores {
        let wait = Duration::from_millis(50);
        let service = service_with(|n| grant(n, 3600), wait, |_| done()).await;
        let clients: Vec<_> = (0..130).map(|_| account_with(&service, store())).collect();
        let errors = update_all(clients).await;
        assert!(errors.is_empty(), "{errors:?}");
        assert_eq!((token_requests(&service), service.count()), (1, 131));
    }
}

#[tokio::test]
async fn a_client_that_holds_the_lock_for_too_long_is_not_waited_for() {
    let service = service(3600, |_| done()).await;
    let folder = tempfile::tempdir().unwrap();
    let store = FileStore::new(folder.path());
    update(&account_with(&service, store.clone()))
        .await
        .unwrap();
    let lock = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| {
            path.extension()
                .is_some_and(|extension| extension == "lock")
        });
    let stalled = std::fs::File::open(lock.unwrap()).unwrap();
    account_with(&service, store.clone())
        .revoke_token()
        .await
        .unwrap();
    stalled.lock().unwrap();
    let client = service
        .builder()
        .credentials(Credentials::service_account(ID, SECRET))
        .attempt_timeout(Duration::from_secs(1))
        .token_store(store)
        .build()
        .unwrap();
    update(&client).await.unwrap();
    assert_eq!(token_requests(&service), 2);
}

#[tokio::test]
async fn without_locks_a_token_that_nobody_keeps_is_revoked() {
    let store = Unlocked::default();
    let wait = Duration::from_millis(500);
    let service = service_with(|n| grant(n, 3600), wait, |_| done()).await;
    let (first, second) = (
        account_with(&service, store.clone()),
        account_with(&service, store),
    );
    let late = async {
        tokio::time::sleep(wait / 2).await;
        update(&second).await
    };
    let (first, second) = tokio::join!(update(&first), late);
    first.unwrap();
    second.unwrap();
    assert_eq!(token_requests(&service), 2);
    assert_eq!(
        revocations(&service),
        ["token=token%2D1&token_type_hint=access_token"]
    );
    assert_eq!(tokens_used(&service), ["Bearer token-0", "Bearer token-0"]);
}

#[tokio::test]
async fn a_token_that_is_replaced_in_the_store_is_revoked() {
    let service = service(3600, |request| match request.authorization.as_deref() {
        Some("Bearer token-0") => answer(401, &[], ""),
        _ => done(),
    })
    .await;
    update(&account(&service)).await.unwrap();
    assert_eq!(
        revocations(&service),
        ["token=token%2D0&token_type_hint=access_token"]
    );
}

#[tokio::test]
async fn a_token_that_is_issued_again_is_not_revoked() {
    let service = service_with(|_| grant(0, 3600), Duration::ZERO, |_| answer(401, &[], "")).await;
    update(&account(&service)).await.unwrap_err();
    assert_eq!(token_requests(&service), 2);
    assert!(revocations(&service).is_empty());
}

#[tokio::test]
async fn an_account_without_tokens_left_uses_the_one_just_stored() {
    for status in [403, 429] {
        let service = service_with(
            move |_| answer(status, &[], r#"{"error":"access_denied"}"#),
            Duration::ZERO,
            |_| done(),
        )
        .await;
        let store = Arc::new(Scripted::default());
        store.give(["", "", "stored"]);
        update(&account_with(&service, store)).await.unwrap();
        assert_eq!(tokens_used(&service), ["Bearer stored"]);
    }
}

/// Responds after half a minute, like a disk that is gone.
struct Stalled;

impl TokenStore for Stalled {
    fn load(&self, _: &TokenKey) -> io::Result<Option<AccessToken>> {
        std::thread::sleep(Duration::from_secs(30));
        Ok(None)
    }

    fn save(&self, _: &TokenKey, _: &AccessToken) -> io::Result<()> {
        unreachable!()
    }

    fn remove(&self, _: &TokenKey) -> io::Result<()> {
        unreachable!()
    }
}

#[test]
fn a_store_that_stalls_ends_the_call_and_does_not_keep_the_runtime() {
    let started = std::time::Instant::now();
    // A call that ends by itself, and one that is dropped.
    for timeout in [Duration::from_millis(500), Duration::from_secs(60)] {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let service = service(3600, |_| done()).await;
            let client = service
                .builder()
                .credentials(Credentials::service_account(ID, SECRET))
                .timeout(timeout)
                .token_store(Stalled)
                .build()
                .unwrap();
            let call = tokio::time::timeout(Duration::from_secs(2), update(&client)).await;
            if let Ok(result) = call {
                let error = result.unwrap_err();
                assert!(error.to_string().contains("token store"), "{error}");
                assert!(!error.outcome_unknown(), "{error}");
            }
        });
    }
    assert!(started.elapsed() < Duration::from_secs(15));
}

#[cfg(unix)]
#[tokio::test]
async fn a_pipe_in_the_place_of_a_token_is_an_error_at_once() {
    let service = service(3600, |_| done()).await;
    let folder = tempfile::tempdir().unwrap();
    let store = || FileStore::new(folder.path());
    update(&account_with(&service, store())).await.unwrap();
    let entries = std::fs::read_dir(folder.path()).unwrap();
    let paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    assert_eq!(paths.len(), 2, "a token and its lock");
    for path in &paths {
        std::fs::remove_file(path).unwrap();
    }
    for path in &paths {
        let status = std::process::Command::new("mkfifo").arg(path).status();
        assert!(status.unwrap().success());
        let error = update(&account_with(&service, store())).await.unwrap_err();
        let cause = std::error::Error::source(&error).unwrap().to_string();
        assert!(cause.contains("not a regular file"), "{cause}");
        std::fs::remove_file(path).unwrap();
    }
}

#[tokio::test]
async fn tokens_come_from_the_base_url_whatever_the_order() {
    let service = service(3600, |_| done()).await;
    let credentials = || Credentials::service_account(ID, SECRET);
    let url = format!("{}/proxy/", service.url);
    let new = Client::builder;
    for builder in [
        new().credentials(credentials()).base_url(&url).atlas_v1(),
        new().atlas_v1().base_url(&url).credentials(credentials()),
        new().base_url(&url).credentials(credentials()),
    ] {
        let error = update(&builder.build().unwrap()).await.unwrap_err();
        assert!(error.is_decode(), "no token there: {error}");
        assert_eq!(
            service.received().pop().unwrap().target,
            "/proxy/api/oauth/token"
        );
    }
}

#[tokio::test]
async fn services_behind_one_host_share_no_token() {
    let tokens = Arc::new(AtomicUsize::new(0));
    let service = Service::start(move |request: Received| {
        let is_grant = request.target.ends_with("/api/oauth/token");
        let n = tokens.fetch_add(is_grant.into(), Ordering::SeqCst);
        std::future::ready(if is_grant { grant(n, 3600) } else { done() })
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let memory = MemoryStore::new();
    let stores: [&dyn Fn() -> Arc<dyn TokenStore>; 2] = [&|| Arc::new(memory.clone()), &|| {
        Arc::new(FileStore::new(folder.path()))
    }];
    for store in stores {
        for (path, attempts) in [("", 2), ("/one", 2), ("/two/", 2), ("/one/", 1), ("/", 1)] {
            let client = service
                .builder()
                .base_url(format!("{}{path}", service.url))
                .credentials(Credentials::service_account(ID, SECRET))
                .token_store(store())
                .build()
                .unwrap();
            let made = update(&client).await.unwrap();
            assert_eq!(made.requests_sent(), attempts, "{path}");
        }
    }
    let mut files: Vec<_> = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !name.ends_with(".lock"))
        .collect();
    files.sort();
    let id = "mdb%5Fsa%5Fid%5F0123456789abcdef01234567";
    let port = service.url.rsplit(':').next().unwrap();
    let host = format!("127%2E0%2E0%2E1%3A{port}");
    assert_eq!(
        files,
        [
            format!("{id}@{host}%2Fone.json"),
            format!("{id}@{host}%2Ftwo.json"),
            // As before there were paths in them.
            format!("{id}@{host}.json"),
        ]
    );
}

#[tokio::test]
async fn refusals_of_tokens_say_what_to_do() {
    for (status, body, advice) in [
        (401, r#"{"error":"invalid_client"}"#, "id and secret"),
        (403, r#"{"error":"access_denied"}"#, "100 live tokens"),
        (403, "", "id and secret"),
        (400, r#"{"error":"unsupported_grant_type"}"#, "base URL"),
        (400, r#"{"error":"invalid_request"}"#, "base URL"),
        (400, r#"{"error":"invalid_client"}"#, "id and secret"),
        (429, r#"{"errorCode":"RATE_LIMITED"}"#, "wait a minute"),
    ] {
        let service = Service::start(move |_| std::future::ready(answer(status, &[], body))).await;
        let error = update(&account(&service)).await.unwrap_err().to_string();
        assert!(error.contains(advice), "{error}");
    }
}

#[tokio::test]
async fn a_token_is_not_lost_over_another_field() {
    for (rest, is_reused) in [
        (r#""expires_in":3600,"token_type":"Bearer""#, true),
        (r#""expires_in":"3600","token_type":"bearer""#, true),
        (r#""expires_in":3600.5,"token_type":"BEARER ""#, true),
        (r#""expires_in":null,"token_type":null,"scope":["a"]"#, true),
        (r#""expires_in":-1,"token_type":7,"scope":{}"#, true),
        (r#""expires_in":0,"scope":null"#, false),
        (r#""expires_in":1e999,"refresh_token":1e999"#, true),
        (r#""expires_in":"soon""#, true),
        (r#""expires_in":"NaN""#, true),
        (r#""expires_in":[],"expires_in":{}"#, true),
        (r#""expires_in":99999999999999999999999999"#, true),
        (r#""expires_in":0.01"#, false),
    ] {
        let token = move |n| {
            let body = format!(r#"{{{rest},"access_token":"token-{n}"}}"#);
            answer(200, &[], &body)
        };
        let service = service_with(token, Duration::ZERO, |_| done()).await;
        let client = account(&service);
        update(&client).await.unwrap();
        tokio::time::sleep(Duration::from_millis(20)).await;
        update(&client).await.unwrap();
        let second = if is_reused {
            "Bearer token-0"
        } else {
            "Bearer token-1"
        };
        assert_eq!(tokens_used(&service), ["Bearer token-0", second], "{rest}");
    }
}

/// It would count towards the account's 100 tokens.
#[tokio::test]
async fn a_token_of_a_type_that_cannot_be_used_is_revoked() {
    let token = |_| answer(200, &[], r#"{"access_token":"hush","token_type":"mac"}"#);
    let service = service_with(token, Duration::ZERO, |_| done()).await;
    let error = update(&account(&service)).await.unwrap_err();
    assert!(error.is_decode() && !error.outcome_unknown(), "{error}");
    assert!(!format!("{error} {error:?}").contains("hush"));
    let targets: Vec<_> = service.received().into_iter().map(|r| r.target).collect();
    assert_eq!(targets, ["/api/oauth/token", "/api/oauth/revoke"]);
}
