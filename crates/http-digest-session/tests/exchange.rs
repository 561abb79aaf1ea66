//! Exchanges with servers that follow, bend and break RFC 7616. Each authorization is judged by
//! another implementation.

use std::str::FromStr;

use digest_auth::{AuthContext, AuthorizationHeader, HttpMethod};
use http::{
    HeaderMap, HeaderName, HeaderValue, StatusCode,
    header::{AUTHORIZATION, SET_COOKIE, WWW_AUTHENTICATE},
};
use http_digest_session::{DigestAuth, DigestError, Exchange, Step};

const USER: &str = "Mufasa";
const PASSWORD: &str = "Circle of Life";
const METHOD: &str = "PATCH";
const URI: &str = "/a/b?c=d,e";

type Response = (StatusCode, HeaderMap);

fn auth() -> DigestAuth {
    DigestAuth::new(USER, PASSWORD)
}

fn response(status: u16, headers: &[(HeaderName, &str)]) -> Response {
    let headers = headers.iter().map(|(name, value)| {
        let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
        (name.clone(), value)
    });
    let mut all = HeaderMap::new();
    all.extend(headers);
    (StatusCode::from_u16(status).unwrap(), all)
}

fn done() -> Response {
    response(200, &[])
}

fn challenge(nonce: &str, rest: &str) -> Response {
    let value = format!(r#"Digest realm="r", nonce="{nonce}", qop="auth"{rest}"#);
    response(401, &[(WWW_AUTHENTICATE, &value)])
}

fn info(value: &str) -> (HeaderName, &str) {
    (HeaderName::from_static("authentication-info"), value)
}

fn context(method: &str) -> AuthContext<'static> {
    AuthContext::new_with_method(
        USER,
        PASSWORD,
        URI,
        None::<&[u8]>,
        HttpMethod::from(method.to_owned()),
    )
}

/// Returns an authorization, if there is one and it is right.
fn verified(authorization: Option<&HeaderValue>) -> Option<AuthorizationHeader> {
    let value = authorization?;
    assert!(value.is_sensitive());
    // It has the server's spelling, which the judge cannot read.
    let text = value.to_str().unwrap();
    let text = text.replace("=md5", "=MD5").replace("sha-", "SHA-");
    let sent = AuthorizationHeader::from_str(&text).unwrap();
    let mut expected = sent.clone();
    expected.digest(&context(METHOD));
    (sent.uri == URI && expected.response == sent.response).then_some(sent)
}

/// Sends a request. `server` gets the number of the request, from 0, and its authorization.
/// Returns how many were sent, and how it ended.
fn call(
    auth: &DigestAuth,
    mut server: impl FnMut(usize, Option<AuthorizationHeader>) -> Response,
) -> (usize, Result<(), DigestError>) {
    let mut exchange = Exchange::new(auth, METHOD, URI);
    for number in 0.. {
        assert!(number < 6, "it does not end");
        let authorization = exchange.authorize().unwrap();
        let (status, headers) = server(number, verified(authorization.as_ref()));
        match exchange.on_response(status, &headers) {
            Ok(Step::Retry) => {}
            end => return (number + 1, end.map(|_| ())),
        }
    }
    unreachable!()
}

#[test]
fn one_request_a_call_in_the_steady_state() {
    for algorithm in [
        "",
        ", algorithm=MD5",
        ", algorithm=md5-sess",
        ", algorithm=SHA-256",
        ", algorithm=sha-512-256",
    ] {
        let auth = auth();
        let mut counts = Vec::new();
        for requests in [2, 1, 1, 1] {
            let ended = call(&auth, |_, sent| match sent {
                Some(sent) => {
                    counts.push(sent.nc);
                    done()
                }
                None => challenge("n", algorithm),
            });
            assert_eq!(ended, (requests, Ok(())), "{algorithm}");
        }
        assert_eq!(counts, [1, 2, 3, 4], "{algorithm}");
    }
}

#[test]
fn wrong_credentials_cost_one_authorization() {
    let refused = |was_accepted| {
        move |error: DigestError| match error {
            DigestError::Refused {
                was_accepted: was, ..
            } => assert_eq!(was, was_accepted),
            other => panic!("{other}"),
        }
    };
    let auth = auth();
    let (requests, ended) = call(&auth, |n, _| challenge(&n.to_string(), ""));
    assert_eq!(requests, 2);
    ended.map_err(refused(false)).unwrap_err();

    assert_eq!(
        call(&auth, |n, _| [challenge("a", ""), done()][n].clone()).0,
        2
    );
    // The session had worked, so the server may have forgotten it: one more.
    let (requests, ended) = call(&auth, |n, _| challenge(&format!("b{n}"), ""));
    assert_eq!(requests, 2);
    ended.map_err(refused(true)).unwrap_err();
    assert_eq!(auth.idle_sessions(), 0);
}

#[test]
fn stale_nonces_are_replaced_at_most_twice() {
    let stale = |n: usize| challenge(&format!("n{n}"), ", stale=true");
    for (stale_nonces, requests) in [(1, 3), (2, 4)] {
        let ended = call(&auth(), |n, _| match n {
            0 => challenge("first", ""),
            n if n <= stale_nonces => stale(n),
            _ => done(),
        });
        assert_eq!(ended, (requests, Ok(())));
    }
    let ended = call(&auth(), |n, _| stale(n));
    assert_eq!(ended, (4, Err(DigestError::AlwaysStale)));
}

/// Jetty accepts 1,024 counts of a nonce, from 0.
#[test]
fn a_limit_on_counts_costs_one_request_in_a_thousand() {
    const LIMIT: u32 = 1024;
    let auth = auth();
    let (mut nonces, mut sent_in_all) = (0, 0);
    for _ in 0..5_000 {
        let (requests, ended) = call(&auth, |_, sent| match sent {
            Some(sent) if sent.nc < LIMIT => done(),
            sent => {
                nonces += 1;
                let stale = if sent.is_some() { ", stale=true" } else { "" };
                challenge(&format!("n{nonces}"), stale)
            }
        });
        ended.unwrap();
        sent_in_all += requests;
    }
    assert_eq!(sent_in_all, 5_005);
}

#[test]
fn the_next_nonce_of_a_success_is_used() {
    let auth = auth();
    for (nonce, next) in [("n0", "n1"), ("n1", "n2"), ("n2", "n3")] {
        let (_, ended) = call(&auth, |_, sent| match sent {
            Some(sent) => {
                assert_eq!((sent.nonce.as_str(), sent.nc), (nonce, 1));
                response(200, &[info(&format!("nextnonce=\"{next}\""))])
            }
            None => challenge("n0", ""),
        });
        ended.unwrap();
    }
}

#[test]
fn only_a_server_that_knows_the_password_is_believed() {
    for is_right in [true, false] {
        let auth = auth();
        let (_, ended) = call(&auth, |_, sent| match sent {
            Some(mut proof) => {
                proof.digest(&context(""));
                let digits = match is_right {
                    true => proof.response,
                    false => proof.response.replace(|c: char| c.is_ascii_digit(), "f"),
                };
                response(200, &[info(&format!("rspauth=\"{digits}\", qop=auth"))])
            }
            None => challenge("n", ""),
        });
        let expected = if is_right {
            Ok(())
        } else {
            Err(DigestError::WrongRspauth)
        };
        assert_eq!(ended, expected);
        assert_eq!(auth.idle_sessions(), usize::from(is_right));
    }
}

#[test]
fn a_refusal_without_a_challenge_is_about_permissions_once_authorized() {
    let auth = auth();
    let (requests, ended) = call(&auth, |n, _| match n {
        0 => challenge("n", ""),
        _ => response(401, &[]),
    });
    assert_eq!((requests, ended), (2, Ok(())));
    let (_, ended) = call(&DigestAuth::new(USER, PASSWORD), |_, _| response(401, &[]));
    let error = ended.unwrap_err();
    assert!(
        matches!(error, DigestError::NoChallenge { offered: None, .. }),
        "{error}"
    );
}

#[test]
fn what_is_offered_instead_is_quoted_without_control_characters() {
    for offered in [
        "Basic realm=\"\u{202e}\"",
        "Digest realm=\"r\"",
        "\tBearer",
        "",
    ] {
        let (requests, ended) = call(&auth(), |_, _| {
            response(401, &[(WWW_AUTHENTICATE, offered)])
        });
        let error = ended.unwrap_err();
        let text = error.to_string();
        assert!(!text.contains(['\t', '\u{202e}']), "{text}");
        match error {
            DigestError::NoChallenge {
                offered: Some(kept),
                ..
            } => assert_eq!(kept, offered),
            other => panic!("{other}"),
        }
        assert_eq!(requests, 1);
    }
}

#[test]
fn a_dropped_exchange_takes_its_session_with_it() {
    let auth = auth();
    call(&auth, |n, _| [challenge("n", ""), done()][n].clone())
        .1
        .unwrap();
    assert_eq!(auth.idle_sessions(), 1);
    let mut dropped = Exchange::new(&auth, METHOD, URI);
    dropped.authorize().unwrap();
    drop(dropped);
    assert_eq!(auth.idle_sessions(), 0);
}

/// A server that gives one nonce to all and refuses counts that do not rise.
#[test]
fn a_request_that_was_overtaken_is_repeated() {
    let auth = auth();
    let (status, headers) = challenge("shared", "");
    let [mut slow, mut fast] = [(); 2].map(|()| Exchange::new(&auth, METHOD, URI));
    for exchange in [&mut slow, &mut fast] {
        assert_eq!(exchange.on_response(status, &headers), Ok(Step::Retry));
    }
    let count = |exchange: &mut Exchange<'_>| {
        let authorization = exchange.authorize().unwrap();
        verified(authorization.as_ref()).unwrap().nc
    };
    assert_eq!((count(&mut slow), count(&mut fast)), (1, 2));
    assert_eq!(
        fast.on_response(StatusCode::OK, &HeaderMap::new()),
        Ok(Step::Done)
    );
    assert_eq!(slow.on_response(status, &headers), Ok(Step::Retry));
    assert_eq!(count(&mut slow), 3);
    let mut overtake = || {
        fast = Exchange::new(&auth, METHOD, URI);
        fast.on_response(status, &headers).unwrap();
        count(&mut fast);
        slow.on_response(status, &headers)
    };
    assert_eq!(overtake(), Ok(Step::Retry));
    let refused = overtake().unwrap_err();
    assert!(matches!(refused, DigestError::Refused { .. }), "{refused}");
}

#[test]
fn sessions_with_the_same_next_nonce_share_its_count() {
    let auth = auth();
    let mut exchanges = [(); 2].map(|()| Exchange::new(&auth, METHOD, URI));
    for (exchange, nonce) in exchanges.iter_mut().zip(["a", "b"]) {
        let (status, headers) = challenge(nonce, "");
        exchange.on_response(status, &headers).unwrap();
        exchange.authorize().unwrap();
    }
    let (status, headers) = response(200, &[info("nextnonce=\"shared\"")]);
    for exchange in &mut exchanges {
        assert_eq!(exchange.on_response(status, &headers), Ok(Step::Done));
    }
    let counts = [(); 2].map(|()| {
        let authorization = Exchange::new(&auth, METHOD, URI).authorize().unwrap();
        let sent = verified(authorization.as_ref()).unwrap();
        (sent.nonce, sent.nc)
    });
    assert_eq!(counts, [1, 2].map(|count| ("shared".to_owned(), count)));
}

#[test]
fn few_sessions_are_kept() {
    let auth = auth();
    let mut exchanges: Vec<_> = (0..300)
        .map(|_| Exchange::new(&auth, METHOD, URI))
        .collect();
    for (number, exchange) in exchanges.iter_mut().enumerate() {
        let (status, headers) = challenge(&number.to_string(), "");
        exchange.on_response(status, &headers).unwrap();
        exchange.authorize().unwrap();
    }
    for exchange in &mut exchanges {
        exchange
            .on_response(StatusCode::OK, &HeaderMap::new())
            .unwrap();
    }
    assert_eq!(auth.idle_sessions(), 256);
}

#[test]
fn a_name_that_no_header_can_carry_is_an_error() {
    let auth = DigestAuth::new("a\nb", PASSWORD);
    let mut exchange = Exchange::new(&auth, METHOD, URI);
    let (status, headers) = challenge("n", "");
    exchange.on_response(status, &headers).unwrap();
    assert_eq!(exchange.authorize(), Err(DigestError::Unanswerable));
}

/// Two servers behind a load balancer, each of which knows its own nonces only.
#[test]
fn a_session_stays_on_its_server_by_the_cookie() {
    let auth = auth();
    let url = format!("https://example.org{URI}").parse().unwrap();
    for call in 0..4 {
        let mut exchange = Exchange::new(&auth, METHOD, URI);
        let mut requests = 0;
        loop {
            requests += 1;
            let cookie = exchange.cookie(&url);
            let node = cookie
                .as_ref()
                .map_or("1", |cookie| &cookie.to_str().unwrap()[5..]);
            let sent = verified(exchange.authorize().unwrap().as_ref());
            let (status, mut headers) = match sent {
                Some(sent) if sent.nonce == node => done(),
                _ => challenge(node, ""),
            };
            if cookie.is_none() {
                headers.insert(SET_COOKIE, "node=1; Path=/; Secure".parse().unwrap());
            }
            exchange.store_cookies(&headers, &url);
            if exchange.on_response(status, &headers).unwrap() == Step::Done {
                break;
            }
        }
        assert_eq!(requests, if call == 0 { 2 } else { 1 });
    }
}

#[test]
fn cookies_add_up_to_a_limit() {
    let auth = auth();
    let url = format!("https://example.org{URI}").parse().unwrap();
    let mut exchange = Exchange::new(&auth, METHOD, URI);
    let mut sent = |name: usize, length: usize| {
        let cookie = format!("c{name}={}; Path=/", "x".repeat(length));
        let headers = HeaderMap::from_iter([(SET_COOKIE, cookie.parse().unwrap())]);
        exchange.store_cookies(&headers, &url);
        let cookies = exchange.cookie(&url).unwrap();
        cookies.to_str().unwrap().split("; ").count()
    };
    for number in 0..16 {
        assert_eq!(sent(number, 4_000), number + 1);
    }
    assert_eq!(sent(16, 5_000), 16, "one that is too long");
    assert!(sent(16, 1) <= 16);
}

#[test]
fn secrets_do_not_show() {
    let auth = auth();
    let mut exchange = Exchange::new(&auth, METHOD, URI);
    let (status, headers) = challenge("hushed", "");
    exchange.on_response(status, &headers).unwrap();
    let authorization = exchange.authorize().unwrap().unwrap();
    let mut request = http::Request::new(());
    request.headers_mut().insert(AUTHORIZATION, authorization);
    let expected = r#"Exchange { method: "PATCH", uri: "/a/b?c=d,e", has_session: true, .. }"#;
    assert_eq!(format!("{exchange:?}"), expected);
    let shown = format!("{auth:?} {auth:#?} {exchange:#?} {request:?}");
    for secret in [PASSWORD, "hushed", "response="] {
        assert!(!shown.contains(secret), "{shown}");
    }
}
