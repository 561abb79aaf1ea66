//! Connections that fail, and bounds that hold.

mod support;

use std::time::{Duration, Instant};

use async_compression::{
    Level,
    tokio::bufread::{BrotliEncoder, GzipEncoder, ZstdEncoder},
};
use atlas_admin::{Client, ClientBuilder, Credentials, ErrorKind, RequestOptions, RetryPolicy};
use support::{KEY, ORG, Service, answer, done, update};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

fn client(url: &str) -> Client {
    builder(url).build().unwrap()
}

fn builder(url: &str) -> ClientBuilder {
    Client::builder()
        .credentials(Credentials::bearer("token"))
        .base_url(url)
        .timeout(Duration::from_secs(5))
        .retry(RetryPolicy::none())
}

/// A listener that reads something of each connection, writes `bytes`, and hangs up.
async fn rude(bytes: impl Into<Vec<u8>>) -> String {
    let bytes = bytes.into();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.read(&mut [0; 4096]).await;
            let _ = stream.write_all(&bytes).await;
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
    assert_eq!(error.requests_sent(), 1);
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
        (
            b"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 4\r\n\r\nnope",
            ErrorKind::Decode,
        ),
        (
            b"HTTP/1.1 200 OK\r\nContent-Encoding: zstd\r\nContent-Length: 4\r\n\r\nnope",
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

/// What every request offers to understand.
const ENCODINGS: [&str; 3] = ["gzip", "br", "zstd"];

/// A success with this body, compressed.
async fn compressed(encoding: &str, body: &str) -> Vec<u8> {
    let bytes = body.as_bytes();
    let mut encoder: Box<dyn AsyncRead + Unpin + '_> = match encoding {
        "gzip" => Box::new(GzipEncoder::with_quality(bytes, Level::Fastest)),
        "br" => Box::new(BrotliEncoder::with_quality(bytes, Level::Fastest)),
        "zstd" => Box::new(ZstdEncoder::with_quality(bytes, Level::Fastest)),
        other => panic!("{other} is not offered"),
    };
    let mut body = Vec::new();
    encoder.read_to_end(&mut body).await.unwrap();
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Encoding: {encoding}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), &body].concat()
}

#[tokio::test]
async fn a_body_is_read_up_to_the_cap_counted_after_decompression() {
    const CAP: usize = 64 << 10;
    let key = |length: usize| {
        let start = format!(r#"{{"id":"{KEY}","new":""#);
        format!(r#"{start}{}"}}"#, "x".repeat(length - start.len() - 2))
    };
    for encoding in ENCODINGS {
        let update = async |body: &str| {
            let answer = compressed(encoding, body).await;
            assert!(
                answer.len() < body.len() / 100,
                "{} of {encoding}",
                answer.len()
            );
            let url = rude(answer).await;
            update(&builder(&url).max_body_size(CAP).build().unwrap()).await
        };
        let key_of_the_cap = update(&key(CAP)).await.unwrap();
        assert_eq!(key_of_the_cap.id, KEY, "{encoding}");
        for too_long in [key(CAP + 1), " ".repeat(16 << 20)] {
            let error = update(&too_long).await.unwrap_err();
            assert!(error.is_decode() && error.outcome_unknown(), "{error}");
            let body = error.body().unwrap();
            assert!(body == &too_long.as_bytes()[..CAP], "{encoding}: {error}");
            assert!(error.to_string().contains("max_body_size"), "{error}");
        }
    }
}

#[tokio::test]
async fn the_cap_is_for_refusals_and_tokens_too() {
    let page = format!(
        "HTTP/1.1 403 No\r\nContent-Length: 99999\r\n\r\n{}",
        "x".repeat(99999)
    );
    let capped = |url: &str| builder(url).max_body_size(100);
    let error = update(&capped(&rude(page).await).build().unwrap())
        .await
        .unwrap_err();
    assert!(error.is_permission() && !error.outcome_unknown(), "{error}");
    assert_eq!(error.body(), Some(&[b'x'; 100][..]));

    let token = r#"{"access_token":"hush","token_type":"Bearer"}"#;
    let url = rude(compressed("gzip", &format!("{token}{}", " ".repeat(99))).await).await;
    let account = Credentials::service_account("mdb_sa_id_1", "mdb_sa_sk_1");
    let client = capped(&url).credentials(account).build().unwrap();
    let error = update(&client).await.unwrap_err();
    assert!(error.is_decode() && !error.outcome_unknown(), "{error}");
    assert!(error.to_string().contains("max_body_size"), "{error}");
    assert!(!format!("{error} {error:?}").contains("hush"));
}

#[tokio::test]
async fn heads_are_bounded() {
    let many = "A: b\r\n".repeat(101);
    let long = format!("A: {}\r\n", "b".repeat(512 << 10));
    for headers in [many, long] {
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n{headers}\r\n{{}}");
        let error = update(&client(&rude(head).await)).await.unwrap_err();
        assert!(error.is_transport() && error.outcome_unknown(), "{error}");
        assert_eq!(error.status(), None);
    }
}

#[tokio::test]
async fn heads_are_bounded_with_http_2() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut connection = h2::server::handshake(stream).await.unwrap();
        while let Some(Ok((_, mut respond))) = connection.accept().await {
            let answer = http::Response::builder().header("a", "b".repeat(64 << 10));
            let _ = respond.send_response(answer.body(()).unwrap(), true);
        }
    });
    let http = reqwest::Client::builder().http2_prior_knowledge();
    let client = builder(&url).http_client(http.build().unwrap());
    let error = update(&client.build().unwrap()).await.unwrap_err();
    assert!(error.is_transport() && error.outcome_unknown(), "{error}");
    assert_eq!(error.status(), None);
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

#[tokio::test]
async fn a_given_client_that_follows_redirects_is_named() {
    let again = || answer(307, &[("location", "/again")], "");
    let service = Service::start(move |_| std::future::ready(again())).await;
    let client = builder(&service.url).http_client(reqwest::Client::new());
    let error = update(&client.build().unwrap()).await.unwrap_err();
    assert!(error.is_redirect(), "{error}");
    assert!(error.to_string().contains("followed a redirect"), "{error}");
}

/// RFC 9112, section 5.2: a folded header is one line.
#[tokio::test]
async fn a_folded_header_is_unfolded() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let key = format!(r#"{{"id":"{KEY}"}}"#);
    let success = format!(
        "HTTP/1.1 200 OK\r\nSunset: Thu, 1 Jul\r\n 2027 00:00:00 GMT\r\nContent-Length: {}\r\n\r\n{key}",
        key.len()
    );
    let challenge = "HTTP/1.1 401 No\r\nWWW-Authenticate: Digest realm=\"r\",\r\n\tnonce=\"n\",\r\n \
                     \u{20}qop=\"auth\"\r\nContent-Length: 0\r\n\r\n";
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        for response in [challenge, &success] {
            let mut request = [0; 4096];
            let length = stream.read(&mut request).await.unwrap();
            let request = String::from_utf8_lossy(&request[..length]);
            let is_authorized = request.contains("authorization: Digest ");
            assert_eq!(is_authorized, response != challenge, "{request}");
            stream.write_all(response.as_bytes()).await.unwrap();
        }
    });
    let credentials = Credentials::digest("abcdefgh", "hush");
    let client = builder(&url).credentials(credentials).build().unwrap();
    let key = update(&client).await.unwrap();
    assert_eq!(key.requests_sent(), 2);
    let sunset = key.deprecation().unwrap().sunset_at.unwrap();
    assert_eq!(sunset.to_string(), "2027-07-01 00:00:00 UTC");
}

#[tokio::test]
async fn an_html_page_is_named_by_its_title() {
    let page = "<!DOCTYPE html>\n<html><head><title>Sign in\n to proxy\u{1b}</title></head></html>";
    let service = Service::start(move |_| async move { answer(200, &[], page) }).await;
    let account = Credentials::service_account("mdb_sa_id_1", "mdb_sa_sk_1");
    let account = builder(&service.url).credentials(account).build().unwrap();
    for (client, expected) in [(client(&service.url), "an API key"), (account, "a token")] {
        let error = update(&client).await.unwrap_err();
        assert!(error.is_decode(), "{error}");
        let expected = format!(
            r#"the response is an HTML page titled "Sign in to proxy\u{{1b}}", not {expected}"#
        );
        assert!(error.to_string().contains(&expected), "{error}");
        assert!(error.to_string().contains("check the base URL"), "{error}");
    }
}
#[test]
fn a_client_is_used_on_several_runtimes() {
    let runtime = || {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder.enable_all().build().unwrap()
    };
    let serving = tokio::runtime::Runtime::new().unwrap();
    let service = serving.block_on(Service::start(|_| async { done() }));
    let client = client(&service.url);
    let first = runtime();
    first.block_on(update(&client)).unwrap();
    // The first one's idle connection makes no progress meanwhile.
    for _ in 0..20 {
        let other = runtime();
        for _ in 0..2 {
            other.block_on(update(&client)).unwrap();
        }
    }
    first.block_on(update(&client)).unwrap();
}

#[tokio::test]
async fn responses_that_close_their_connection_are_not_waited_for() {
    const UPDATES: u32 = 40;
    for head in [
        "HTTP/1.0 200 OK\r\n",
        "HTTP/1.1 200 OK\r\nConnection: close\r\n",
    ] {
        let url = rude(format!("{head}\r\n{{\"id\":\"{KEY}\"}}")).await;
        let client = client(&url);
        let started = Instant::now();
        for _ in 0..UPDATES {
            update(&client).await.unwrap();
        }
        // Each would wait 50 ms for a connection to become idle.
        let elapsed = started.elapsed();
        assert!(elapsed < UPDATES * Duration::from_millis(25), "{elapsed:?}");
    }
}

#[tokio::test]
async fn a_proxy_that_wants_credentials_is_asked_once() {
    let service = Service::start(|_| async { answer(407, &[], "") }).await;
    let client = builder(&service.url).retry(RetryPolicy::standard());
    let error = update(&client.build().unwrap()).await.unwrap_err();
    assert!(error.is_service() && !error.outcome_unknown(), "{error}");
    assert!(error.to_string().contains("HTTPS_PROXY"), "{error}");
    assert_eq!(service.count(), 1);
}
