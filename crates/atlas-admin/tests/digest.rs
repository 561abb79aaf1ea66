//! Digest authentication against services that follow, bend and break RFC 7616.
//! Each answer to a challenge is judged by another implementation.

mod support;

use std::{
    collections::HashMap,
    str::FromStr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use atlas_admin::{Client, Credentials, ErrorCode, RequestOptions};
use digest_auth::{AuthContext, AuthorizationHeader, HttpMethod};
use support::{Answer, KEY, ORG, PASSWORD, Received, Service, USER, answer, done, update};

fn challenge(nonce: &str, rest: &str) -> Answer {
    let header =
        format!(r#"Digest realm="MMS Public API", domain="", nonce="{nonce}", qop="auth"{rest}"#);
    answer(
        401,
        &[("www-authenticate", &header)],
        r#"{"error":401,"errorCode":"UNEXPECTED_ERROR"}"#,
    )
}

/// The answer to a challenge, if there is one, and if it is right.
fn verified(request: &Received) -> Option<AuthorizationHeader> {
    let sent = AuthorizationHeader::from_str(request.authorization.as_deref()?).unwrap();
    let context = AuthContext::new_with_method(
        USER,
        PASSWORD,
        &request.target,
        Some(&request.body[..]),
        HttpMethod::from(request.method.clone()),
    );
    let mut expected = sent.clone();
    expected.digest(&context);
    (sent.uri == request.target && expected.response == sent.response).then_some(sent)
}

/// Calls a closure with the number of the request, from 0.
fn numbered(
    answer: impl Fn(usize, Received) -> Answer + Send + Sync + 'static,
) -> impl Fn(Received) -> std::future::Ready<Answer> + Clone {
    let answer = Arc::new(answer);
    let count = Arc::new(AtomicUsize::new(0));
    move |request| std::future::ready(answer(count.fetch_add(1, Ordering::SeqCst), request))
}

#[tokio::test]
async fn one_request_an_update_in_the_steady_state() {
    for algorithm in [
        "",
        ", algorithm=MD5",
        ", algorithm=md5-sess",
        ", algorithm=SHA-256",
        ", algorithm=sha-512-256",
    ] {
        let rest = format!(r#"{algorithm}, opaque="o+/=""#);
        let service = Service::start(numbered(move |_, request| match verified(&request) {
            Some(_) => done(),
            None => challenge("+4YICU5YLx6mQEzmVhx1G5ySQVrufjv6", &rest),
        }))
        .await;
        let client = service.client();
        for attempts in [2, 1, 1, 1] {
            let options = RequestOptions::new().pretty(true);
            let call = client
                .org(ORG)
                .api_key(KEY)
                .update()
                .desc("é")
                .options(options);
            assert_eq!(call.send().await.unwrap().attempts(), attempts);
        }
        let received = service.received();
        assert_eq!(received.len(), 5);
        let counts: Vec<_> = received[1..]
            .iter()
            .map(|r| verified(r).unwrap().nc)
            .collect();
        assert_eq!(counts, [1, 2, 3, 4]);
        assert_eq!(
            verified(&received[1]).unwrap().opaque.as_deref(),
            Some("o+/=")
        );
    }
}

#[tokio::test]
async fn wrong_credentials_cost_one_answer() {
    let service = Service::start(numbered(|n, _| challenge(&n.to_string(), ""))).await;
    let client = service.client();
    for calls in 1..=2 {
        let error = update(&client).await.unwrap_err();
        assert!(
            error.is_credentials() && !error.outcome_unknown(),
            "{error}"
        );
        assert_eq!(error.code(), Some(ErrorCode::UNEXPECTED_ERROR));
        assert_eq!((error.attempts(), service.count()), (2, 2 * calls));
        assert!(!format!("{error} {error:?}").contains(PASSWORD));
    }
}

#[tokio::test]
async fn a_forgotten_nonce_costs_one_new_handshake() {
    let service = Service::start(numbered(|n, request| match (n, verified(&request)) {
        (0, None) => challenge("first", ""),
        (1, Some(sent)) if sent.nonce == "first" => done(),
        (2, Some(sent)) if sent.nonce == "first" => challenge("second", ", stale=false"),
        (3, Some(sent)) if sent.nonce == "second" && sent.nc == 1 => done(),
        (4.., Some(_)) => challenge("third", ""),
        _ => answer(500, &[], ""),
    }))
    .await;
    let client = service.client();
    assert_eq!(update(&client).await.unwrap().attempts(), 2);
    assert_eq!(update(&client).await.unwrap().attempts(), 2);
    let error = update(&client).await.unwrap_err();
    assert!(error.is_credentials(), "{error}");
    assert_eq!(error.attempts(), 2);
}

#[tokio::test]
async fn a_stale_nonce_is_renewed_from_the_answer_itself() {
    let service = Service::start(numbered(|n, request| match (n, verified(&request)) {
        (0, None) => challenge("first", ""),
        (1, Some(sent)) if sent.nonce == "first" => challenge("second", ", stale=true"),
        (2, Some(sent)) if sent.nonce == "second" => challenge("third", ", stale=TRUE"),
        (3, Some(sent)) if sent.nonce == "third" && sent.nc == 1 => done(),
        (4, Some(sent)) if sent.nonce == "third" && sent.nc == 2 => done(),
        _ => answer(500, &[], ""),
    }))
    .await;
    let client = service.client();
    assert_eq!(update(&client).await.unwrap().attempts(), 4);
    assert_eq!(update(&client).await.unwrap().attempts(), 1);
}

#[tokio::test]
async fn perpetual_staleness_ends_in_an_error() {
    let service = Service::start(numbered(|n, _| challenge(&n.to_string(), ", stale=true"))).await;
    let error = update(&service.client()).await.unwrap_err();
    assert!(error.is_service() && !error.outcome_unknown(), "{error}");
    assert_eq!((error.attempts(), service.count()), (4, 4));
}

#[tokio::test]
async fn a_401_without_a_challenge_speaks_of_rights() {
    let service = Service::start(numbered(|_, request| match verified(&request) {
        Some(_) => answer(401, &[], r#"{"errorCode":"NOT_ORG_OWNER"}"#),
        None => challenge("n", ""),
    }))
    .await;
    let client = service.client();
    for attempts in [2, 1] {
        let error = update(&client).await.unwrap_err();
        assert!(error.is_permission(), "{error}");
        assert_eq!(error.code(), Some(ErrorCode::NOT_ORG_OWNER));
        assert_eq!(error.attempts(), attempts);
    }
}

#[tokio::test]
async fn the_next_nonce_is_used() {
    let service = Service::start(numbered(|n, request| match verified(&request) {
        Some(sent) if sent.nonce == format!("n{}", n - 1) && sent.nc == 1 => {
            let mut answer = done();
            let info = format!(r#"nextnonce="n{n}", qop=auth, nc=00000001"#);
            answer
                .headers_mut()
                .insert("authentication-info", info.parse().unwrap());
            answer
        }
        Some(_) => answer(500, &[], ""),
        None => challenge("n0", ""),
    }))
    .await;
    let client = service.client();
    for attempts in [2, 1, 1] {
        assert_eq!(update(&client).await.unwrap().attempts(), attempts);
    }
}

#[tokio::test]
async fn the_strongest_of_many_challenges_is_answered() {
    let service = Service::start(numbered(|_, request| match verified(&request) {
        Some(sent) if sent.nonce == "strong" => done(),
        _ => answer(
            401,
            &[
                ("www-authenticate", r#"Basic realm="b", Digest realm="r", nonce="weak", qop="auth""#),
                ("www-authenticate", r#"Bearer realm="c", Digest realm="r", nonce="strong", qop="auth,auth-int", algorithm=SHA-256"#),
            ],
            "",
        ),
    }))
    .await;
    update(&service.client()).await.unwrap();
    assert_eq!(service.count(), 2);
}

#[tokio::test]
async fn what_is_no_digest_challenge_is_never_answered() {
    let long = format!(r#"Digest realm="{}"#, "x".repeat(9_000));
    for header in [
        r#"Basic realm="b""#,
        "Bearer",
        "",
        r#"Digest realm="no nonce""#,
        r#"Digest realm="r", nonce="n", algorithm=ROT13"#,
        "Digest realm=\"ü\", nonce=\"n\"",
        &long,
    ] {
        let header = header.to_owned();
        let service = Service::start(numbered(move |_, _| {
            answer(401, &[("www-authenticate", &header)], "")
        }))
        .await;
        let error = update(&service.client()).await.unwrap_err();
        assert!(error.is_credentials(), "{error}");
        assert!(error.to_string().len() < 1_000, "{error}");
        assert_eq!(service.count(), 1);
        assert_eq!(service.received()[0].authorization, None);
    }
    let service = Service::start(numbered(|_, _| answer(401, &[], ""))).await;
    assert!(
        update(&service.client())
            .await
            .unwrap_err()
            .is_credentials()
    );
    assert_eq!(service.count(), 1);
}

#[tokio::test]
async fn user_names_and_keys_may_be_of_any_script() {
    let service = Service::start(numbered(
        |n, _| if n == 0 { challenge("n", "") } else { done() },
    ))
    .await;
    let client = Client::builder()
        .credentials(Credentials::digest("jané@example.com", "pässword"))
        .base_url(&service.url)
        .unwrap()
        .build()
        .unwrap();
    update(&client).await.unwrap();
    let sent = service.received()[1].authorization.clone().unwrap();
    assert!(
        sent.contains("username*=UTF-8''jan%C3%A9%40example.com"),
        "{sent}"
    );
}

/// Gives a new nonce for every challenge and takes each count once and in order,
/// as the strictest of services might. Every answer takes some time.
fn strict() -> impl Fn(Received) -> std::pin::Pin<Box<dyn Future<Output = Answer> + Send>> + Clone {
    let counts = Arc::new(Mutex::new(HashMap::<String, u32>::new()));
    move |request| {
        let counts = counts.clone();
        Box::pin(async move {
            let answer = {
                let mut counts = counts.lock().unwrap();
                match verified(&request) {
                    Some(sent) if counts.get(&sent.nonce) == Some(&(sent.nc - 1)) => {
                        counts.insert(sent.nonce, sent.nc);
                        done()
                    }
                    Some(_) => answer(500, &[], "a count out of order"),
                    None => {
                        let nonce = format!("n{}", counts.len());
                        counts.insert(nonce.clone(), 0);
                        challenge(&nonce, "")
                    }
                }
            };
            tokio::time::sleep(Duration::from_millis(2)).await;
            answer
        })
    }
}

#[tokio::test]
async fn many_tasks_keep_every_count_in_order() {
    const TASKS: usize = 32;
    const UPDATES: usize = 20;
    let service = Service::start(strict()).await;
    let client = service.client();
    let tasks: Vec<_> = (0..TASKS)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move {
                for _ in 0..UPDATES {
                    update(&client).await.unwrap();
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let requests = service.count();
    assert!(requests <= TASKS * UPDATES + TASKS, "{requests} requests");
}

#[tokio::test]
async fn a_cancelled_call_breaks_no_later_one() {
    let service = Service::start(strict()).await;
    let client = service.client();
    update(&client).await.unwrap();
    for wait in [0, 1, 1, 2, 0, 1] {
        let cut = tokio::time::timeout(Duration::from_millis(wait), update(&client)).await;
        if let Ok(answered) = cut {
            answered.unwrap();
        }
        assert!(update(&client).await.unwrap().attempts() <= 2);
    }
}
