//! Whatever a service sends, parsing it takes time in proportion to its length. Each of these
//! responses would take minutes if it took time in proportion to the square.

use std::{sync::mpsc, thread, time::Duration};

use atlas_admin::{
    Client, Credentials, RetryPolicy,
    testing::{FakeResponse, FakeService, Operation},
};
use proptest::{collection::vec, prelude::*, sample::select, test_runner::Config};

const ORG: &str = "32b6e34b3d91647abb20e7b8";
const KEY: &str = "6a793f752c88faeba59bba49";

/// The length of a header or a body, far beyond what HTTP clients accept.
const LENGTH: usize = 4 << 20;

/// Only to end a test that would otherwise not end.
const TIME_LIMIT: Duration = Duration::from_secs(120);

/// Text of [`LENGTH`] that starts with `head` and repeats a text for each number from 0.
fn repeated(head: &str, part: impl Fn(usize) -> String) -> String {
    let mut text = head.to_owned();
    for number in 0.. {
        if text.len() >= LENGTH {
            break;
        }
        text += &part(number);
    }
    text
}

fn client(fake: &FakeService, credentials: Credentials) -> Client {
    let builder = fake.builder().credentials(credentials);
    builder.retry(RetryPolicy::none()).build().unwrap()
}

/// Sends an update to a service that sends this response.
fn update(status: u16, headers: &[(&str, &str)], body: &str) {
    let mut response = http::Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    let response = FakeResponse::http(response.body(body).unwrap());
    let (done, is_done) = mpsc::channel();
    let calls = async move {
        let fake = FakeService::new();
        fake.always(Operation::UpdateOrgApiKey, response);
        for credentials in [
            Credentials::digest("abcdefgh", "hush"),
            Credentials::bearer("hush"),
        ] {
            let atlas = client(&fake, credentials);
            let update = atlas.org(ORG).api_key(KEY).update().desc("x");
            if let Err(error) = update.send().await {
                assert!(error.to_string().chars().count() < 2_000);
            }
        }
    };
    thread::spawn(move || {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        runtime.enable_all().build().unwrap().block_on(calls);
        done.send(()).unwrap();
    });
    is_done
        .recv_timeout(TIME_LIMIT)
        .unwrap_or_else(|error| panic!("{status} {body:.40}: {error}"));
}

#[test]
fn long_challenges() {
    let digest = r#"Digest realm="r", nonce="n", qop="auth""#;
    for challenge in [
        repeated(digest, |n| format!(",x{n}=1")),
        repeated(digest, |n| format!(",x{}=1", n % 60)),
        repeated(digest, |_| ",=".to_owned()),
        repeated("", |n| format!("s{n},")),
        repeated("", |_| format!("{digest},")),
        repeated("Digest realm=\"", |_| "\\\"".to_owned()),
        repeated("Digest realm=\"", |_| "a,".to_owned()),
        repeated("Digest nonce=", |_| "\"\"".to_owned()),
        repeated("Digest qop=\"", |_| "auth-int,".to_owned()),
        repeated("", |_| " \t".to_owned()),
    ] {
        update(401, &[("www-authenticate", &challenge)], "{}");
        // Below the limit of a whole header, so that the parser sees it.
        let shorter = &challenge[..60_000];
        update(401, &[("www-authenticate", shorter)], "{}");
    }
}

#[test]
fn long_headers_of_a_success() {
    let key = format!(r#"{{"id":"{KEY}"}}"#);
    for (name, value) in [
        ("authentication-info", repeated("", |n| format!("x{n}=1,"))),
        (
            "authentication-info",
            repeated("nextnonce=\"", |_| "\\a".to_owned()),
        ),
        ("sunset", repeated("", |_| "(".to_owned())),
        ("sunset", repeated("Thu, 1 Jul 2027", |_| " ".to_owned())),
        ("deprecation", repeated("@", |_| "1".to_owned())),
        ("ratelimit-remaining", repeated("", |_| "0".to_owned())),
        ("content-type", repeated("", |_| "vnd.atlas.".to_owned())),
        ("link", repeated("", |_| "<a>;rel=b,".to_owned())),
    ] {
        update(200, &[(name, &value)], &key);
    }
}

#[test]
fn long_headers_of_a_failure() {
    for (status, name, value) in [
        (429, "retry-after", repeated("", |_| "9".to_owned())),
        (503, "retry-after", repeated("Mon,", |_| "(\\)".to_owned())),
        (404, "x-error-code", repeated("", |_| "A".to_owned())),
        (307, "location", repeated("https://", |_| "a@".to_owned())),
    ] {
        update(status, &[(name, &value)], "{}");
    }
}

#[test]
fn long_bodies() {
    for body in [
        repeated("", |_| "[".to_owned()),
        repeated("", |_| "{\"a\":".to_owned()),
        repeated("{", |n| format!("\"a{n}\":[],")),
        repeated("{\"parameters\":[", |_| "{},".to_owned()),
        repeated("{\"detail\":\"", |_| "\\u001b".to_owned()),
        repeated("{\"roles\":[", |_| "{},".to_owned()),
        repeated("<html>", |_| "<title".to_owned()),
        repeated("<html><title>", |_| " a".to_owned()),
    ] {
        for status in [200, 400, 502] {
            update(status, &[], &body);
        }
    }
}

proptest! {
    #![proptest_config(Config { failure_persistence: None, ..Config::with_cases(16) })]

    #[test]
    fn any_repeated_fragments(fragments in vec(
        select(vec![
            "Digest ", "realm=", "nonce=n", "\"", "\\", ",", "=", " ", "a", "qop=auth", "(", "@1",
        ]),
        1..6,
    )) {
        let text = repeated("", |_| fragments.concat());
        for text in [&*text, &text[..60_000]] {
            update(401, &[("www-authenticate", text)], text);
            update(429, &[("retry-after", text), ("sunset", text), ("deprecation", text)], text);
            update(200, &[("authentication-info", text)], text);
        }
    }
}
