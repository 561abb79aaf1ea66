//! Counts what an authorized request allocates. This is a test program of its own, because it
//! replaces the allocator.

use allocation_counter::measure;
use http::{HeaderMap, StatusCode, header::WWW_AUTHENTICATE};
use http_digest_session::{DigestAuth, Exchange, Step};

fn call(auth: &DigestAuth, challenge: &HeaderMap) {
    let mut exchange = Exchange::new(auth, "GET", "/files?page=2");
    if exchange.authorize().unwrap().is_none() {
        let step = exchange.on_response(StatusCode::UNAUTHORIZED, challenge);
        assert_eq!(step, Ok(Step::Retry));
        exchange.authorize().unwrap();
    }
    let step = exchange.on_response(StatusCode::OK, &HeaderMap::new());
    assert_eq!(step, Ok(Step::Done));
}

#[test]
fn a_request_of_a_session_allocates_its_header_alone() {
    let auth = DigestAuth::new("Mufasa", "Circle of Life");
    let challenge = r#"Digest realm="files", nonce="dcd98b71", qop="auth", algorithm=SHA-256"#;
    let challenge = HeaderMap::from_iter([(WWW_AUTHENTICATE, challenge.parse().unwrap())]);
    call(&auth, &challenge);
    let calls = 100;
    let counted = measure(|| (0..calls).for_each(|_| call(&auth, &challenge)));
    // The text of the header, and the count of who shares it.
    assert_eq!(counted.count_total, 2 * calls);
    assert_eq!(counted.count_current, 0);
}
