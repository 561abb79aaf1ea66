//! The client for reqwest, on servers of this process.

use std::{
    collections::{HashMap, HashSet},
    error::Error,
    future::ready,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    extract::{ConnectInfo, Request},
    response::{IntoResponse, Response},
};
use http::{
    StatusCode,
    header::{AUTHORIZATION, COOKIE, LOCATION, SET_COOKIE, WWW_AUTHENTICATE},
};
use http_digest_session::{DigestClient, DigestError, SendError};
use tokio::{net::TcpListener, task::JoinSet};

/// Starts a server on this machine, and returns its address.
async fn serve<F>(respond: F) -> String
where
    F: Fn(Received) -> Response + Clone + Send + Sync + 'static,
{
    let router = Router::new().fallback(move |request: Request| {
        let text = |name| Some(request.headers().get(name)?.to_str().unwrap().to_owned());
        let authorization = text(AUTHORIZATION);
        let parameter = |name: &str| {
            let (_, rest) = authorization
                .as_deref()?
                .split_once(&format!(", {name}="))?;
            Some(rest.split(',').next()?.trim_matches('"').to_owned())
        };
        let ConnectInfo(peer) = *request.extensions().get().unwrap();
        ready(respond(Received {
            peer,
            path: request.uri().path().to_owned(),
            cookie: text(COOKIE),
            nonce: parameter("nonce"),
            count: parameter("nc").map(|nc| u32::from_str_radix(&nc, 16).unwrap()),
        }))
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, service).await.unwrap() });
    format!("http://{address}")
}

/// What a server sees of a request.
struct Received {
    /// One for each connection.
    peer: SocketAddr,
    path: String,
    cookie: Option<String>,
    nonce: Option<String>,
    count: Option<u32>,
}

fn challenge(nonce: &str) -> Response {
    let value = format!(r#"Digest realm="r", nonce="{nonce}", qop="auth", algorithm=SHA-256"#);
    (
        StatusCode::UNAUTHORIZED,
        [(WWW_AUTHENTICATE, value)],
        "who?",
    )
        .into_response()
}

fn http() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().build().unwrap()
}

fn client() -> DigestClient {
    DigestClient::new(http(), "Mufasa", "Circle of Life")
}

fn get(url: &str) -> reqwest::Request {
    http().get(url).build().unwrap()
}

/// A server that gives a new nonce with each challenge, and takes each count once and in order.
#[tokio::test(flavor = "multi_thread")]
async fn many_tasks_keep_every_count_in_order() {
    const TASKS: usize = 16;
    const CALLS: usize = 20;
    let counts = Arc::new(Mutex::new((HashMap::new(), 0)));
    let seen = Arc::clone(&counts);
    let url = serve(move |request: Received| {
        let mut seen = seen.lock().unwrap();
        seen.1 += 1;
        let Some(nonce) = request.nonce else {
            let nonce = format!("n{}", seen.1);
            seen.0.insert(nonce.clone(), 0);
            return challenge(&nonce);
        };
        let last = seen.0.insert(nonce, request.count.unwrap()).unwrap();
        assert_eq!(request.count, Some(last + 1));
        "files".into_response()
    })
    .await;
    let client = client();
    let mut tasks = JoinSet::new();
    for _ in 0..TASKS {
        let (client, url) = (client.clone(), url.clone());
        tasks.spawn(async move {
            for _ in 0..CALLS {
                let response = client.execute(get(&url)).await.unwrap();
                assert_eq!(response.text().await.unwrap(), "files");
            }
        });
    }
    tasks.join_all().await;
    let requests = counts.lock().unwrap().1;
    assert!(requests <= TASKS * CALLS + TASKS, "{requests} requests");
}

#[tokio::test]
async fn a_refusal_is_an_error_with_the_response() {
    let url = serve(|_| challenge("n")).await;
    let error = client().execute(get(&url)).await.unwrap_err();
    let refused = matches!(
        error,
        SendError::Digest {
            error: DigestError::Refused { .. },
            ..
        }
    );
    assert!(refused, "{error:?}");
    assert_eq!(error.to_string(), "cannot authenticate the request");
    let source = error.source().unwrap();
    assert_eq!(source.to_string(), "the server refuses the credentials");
    let response = error.into_response().unwrap();
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(response.text().await.unwrap(), "who?");
}

#[tokio::test]
async fn no_server_gets_the_nonce_of_another() {
    let respond = |own: &'static str| {
        move |request: Received| match request.nonce.as_deref() {
            Some(nonce) => {
                assert_eq!(nonce, own);
                "files".into_response()
            }
            None => challenge(own),
        }
    };
    let (one, other) = (serve(respond("one")).await, serve(respond("other")).await);
    let client = client();
    for url in [&one, &other, &one, &other] {
        let response = client.execute(get(url)).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
    }
    let shown = format!("{client:?}");
    assert!(
        shown.contains("servers: 2") && !shown.contains("Circle"),
        "{shown}"
    );
}

#[tokio::test]
async fn a_session_has_cookies_unless_the_request_has() {
    let url = serve(|request: Received| match request.nonce {
        Some(_) => request.cookie.unwrap_or_default().into_response(),
        None => {
            let mut response = challenge("n");
            let cookie = "node=1; Path=/".parse().unwrap();
            response.headers_mut().insert(SET_COOKIE, cookie);
            response
        }
    })
    .await;
    let client = client();
    for own in [None, Some("mine=2")] {
        let mut request = get(&url);
        if let Some(own) = own {
            request.headers_mut().insert(COOKIE, own.parse().unwrap());
        }
        let response = client.execute(request).await.unwrap();
        assert_eq!(response.text().await.unwrap(), own.unwrap_or("node=1"));
    }
}

#[tokio::test]
async fn a_redirected_response_is_returned_as_it_is() {
    let other = serve(|request: Received| {
        assert_eq!(request.nonce, None);
        challenge("of another server")
    })
    .await;
    let url =
        serve(move |_| (StatusCode::FOUND, [(LOCATION, other.clone())]).into_response()).await;
    let response = client().execute(get(&url)).await.unwrap();
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_body_that_can_be_sent_once_is_refused_before_it_is() {
    let url = serve(|request: Received| panic!("a request for {}", request.path)).await;
    let body = reqwest::Body::wrap("text".to_owned());
    let request = http().put(&url).body(body).build().unwrap();
    let error = client().execute(request).await.unwrap_err();
    assert!(matches!(error, SendError::Stream), "{error:?}");
    assert_eq!(
        error.to_string(),
        "a body that is a stream cannot be sent again"
    );
}

#[tokio::test]
async fn a_challenge_keeps_its_connection_unless_it_is_long() {
    for (length, connections) in [(48 * 1024, 1), (1024 * 1024, 2)] {
        let peers = Arc::new(Mutex::new(HashSet::new()));
        let seen = Arc::clone(&peers);
        let url = serve(move |request: Received| {
            seen.lock().unwrap().insert(request.peer);
            match request.nonce {
                Some(_) => "files".into_response(),
                None => challenge("n").map(|_| "x".repeat(length).into()),
            }
        })
        .await;
        let response = client().execute(get(&url)).await.unwrap();
        assert_eq!(response.text().await.unwrap(), "files");
        assert_eq!(peers.lock().unwrap().len(), connections, "{length} bytes");
    }
}

#[tokio::test]
async fn the_sessions_of_64_servers_are_kept() {
    let url = serve(|request: Received| match request.nonce {
        Some(_) => "files".into_response(),
        None => challenge("n"),
    })
    .await;
    let address: SocketAddr = url.strip_prefix("http://").unwrap().parse().unwrap();
    let host = |number: usize| format!("host-{number}.example");
    let http = (0..=64).fold(reqwest::Client::builder().no_proxy(), |http, number| {
        http.resolve(&host(number), address)
    });
    let client = DigestClient::new(http.build().unwrap(), "Mufasa", "Circle of Life");
    for (number, servers) in (0..64).zip(1..).chain([(0, 64), (64, 1)]) {
        let url = format!("http://{}:{}", host(number), address.port());
        client.execute(get(&url)).await.unwrap();
        let shown = format!("{client:?}");
        assert!(shown.contains(&format!("servers: {servers},")), "{shown}");
    }
}

#[tokio::test]
async fn a_server_that_cannot_be_reached_is_reqwests_error() {
    let error = client()
        .execute(get("http://127.0.0.1:1"))
        .await
        .unwrap_err();
    assert_eq!(error.to_string(), "cannot send the request");
    let source = error
        .source()
        .and_then(|source| source.downcast_ref::<reqwest::Error>());
    assert!(source.unwrap().is_connect());
    assert!(error.into_response().is_none());
}
