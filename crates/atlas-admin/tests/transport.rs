//! Connections that fail, and bounds that hold.

mod support;

use std::time::{Duration, Instant};

use atlas_admin::{Client, Credentials, ErrorKind, RequestOptions, RetryPolicy};
use support::{KEY, ORG, Service, answer, done, update};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

fn client(url: &str) -> Client {
    Client::builder()
        .credentials(Credentials::bearer("token"))
        .base_url(url)
        .unwrap()
        .timeout(Duration::from_secs(5))
        .retry(RetryPolicy::none())
        .build()
        .unwrap()
}

/// A listener that reads something of each connection, writes `bytes`, and hangs up.
async fn rude(bytes: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.read(&mut [0; 4096]).await;
            let _ = stream.write_all(bytes).await;
        }
    });
    url
}

#[tokio::test]
async fn a_connection_that_is_never_made_changes_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = update(&client(&url)).await.unwrap_err();
    assert!(error.is_transport() && !error.outcome_unknown(), "{error}");
    assert!(std::error::Error::source(&error).is_some());
    assert_eq!(error.attempts(), 1);
}

#[tokio::test]
async fn a_connection_that_breaks_leaves_the_outcome_open() {
    for (bytes, kind) in [
        (&b""[..], ErrorKind::Transport),
        (b"HTTP/1.1 200 OK\r\nContent-Le", ErrorKind::Transport),
        (b"\x00\xffnonsense\r\n\r\n", ErrorKind::Transport),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{\"id\"",
            ErrorKind::Transport,
        ),
        (
            b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope",
            ErrorKind::Decode,
        ),
    ] {
        let error = update(&client(&rude(bytes).await)).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.outcome_unknown(), "{error}");
    }
}

#[tokio::test]
async fn a_refusal_that_breaks_off_is_still_a_refusal() {
    let url = rude(b"HTTP/1.1 404 Not Found\r\nX-Error-Code: ORG_NOT_FOUND\r\nContent-Length: 99\r\n\r\n{\"det").await;
    let error = update(&client(&url)).await.unwrap_err();
    assert!(error.is_not_found() && !error.outcome_unknown(), "{error}");
    assert_eq!(error.body(), Some(&b"{\"det"[..]));
}

#[tokio::test]
async fn a_silent_service_is_left_in_time() {
    let service = Service::start(|_| async {
        tokio::time::sleep(Duration::from_secs(60)).await;
        done()
    })
    .await;
    let started = Instant::now();
    let options = RequestOptions::new().timeout(Duration::from_millis(100));
    let call = client(&service.url)
        .org(ORG)
        .api_key(KEY)
        .update()
        .desc("x")
        .options(options)
        .send()
        .await;
    let error = call.unwrap_err();
    assert!(error.is_timeout() && error.outcome_unknown(), "{error}");
    assert!(started.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn an_endless_body_is_cut() {
    let service = Service::start(|_| async { answer(200, &[], &"x".repeat(9 << 20)) }).await;
    let error = update(&client(&service.url)).await.unwrap_err();
    assert!(error.is_decode() && error.outcome_unknown(), "{error}");
    assert_eq!(error.body().map(<[u8]>::len), Some(8 << 20));

    let service = Service::start(|_| async { answer(502, &[], &"x".repeat(9 << 20)) }).await;
    assert!(
        update(&client(&service.url))
            .await
            .unwrap_err()
            .is_service()
    );
}

#[tokio::test]
async fn nothing_follows_a_redirect() {
    let other = Service::start(|_| async { done() }).await;
    for status in [301, 302, 303, 307, 308] {
        let target = format!("{}/stolen", other.url);
        let service = Service::start(move |_| {
            std::future::ready(answer(status, &[("location", &target)], ""))
        })
        .await;
        let error = update(&client(&service.url)).await.unwrap_err();
        assert!(error.is_redirect() && !error.outcome_unknown(), "{error}");
        assert!(error.to_string().contains("/stolen"));
    }
    assert_eq!(other.count(), 0);
}
