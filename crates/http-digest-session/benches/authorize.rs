//! Authorizations of one session: processor time and allocations, beside other crates.
//!
//!     cargo bench --package http-digest-session

use std::time::Duration;

use allocation_counter::measure;
use digest_auth::{AuthContext, HttpMethod, WwwAuthenticateHeader};
use http::{HeaderMap, StatusCode, header::WWW_AUTHENTICATE};
use http_auth::{PasswordClient, PasswordParams};
use http_digest_session::{DigestAuth, Exchange};
use nix::sys::{
    resource::{UsageWho, getrusage},
    time::TimeValLike,
};

const USER: &str = "Mufasa";
const PASSWORD: &str = "Circle of Life";
const METHOD: &str = "PATCH";
const URI: &str = "/api/files/32b6e34b3d91647abb20e7b8?page=2";

/// Authorizations in a run, and runs of each. Runs alternate, and the fastest counts: what else
/// the machine does only makes a run slower.
const CALLS: u64 = 100_000;
const RUNS: usize = 9;

type Authorize = Box<dyn FnMut() -> usize>;

fn main() {
    println!("| algorithm | crate | authorizations per second | allocations each |");
    println!("|---|---|--:|--:|");
    for algorithm in ["MD5", "SHA-256"] {
        let challenge = format!(
            r#"Digest realm="MMS Public API", domain="", nonce="+4YICU5YLx6mQEzmVhx1G5ySQVrufjv6", algorithm={algorithm}, qop="auth", stale=false"#
        );
        let mut crates: Vec<(&str, Authorize, Duration)> = vec![
            ("http-digest-session", ours(&challenge), Duration::MAX),
            ("http-auth", http_auth(&challenge), Duration::MAX),
            (
                "digest_auth, of diqwest",
                digest_auth(&challenge),
                Duration::MAX,
            ),
        ];
        for _ in 0..RUNS {
            for (_, authorize, fastest) in &mut crates {
                let start = cpu_time();
                (0..CALLS).for_each(|_| assert!(authorize() > 100));
                *fastest = cpu_time().saturating_sub(start).min(*fastest);
            }
        }
        for (name, mut authorize, fastest) in crates {
            let calls = 1_000;
            let counted = measure(|| (0..calls).for_each(|_| assert!(authorize() > 100)));
            let each = counted.count_total as f64 / calls as f64;
            let per_second = CALLS as f64 / fastest.as_secs_f64();
            println!("| {algorithm} | {name} | {per_second:.0} | {each:.1} |");
        }
    }
}

/// A request of a session that is in use, from the pool and back.
fn ours(challenge: &str) -> Authorize {
    let auth = DigestAuth::new(USER, PASSWORD);
    let headers = HeaderMap::from_iter([(WWW_AUTHENTICATE, challenge.parse().unwrap())]);
    let mut first = Exchange::new(&auth, METHOD, URI);
    first
        .on_response(StatusCode::UNAUTHORIZED, &headers)
        .unwrap();
    first
        .on_response(StatusCode::OK, &HeaderMap::new())
        .unwrap();
    let none = HeaderMap::new();
    Box::new(move || {
        let mut exchange = Exchange::new(&auth, METHOD, URI);
        let authorization = exchange.authorize().unwrap().unwrap();
        exchange.on_response(StatusCode::OK, &none).unwrap();
        authorization.len()
    })
}

fn http_auth(challenge: &str) -> Authorize {
    let mut client = PasswordClient::try_from(challenge).unwrap();
    Box::new(move || {
        let parameters = PasswordParams {
            username: USER,
            password: PASSWORD,
            uri: URI,
            method: METHOD,
            body: None,
        };
        client.respond(&parameters).unwrap().len()
    })
}

fn digest_auth(challenge: &str) -> Authorize {
    let mut prompt: WwwAuthenticateHeader = digest_auth::parse(challenge).unwrap();
    Box::new(move || {
        let method = HttpMethod::from(METHOD);
        let context = AuthContext::new_with_method(USER, PASSWORD, URI, None::<&[u8]>, method);
        prompt.respond(&context).unwrap().to_header_string().len()
    })
}

fn cpu_time() -> Duration {
    let usage = getrusage(UsageWho::RUSAGE_SELF).unwrap();
    let micros = (usage.user_time() + usage.system_time()).num_microseconds();
    Duration::from_micros(micros.unsigned_abs())
}
