//! Tokens, given and fetched.

mod support;

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use atlas_admin::{Client, Credentials, ErrorCode, ErrorKind};
use support::{Answer, Received, Service, answer, done, update};

const ID: &str = "mdb_sa_id_0123456789abcdef01234567";
const SECRET: &str = "mdb_sa_sk_hush";

/// A service whose token endpoint gives `token-0`, `token-1` and so on, and whose
/// other paths answer as told.
async fn service(
    lifetime: u64,
    operation: impl Fn(Received) -> Answer + Send + Sync + 'static,
) -> Service {
    let operation = Arc::new(operation);
    let tokens = Arc::new(AtomicUsize::new(0));
    Service::start(move |request: Received| {
        let answer = if request.target == "/api/oauth/token" {
            let n = tokens.fetch_add(1, Ordering::SeqCst);
            let body = format!(
                r#"{{"access_token":"token-{n}","expires_in":{lifetime},"token_type":"Bearer"}}"#
            );
            answer(200, &[], &body)
        } else {
            operation(request)
        };
        std::future::ready(answer)
    })
    .await
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
    assert_eq!(update(&client).await.unwrap().attempts(), 4);
    assert_eq!(update(&client).await.unwrap().attempts(), 1);

    let service_ = service(3600, |_| answer(401, &[], "")).await;
    let error = update(&account(&service_)).await.unwrap_err();
    assert!(error.is_credentials(), "{error}");
    assert_eq!((error.attempts(), token_requests(&service_)), (4, 2));
}

#[tokio::test]
async fn a_token_is_replaced_before_it_expires() {
    let service = service(0, |_| done()).await;
    let client = account(&service);
    for _ in 0..3 {
        assert_eq!(update(&client).await.unwrap().attempts(), 2);
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
        (
            200,
            r#"{"access_token":"hush","token_type":"mac"}"#,
            ErrorKind::Decode,
            None,
        ),
    ] {
        let service = Service::start(move |_| std::future::ready(answer(status, &[], body))).await;
        let error = update(&account(&service)).await.unwrap_err();
        assert_eq!((error.kind(), error.code()), (kind, code), "{error}");
        assert!(!error.outcome_unknown(), "no update was sent: {error}");
        assert_eq!((error.attempts(), service.count()), (1, 1));
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
