//! Slow, oversized and malformed requests do not block other clients.

use std::time::Duration;

use atlas_emulator::Emulator;
use reqwest::StatusCode;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use crate::client::{Caller, Request, V1, org_key};

async fn connect(emulator: &Emulator) -> TcpStream {
    let address = emulator.base_url().strip_prefix("http://").unwrap();
    TcpStream::connect(address).await.unwrap()
}

/// Sends bytes and reads until the server closes the connection.
async fn send_until_closed(emulator: &Emulator, bytes: &[u8]) -> String {
    let mut stream = connect(emulator).await;
    // The server may close the connection before it has read everything.
    let _ = stream.write_all(bytes).await;
    let mut seen = Vec::new();
    let read = stream.read_to_end(&mut seen);
    let _ = timeout(Duration::from_secs(20), read)
        .await
        .expect("the server did not close the connection");
    String::from_utf8_lossy(&seen).into_owned()
}

async fn assert_serves(emulator: &Emulator) {
    let read = Request::get(org_key(emulator, V1));
    let reply = timeout(Duration::from_secs(20), Caller::owner(emulator).send(&read)).await;
    assert_eq!(reply.unwrap().status, StatusCode::OK);
}

#[tokio::test]
async fn malformed_requests_are_refused() {
    let emulator = Emulator::start().await.unwrap();
    let long = "x".repeat(200_000);
    for (bytes, status) in [
        ("\0\u{1}\u{2}\r\n\r\n".to_owned(), "400"),
        ("GET / HTTP/9.9\r\n\r\n".to_owned(), "400"),
        (
            "GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n".to_owned(),
            "400",
        ),
        (format!("GET / HTTP/1.1\r\nX: {long}\r\n\r\n"), "431"),
        (
            format!("GET / HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(500)),
            "431",
        ),
        (format!("GET /{long} HTTP/1.1\r\n\r\n"), "4"),
    ] {
        let seen = send_until_closed(&emulator, bytes.as_bytes()).await;
        let shown = &bytes[..bytes.len().min(40)];
        // Closing a connection with unread input may discard its response.
        assert!(
            seen.is_empty() || seen.starts_with(&format!("HTTP/1.1 {status}")),
            "{shown:?}: {seen:?}"
        );
    }
    let preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nthis is not a frame of HTTP/2";
    send_until_closed(&emulator, preface.as_bytes()).await;
    assert_serves(&emulator).await;
}

#[tokio::test]
async fn slow_senders_lose_their_connection() {
    let emulator = Emulator::builder()
        .head_timeout(Duration::from_millis(300))
        .max_connections(3)
        .start()
        .await
        .unwrap();
    let beginnings: [&[u8]; 3] = [b"", b"PATCH /api/at", b"PRI * HTTP/2.0\r\n"];
    let mut slow = Vec::new();
    for beginning in beginnings {
        let mut stream = connect(&emulator).await;
        stream.write_all(beginning).await.unwrap();
        slow.push(stream);
    }
    // They occupy all connections, but only for a short time.
    assert_serves(&emulator).await;
    for mut stream in slow {
        let mut rest = Vec::new();
        let ended = timeout(Duration::from_secs(20), stream.read_to_end(&mut rest)).await;
        assert!(ended.is_ok());
    }
}

#[tokio::test]
async fn excess_connections_wait() {
    let emulator = Emulator::builder()
        .max_connections(1)
        .start()
        .await
        .unwrap();
    let held = connect(&emulator).await;
    while emulator.connections() == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let read = Request::get(org_key(&emulator, V1));
    let waiting = read.send(&emulator, None);
    tokio::pin!(waiting);
    let early = timeout(Duration::from_millis(200), &mut waiting).await;
    assert!(early.is_err(), "the connection does not wait");
    drop(held);
    let reply = timeout(Duration::from_secs(20), waiting).await.unwrap();
    assert_eq!(reply.status, StatusCode::UNAUTHORIZED);
}

/// Causes more responses than fit into the socket buffer.
#[tokio::test]
async fn a_client_that_does_not_read_blocks_no_other() {
    let emulator = Emulator::start().await.unwrap();
    let mut stream = connect(&emulator).await;
    let request = format!("GET {} HTTP/1.1\r\nHost: x\r\n\r\n", org_key(&emulator, V1));
    let flood = request.repeat(50_000);
    let written = timeout(Duration::from_secs(3), stream.write_all(flood.as_bytes())).await;
    assert_serves(&emulator).await;
    drop((written, stream));
    assert_serves(&emulator).await;
}
