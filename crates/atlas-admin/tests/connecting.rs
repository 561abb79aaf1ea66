//! What is known of a call whose connection does not come.

use std::{net::Ipv4Addr, time::Duration};

use atlas_admin::{Client, Credentials, ErrorKind, RetryPolicy};
use tokio::net::{TcpSocket, TcpStream};

#[tokio::test]
async fn a_call_that_ends_while_it_connects_has_sent_nothing() {
    // Nobody accepts here: when the queue is full, others wait.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
    let service = socket.listen(1).unwrap();
    let address = service.local_addr().unwrap();
    let mut queue = Vec::new();
    let patience = Duration::from_millis(200);
    while let Ok(Ok(stream)) = tokio::time::timeout(patience, TcpStream::connect(address)).await {
        queue.push(stream);
        assert!(queue.len() < 10, "the queue has no end");
    }

    let client = Client::builder()
        .base_url(format!("http://{address}"))
        .credentials(Credentials::bearer("a.b.c"))
        .timeout(Duration::from_millis(600))
        .retry(RetryPolicy::none())
        .build()
        .unwrap();
    let key = client
        .org("32b6e34b3d91647abb20e7b8")
        .api_key("6a793f752c88faeba59bba49");
    let error = key.update().desc("x").send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
    assert!(!error.outcome_unknown(), "{error}");
}
