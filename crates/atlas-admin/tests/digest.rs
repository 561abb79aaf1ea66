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

use atlas_admin::{Credentials, ErrorCode, RequestOptions};
use digest_auth::{AuthContext, AuthorizationHeader, HttpMethod};
use support::{
    BufferedResponse, KEY, ORG, PASSWORD, Received, Service, USER, answer, done, update,
};

fn challenge(nonce: &str, rest: &str) -> BufferedResponse {
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
    // It is given back as the service spells it, which the judge cannot read.
    let text = request.authorization.as_deref()?;
    let text = text.replace("=md5", "=MD5").replace("sha-", "SHA-");
    let sent = AuthorizationHeader::from_str(&text).unwrap();
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
    answer: impl Fn(usize, Received) -> BufferedResponse + Send + Sync + 'static,
) -> impl Fn(Received) -> std::future::Ready<BufferedResponse> + Clone {
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
                .desc("ci deploys")
                .options(options);
            assert_eq!(call.send().await.unwrap().requests_sent(), attempts);
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
        assert_eq!((error.requests_sent(), service.count()), (2, 2 * calls));
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
    assert_eq!(update(&client).await.unwrap().requests_sent(), 2);
    assert_eq!(update(&client).await.unwrap().requests_sent(), 2);
    let error = update(&client).await.unwrap_err();
    assert!(error.is_credentials(), "{error}");
    assert_eq!(error.requests_sent(), 2);
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
    assert_eq!(update(&client).await.unwrap().requests_sent(), 4);
    assert_eq!(update(&client).await.unwrap().requests_sent(), 1);
}

#[tokio::test]
async fn perpetual_staleness_ends_in_an_error() {
    let service = Service::start(numbered(|n, _| challenge(&n.to_string(), ", stale=true"))).await;
    let error = update(&service.client()).await.unwrap_err();
    assert!(error.is_service() && !error.outcome_unknown(), "{error}");
    assert_eq!((error.requests_sent(), service.count()), (4, 4));
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
        assert_eq!(error.requests_sent(), attempts);
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
        assert_eq!(update(&client).await.unwrap().requests_sent(), attempts);
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
        r#"Digest realm="r", nonce="n", qop="auth-int""#,
        "Digest realm=\"ü\"",
        &long,
    ] {
        let header = header.to_owned();
        let service = Service::start(numbered(move |_, _| {
            answer(401, &[("www-authenticate", &header)], "")
        }))
        .await;
        let error = update(&service.client()).await.unwrap_err();
        assert!(error.is_credentials(), "{error}");
        let shown = error.to_string();
        assert!(shown.contains("offers no digest authentication"), "{shown}");
        assert!(shown.len() < 1_000, "{shown}");
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
async fn users_keys_and_realms_may_be_of_any_script() {
    for (charset, username) in [
        ("", "username=\"jané@example.com\""),
        (
            ", charset=UTF-8",
            "username*=UTF-8''jan%C3%A9%40example%2Ecom",
        ),
    ] {
        let header = format!("Digest realm=\"Schlüssel\", nonce=\"n\", qop=\"auth\"{charset}");
        let service = Service::start(numbered(move |n, _| match n {
            0 => answer(401, &[("www-authenticate", &header)], ""),
            _ => done(),
        }))
        .await;
        let client = service
            .builder()
            .credentials(Credentials::digest("jané@example.com", "pässword"))
            .build()
            .unwrap();
        update(&client).await.unwrap();
        let sent = service.received()[1].authorization.clone().unwrap();
        assert!(sent.contains(username), "{sent}");
        assert!(sent.contains("realm=\"Schlüssel\""), "{sent}");
    }
}

#[tokio::test]
async fn lists_are_read_in_any_case_and_spacing() {
    for header in [
        r#"Negotiate YIIab+/==, digest   realm="r" ,NONCE = "n",qop=auth, algorithm = md5"#,
        "NTLM TlRMTVNTUAACAAAA,Digest\trealm=r,\tnonce=n , stale=maybe,, QOP=\"AUTH\"",
        r#"Digest realm="broken, Digest realm="r", nonce="n", qop="auth"; Digest nonce="n", realm="r", qop="auth""#,
    ] {
        // Headers of their own are told apart by a semicolon here.
        let values: Vec<_> = header.split("; ").map(str::to_owned).collect();
        let service = Service::start(numbered(move |_, request| match verified(&request) {
            Some(sent) if sent.realm == "r" && sent.nonce == "n" => done(),
            _ => {
                let headers: Vec<_> = values
                    .iter()
                    .map(|value| ("www-authenticate", value.as_str()))
                    .collect();
                answer(401, &headers, "")
            }
        }))
        .await;
        update(&service.client()).await.unwrap();
        assert_eq!(service.count(), 2, "{header}");
    }
}

/// The service's proof that it knows the password, for an answer that it took.
fn proof(request: &Received, sent: &AuthorizationHeader) -> String {
    let context = AuthContext::new_with_method(
        USER,
        PASSWORD,
        &request.target,
        None::<&[u8]>,
        HttpMethod::from(String::new()),
    );
    let mut proof = sent.clone();
    proof.digest(&context);
    proof.response
}

#[tokio::test]
async fn a_service_that_proves_itself_is_believed_and_no_other() {
    let service = Service::start(numbered(|n, request| match verified(&request) {
        Some(sent) => {
            let mut proof = proof(&request, &sent);
            if n >= 3 {
                proof = proof.replace(|c: char| c.is_ascii_digit(), "f");
            }
            let info = format!(r#"rspauth="{proof}", qop=auth, nc=00000001, cnonce="x""#);
            let status = if n > 3 { 404 } else { 200 };
            answer(status, &[("authentication-info", &info)], done().body())
        }
        None => challenge(&format!("n{n}"), ""),
    }))
    .await;
    let client = service.client();
    for attempts in [2, 1] {
        assert_eq!(update(&client).await.unwrap().requests_sent(), attempts);
    }
    // Whether the update was made, who can say: not the one who answered.
    for (status, attempts) in [(200, 1), (404, 2)] {
        let error = update(&client).await.unwrap_err();
        assert!(error.is_service() && error.outcome_unknown(), "{error}");
        assert!(error.to_string().contains("rspauth"), "{error}");
        assert_eq!(error.status().map(|s| s.as_u16()), Some(status));
        // That session is not used again.
        assert_eq!(error.requests_sent(), attempts);
    }
}

#[tokio::test]
async fn a_challenge_with_a_long_body_is_read_in_part() {
    let service = Service::start(numbered(|_, request| match verified(&request) {
        Some(_) => done(),
        None => {
            let mut long = challenge("n", "");
            *long.body_mut() = "x".repeat(20 << 20);
            long
        }
    }))
    .await;
    assert_eq!(update(&service.client()).await.unwrap().requests_sent(), 2);

    let refused = Service::start(numbered(|n, _| {
        let mut long = challenge(&n.to_string(), "");
        *long.body_mut() = "x".repeat(1 << 20);
        long
    }))
    .await;
    let error = update(&refused.client()).await.unwrap_err();
    assert!(error.is_credentials());
    assert!(error.body().unwrap().len() <= 64 << 10);
}

/// Gives a new nonce for every challenge and takes each count once and in order,
/// as the strictest of services might. Every answer takes some time.
fn strict()
-> impl Fn(Received) -> std::pin::Pin<Box<dyn Future<Output = BufferedResponse> + Send>> + Clone {
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
        assert!(update(&client).await.unwrap().requests_sent() <= 2);
    }
}

/// Sends `count` updates that are all under way before one is answered, then some
/// one after the other.
#[tokio::test]
async fn the_session_returned_last_is_used_first_and_few_are_kept() {
    for (count, kept) in [(8, 8), (300, 256)] {
        let all = Arc::new(tokio::sync::Barrier::new(count));
        let issued = Arc::new(AtomicUsize::new(0));
        let service = Service::start(move |request: Received| {
            let (all, issued) = (all.clone(), issued.clone());
            async move {
                let Some(sent) = verified(&request) else {
                    let n = issued.fetch_add(1, Ordering::SeqCst);
                    return challenge(&format!("n{n}"), "");
                };
                if sent.nc == 1 {
                    all.wait().await;
                }
                done()
            }
        })
        .await;
        let client = service.client();
        let burst: Vec<_> = (0..count)
            .map(|_| {
                let client = client.clone();
                tokio::spawn(async move { update(&client).await.unwrap() })
            })
            .collect();
        for update in burst {
            update.await.unwrap();
        }
        let shown = format!("{client:?}");
        assert!(shown.contains(&format!("idle_sessions: {kept}")), "{shown}");
        for _ in 0..5 {
            assert_eq!(update(&client).await.unwrap().requests_sent(), 1);
        }
        let received = service.received();
        let last: Vec<_> = received[2 * count..]
            .iter()
            .map(|request| verified(request).unwrap())
            .map(|sent| (sent.nonce, sent.nc))
            .collect();
        let nonce = &last[0].0;
        let expected: Vec<_> = (2..7).map(|nc| (nonce.clone(), nc)).collect();
        assert_eq!(last, expected);
    }
}

/// Two servers behind a load balancer. Each knows its own nonces only, and a request without
/// the cookie goes to either in turn. The cookie comes with a challenge or with a success.
fn balanced(
    cookie_of_success: bool,
) -> impl Fn(Received) -> std::future::Ready<BufferedResponse> + Clone + Send + Sync + 'static {
    let turn = Arc::new(AtomicUsize::new(0));
    // The first success needs its challenge from the same server.
    let requests_per_turn = if cookie_of_success { 2 } else { 1 };
    move |request: Received| {
        let cookie = request.cookie.as_deref();
        let node = match cookie.and_then(|cookie| cookie.strip_prefix("node=hush")) {
            Some(node) => node.parse().unwrap(),
            None => turn.fetch_add(1, Ordering::SeqCst) / requests_per_turn % 2,
        };
        let is_known = verified(&request).is_some_and(|sent| sent.nonce == format!("of-{node}"));
        let mut response = match is_known {
            true => done(),
            false => challenge(&format!("of-{node}"), ", stale=true"),
        };
        if is_known == cookie_of_success {
            let cookie = format!("node=hush{node}; Path=/; HttpOnly");
            response
                .headers_mut()
                .insert("set-cookie", cookie.parse().unwrap());
        }
        std::future::ready(response)
    }
}

#[tokio::test]
async fn a_session_stays_on_its_server_by_the_cookie() {
    for cookie_of_success in [false, true] {
        let service = Service::start(balanced(cookie_of_success)).await;
        let client = service.client();
        for requests in [2, 1, 1, 1] {
            let key = update(&client).await.unwrap();
            assert_eq!(key.requests_sent(), requests, "{cookie_of_success}");
        }
        let received = service.received();
        assert_eq!(received[0].cookie, None, "no session, no cookie");
        assert_eq!(
            received.last().unwrap().cookie.as_deref(),
            Some("node=hush0")
        );
        assert!(!format!("{client:?} {client:#?}").contains("hush"));
        let other = Service::start(balanced(false)).await;
        update(&other.client()).await.unwrap();
        assert_eq!(other.received()[0].cookie, None);
    }
}

#[tokio::test]
async fn without_a_cookie_the_advice_names_the_load_balancer() {
    for stale in ["true", "false"] {
        let service = Service::start(numbered(move |n, _| match n {
            1 => done(),
            n => challenge(&format!("n{n}"), &format!(", stale={stale}")),
        }))
        .await;
        let client = service.client();
        update(&client).await.unwrap();
        let error = update(&client).await.unwrap_err();
        let text = error.to_string();
        assert!(
            text.contains("load balancer") && text.contains("sticky"),
            "{text}"
        );
    }
    let refusing = Service::start(numbered(|n, _| challenge(&format!("n{n}"), ""))).await;
    let error = update(&refusing.client()).await.unwrap_err();
    assert!(error.is_credentials(), "{error}");
    assert!(!error.to_string().contains("load balancer"), "{error}");
}

/// A server that gives one nonce to all and refuses counts that do not rise. Whichever count
/// comes second has not been used, but is refused: the credentials are not to blame.
#[tokio::test]
async fn a_request_that_was_overtaken_is_repeated() {
    let overtaken = Arc::new(tokio::sync::Notify::new());
    let service = Service::start(move |request: Received| {
        let overtaken = overtaken.clone();
        async move {
            match verified(&request).map(|sent| sent.nc) {
                Some(1) => {
                    overtaken.notified().await;
                    challenge("shared", "")
                }
                Some(2) => {
                    overtaken.notify_one();
                    done()
                }
                Some(_) => done(),
                None => challenge("shared", ""),
            }
        }
    })
    .await;
    let client = service.client();
    let (one, other) = tokio::join!(update(&client), update(&client));
    let sent = one.unwrap().requests_sent() + other.unwrap().requests_sent();
    assert_eq!(sent, 5);
}
