//! Digest authentication.

use std::time::Duration;

use atlas_emulator::{Algorithm, Assumptions, Emulator, NonceCounting};
use reqwest::{StatusCode, header::HeaderValue};

use crate::client::{Caller, OPS_MANAGER, Request, SERVICES, V1, V2, org_key, project_key};

const BODY: &str = r#"{"desc":"authenticated"}"#;

#[tokio::test]
async fn challenges_match_the_recording() {
    let emulator = Emulator::start().await.unwrap();
    for service in SERVICES {
        for path in [org_key(&emulator, service), project_key(&emulator, service)] {
            let reply = Request::patch(path, BODY).send(&emulator, None).await;
            assert_eq!(reply.status, StatusCode::UNAUTHORIZED);
            let header = reply.header("www-authenticate").unwrap();
            let (before, rest) = header.split_once("nonce=\"").unwrap();
            let (nonce, after) = rest.split_once('"').unwrap();
            assert_eq!(before, r#"Digest realm="MMS Public API", domain="", "#);
            assert_eq!(nonce.len(), 32);
            assert_eq!(after, r#", algorithm=MD5, qop="auth", stale=false"#);
            assert_eq!(
                reply.body,
                "{\n  \"error\" : 401,\n  \"reason\" : \"Unauthorized\",\n  \"detail\" : \"You are not authorized for this resource.\",\n  \"errorCode\" : \"UNEXPECTED_ERROR\"\n}"
            );
            let mut names: Vec<_> = reply.headers.keys().map(|name| name.as_str()).collect();
            names.sort_unstable();
            assert_eq!(
                names,
                [
                    "content-length",
                    "content-type",
                    "date",
                    "server",
                    "vary",
                    "www-authenticate",
                    "x-envoy-upstream-service-time"
                ]
            );
            assert_eq!(reply.header("content-type"), Some("application/json"));
        }
    }
}

#[tokio::test]
async fn valid_authorizations_are_accepted_with_each_algorithm() {
    for algorithm in [Algorithm::Md5, Algorithm::Sha256] {
        let emulator = Emulator::builder()
            .algorithms([algorithm])
            .start()
            .await
            .unwrap();
        for service in SERVICES {
            let caller = Caller::owner(&emulator);
            let reply = caller
                .send(&Request::patch(org_key(&emulator, service), BODY))
                .await;
            assert_eq!(reply.status, StatusCode::OK, "{algorithm:?} {reply:?}");
            let target = format!("{}?pretty=true&envelope=false", org_key(&emulator, service));
            let reply = caller.send(&Request::patch(target, BODY)).await;
            assert_eq!(reply.status, StatusCode::OK, "{algorithm:?} {reply:?}");
        }
    }
}

#[tokio::test]
async fn a_nonce_can_be_reused() {
    let emulator = Emulator::builder().strict_nc(true).start().await.unwrap();
    let caller = Caller::owner(&emulator);
    let request = Request::patch(org_key(&emulator, V2), BODY);
    for _ in 0..20 {
        assert_eq!(caller.send(&request).await.status, StatusCode::OK);
    }
    assert_eq!(emulator.requests(), 21);
    assert_eq!(emulator.challenges(), 1);
    assert_eq!(emulator.connections(), 1);
}

#[tokio::test]
async fn wrong_credentials_get_a_challenge() {
    let emulator = Emulator::start().await.unwrap();
    let wrong = [
        (emulator.public_key(), "wrong"),
        (emulator.public_key(), ""),
        ("nobody", emulator.private_key()),
    ];
    for service in SERVICES {
        for (user, password) in wrong {
            let caller = Caller::new(&emulator, user, password);
            let reply = caller
                .send(&Request::patch(org_key(&emulator, service), BODY))
                .await;
            assert_eq!(reply.status, StatusCode::UNAUTHORIZED);
            assert!(!reply.challenge().stale);
        }
    }
}

#[tokio::test]
async fn an_expired_nonce_is_stale_and_the_next_one_works() {
    let emulator = Emulator::builder()
        .nonce_ttl(Duration::from_millis(100))
        .start()
        .await
        .unwrap();
    let caller = Caller::owner(&emulator);
    let request = Request::patch(org_key(&emulator, OPS_MANAGER), BODY);
    let challenge = caller.unauthorized(&request).await.challenge();
    tokio::time::sleep(Duration::from_millis(150)).await;
    caller.set_challenge(challenge);
    let reply = caller.send(&request).await;
    assert_eq!(reply.status, StatusCode::UNAUTHORIZED);
    assert!(reply.challenge().stale);
    caller.set_challenge(reply.challenge());
    assert_eq!(caller.send(&request).await.status, StatusCode::OK);
}

/// Jetty looks at the nonce before the password, others at the password first.
#[tokio::test]
async fn a_wrong_password_with_an_unknown_nonce_is_stale_as_in_jetty() {
    for (counting, stale) in [(NonceCounting::Jetty, true), (NonceCounting::Unique, false)] {
        let builder = Emulator::builder().nonce_counting(counting);
        let emulator = builder.start().await.unwrap();
        let request = Request::patch(org_key(&emulator, OPS_MANAGER), BODY);
        let stranger = Caller::new(&emulator, emulator.public_key(), "wrong");
        let mut challenge = stranger.unauthorized(&request).await.challenge();
        stranger.set_challenge(challenge.clone());
        let reply = stranger.send(&request).await;
        assert!(!reply.challenge().stale, "a known nonce");
        challenge.nonce = "unknown".to_owned();
        stranger.set_challenge(challenge);
        let reply = stranger.send(&request).await;
        assert_eq!(reply.challenge().stale, stale, "{counting:?}");
    }
}

#[tokio::test]
async fn jetty_refuses_high_counts_as_stale() {
    let emulator = Emulator::start().await.unwrap();
    let caller = Caller::owner(&emulator);
    let request = Request::patch(org_key(&emulator, V2), BODY);
    let challenge = caller.unauthorized(&request).await.challenge();
    for (count, status) in [(1022, StatusCode::OK), (1023, StatusCode::UNAUTHORIZED)] {
        let mut challenge = challenge.clone();
        challenge.nc = count;
        caller.set_challenge(challenge);
        // The authorization has the next count.
        let reply = caller.send(&request).await;
        assert_eq!(reply.status, status, "{count}");
        if status != StatusCode::OK {
            assert!(reply.challenge().stale);
        }
    }
}

#[tokio::test]
async fn a_nonce_is_stale_after_its_last_use() {
    let emulator = Emulator::builder().nonce_uses(2).start().await.unwrap();
    let caller = Caller::owner(&emulator);
    let request = Request::patch(org_key(&emulator, V1), BODY);
    assert_eq!(caller.send(&request).await.status, StatusCode::OK);
    assert_eq!(caller.send(&request).await.status, StatusCode::OK);
    let reply = caller.send(&request).await;
    assert_eq!(reply.status, StatusCode::UNAUTHORIZED);
    assert!(reply.challenge().stale);
}

#[tokio::test]
async fn an_unknown_nonce_is_stale() {
    let emulator = Emulator::start().await.unwrap();
    let caller = Caller::owner(&emulator);
    let request = Request::patch(org_key(&emulator, V1), BODY);
    for nonce in ["+4YICU5YLx6mQEzmVhx1G5ySQVrufjv6", "short", "", "ä"] {
        let mut challenge = caller.unauthorized(&request).await.challenge();
        challenge.nonce = nonce.to_owned();
        caller.set_challenge(challenge);
        let reply = caller.send(&request).await;
        assert_eq!(reply.status, StatusCode::UNAUTHORIZED);
        assert!(reply.challenge().stale, "{nonce}");
    }
}

#[tokio::test]
async fn a_count_is_accepted_once_and_in_any_order() {
    const OK: StatusCode = StatusCode::OK;
    const NO: StatusCode = StatusCode::UNAUTHORIZED;
    let mut repeats = Assumptions::default();
    repeats.repeated_nonce_counts = true;
    for (builder, again, lower) in [
        (Emulator::builder(), NO, OK),
        (
            Emulator::builder().nonce_counting(NonceCounting::Unique),
            NO,
            OK,
        ),
        (Emulator::builder().assumptions(repeats), OK, OK),
        (Emulator::builder().strict_nc(true), NO, NO),
    ] {
        let emulator = builder.start().await.unwrap();
        let caller = Caller::owner(&emulator);
        let request = Request::patch(org_key(&emulator, V2), BODY);
        caller.set_challenge(caller.unauthorized(&request).await.challenge());
        let (first, second) = (caller.authorize(&request), caller.authorize(&request));
        let send = |header: &HeaderValue| caller.http_send(&request, Some(header.clone()));
        assert_eq!(send(&second).await.status, OK);
        let reply = send(&second).await;
        assert_eq!(reply.status, again, "the same count");
        if again == NO {
            assert!(!reply.challenge().stale);
        }
        assert_eq!(send(&first).await.status, lower, "a lower count");
        assert_eq!(send(&first).await.status, again, "the lower count again");
    }
}

#[tokio::test]
async fn a_failed_attempt_uses_its_count() {
    let emulator = Emulator::start().await.unwrap();
    let owner = Caller::owner(&emulator);
    let request = Request::patch(org_key(&emulator, V2), BODY);
    let challenge = owner.unauthorized(&request).await.challenge();
    let wrong = Caller::new(&emulator, emulator.public_key(), "wrong");
    for (caller, status) in [
        (&wrong, StatusCode::UNAUTHORIZED),
        (&owner, StatusCode::UNAUTHORIZED),
    ] {
        caller.set_challenge(challenge.clone());
        assert_eq!(caller.send(&request).await.status, status);
    }
    let next = owner.send(&request).await;
    assert_eq!(next.status, StatusCode::OK, "the next count");
}

#[tokio::test]
async fn an_authorization_for_another_uri_is_a_bad_request_except_in_jetty() {
    for (counting, status) in [
        (NonceCounting::Jetty, StatusCode::OK),
        (NonceCounting::Unique, StatusCode::BAD_REQUEST),
    ] {
        let builder = Emulator::builder().nonce_counting(counting);
        let emulator = builder.start().await.unwrap();
        let caller = Caller::owner(&emulator);
        let request = Request::patch(org_key(&emulator, V2), BODY);
        let other = Request::patch(project_key(&emulator, V2), BODY);
        caller.set_challenge(caller.unauthorized(&request).await.challenge());
        let reply = caller
            .http_send(&request, Some(caller.authorize(&other)))
            .await;
        assert_eq!(reply.status, status, "{counting:?}");
    }
}

#[tokio::test]
async fn malformed_credentials_get_a_challenge() {
    let emulator = Emulator::start().await.unwrap();
    let caller = Caller::owner(&emulator);
    let request = Request::patch(org_key(&emulator, V2), BODY);
    caller.set_challenge(caller.unauthorized(&request).await.challenge());
    let valid = caller.authorize(&request).to_str().unwrap().to_owned();
    let mut broken: Vec<Vec<u8>> = vec![
        b"Digest".to_vec(),
        b"Digest ".to_vec(),
        b"Digest username".to_vec(),
        b"Digest username=\"".to_vec(),
        b"Digest \xff\xfe=\"\xff\"".to_vec(),
        b"Digest username=\"\xc3\xa4\", nonce=\"\\".to_vec(),
        b"Basic dXNlcjpwYXNz".to_vec(),
        b"Bearer nothing".to_vec(),
        b"Negotiate".to_vec(),
        valid.replace("nc=00000001", "nc=00000000").into_bytes(),
        valid.replace("nc=00000001", "nc=1").into_bytes(),
        valid.replace("qop=auth", "qop=auth-int").into_bytes(),
        valid
            .replace("algorithm=MD5", "algorithm=SHA-256")
            .into_bytes(),
        valid
            .replace("MMS Public API", "Another Realm")
            .into_bytes(),
        format!("{valid}, nc=00000002").into_bytes(),
    ];
    // An authorization that is truncated within its required parameters is refused, without a
    // server error.
    let needed = valid.find("response=").unwrap() + 30;
    broken.extend((0..needed).map(|end| valid.as_bytes()[..end].to_vec()));
    for header in broken {
        assert_ne!(header, valid.as_bytes(), "the header is unchanged");
        let value = HeaderValue::from_bytes(&header).unwrap();
        let reply = caller.http_send(&request, Some(value)).await;
        let shown = String::from_utf8_lossy(&header);
        assert_eq!(reply.status, StatusCode::UNAUTHORIZED, "{shown}");
        assert!(!reply.challenge().stale, "{shown}");
    }
    assert_eq!(caller.send(&request).await.status, StatusCode::OK);
}

#[tokio::test]
async fn people_authenticate_with_a_name_and_a_personal_key() {
    let emulator = Emulator::builder()
        .user("jane.doe@example.com", "a5b1f4c2-personal")
        .start()
        .await
        .unwrap();
    let caller = Caller::new(&emulator, "jane.doe@example.com", "a5b1f4c2-personal");
    for service in [V1, OPS_MANAGER] {
        let reply = caller
            .send(&Request::patch(org_key(&emulator, service), BODY))
            .await;
        assert_eq!(reply.status, StatusCode::OK);
    }
}
