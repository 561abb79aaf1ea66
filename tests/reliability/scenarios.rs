//! The scenarios.

use std::{iter, time::Duration};

use ErrorKind::*;
use atlas_admin::ErrorKind;
use flate2::{Compress, Compression, FlushCompress};
use workspace_tests::{
    fault_server::{
        Action::{self, Close, Drip, Hang, Repeat, Reset, Send, SendGenerated},
        Behavior, Http2Behavior,
        InjectionPoint::{AfterRequest, BeforeRequest, DuringRequest},
        head, response,
    },
    ids::API_KEY_ID,
};

use crate::scenario::{
    ATTEMPT_TIMEOUT,
    Auth::{Bearer, Digest, ServiceAccount},
    Scenario,
};

pub(crate) struct Section {
    pub(crate) title: &'static str,
    pub(crate) scenarios: Vec<Scenario>,
}

/// Returns all scenarios. Their redirects point to the address `redirect_target`.
pub(crate) fn sections(redirect_target: &str) -> Vec<Section> {
    let section = |title, scenarios| Section { title, scenarios };
    vec![
        section("Connection failures", connections()),
        section("Idle connections from an earlier call", idle_connections()),
        section("HTTP/2", http2()),
        section("Slow or missing responses", slow()),
        section("Malformed responses", malformed()),
        section("Unusual success responses", successes()),
        section("Errors from the service or a proxy", errors()),
        section("Rate limits and unavailability", unavailable()),
        section("Redirects", redirects(redirect_target)),
        section("Authentication", authentication(redirect_target)),
    ]
}

const HTML: (&str, &str) = ("Content-Type", "text/html");
const PAGE: &str = "<!doctype html><title>Oops</title>";
const DRIP_INTERVAL: Duration = Duration::from_millis(60);

fn api_key() -> String {
    format!(r#"{{"id":"{API_KEY_ID}","roles":[]}}"#)
}

fn success() -> Behavior {
    response(200, &[], &api_key())
}

fn html(status: u16) -> Behavior {
    response(status, &[HTML], PAGE)
}

fn service_error(status: u16, code: &str) -> Behavior {
    let body = format!(
        r#"{{"detail":"No.","error":{status},"errorCode":"{code}","parameters":[null,1,{{}}]}}"#
    );
    response(status, &[], &body)
}

fn empty(status: u16, headers: &[(&str, &str)]) -> Behavior {
    response(status, headers, "")
}

fn raw(text: &str) -> Behavior {
    Behavior::from(text)
}

/// Sends a head that announces `length` bytes of body.
fn announce(status: u16, length: usize) -> Behavior {
    raw(&head(status, &[("Content-Length", &length.to_string())]))
}

/// Sends a body of 1 MiB that expands to 1 GiB of zeros.
fn gzip_bomb(status: u16, headers: &[(&str, &str)]) -> Behavior {
    let body = gzipped_zeros();
    let length = body.len().to_string();
    let all = [
        headers,
        &[("Content-Encoding", "gzip"), ("Content-Length", &length)],
    ]
    .concat();
    raw(&head(status, &all)).then([Send(body)])
}

/// A full flush makes a piece that does not depend on earlier ones, so one piece of 1 MiB can
/// be repeated. The checksum at the end is wrong; a client that reaches it has read too much.
fn gzipped_zeros() -> Vec<u8> {
    const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
    const LAST_BLOCK: [u8; 2] = [3, 0];
    let mut piece = Vec::with_capacity(1 << 16);
    Compress::new(Compression::best(), false)
        .compress_vec(&vec![0; 1 << 20], &mut piece, FlushCompress::Full)
        .unwrap();
    [&HEADER[..], &piece.repeat(1024), &LAST_BLOCK, &[0; 8]].concat()
}

fn connections() -> Vec<Scenario> {
    vec![
        Scenario::without_server("nothing listens on the port").fails(Transport, None),
        Scenario::new(
            "connection reset before the request is read",
            [Behavior::Http1(BeforeRequest, vec![Reset])],
        )
        .fails_unknown(Transport, None),
        Scenario::new(
            "connection reset while the request is read",
            [Behavior::Http1(DuringRequest, vec![Reset])],
        )
        .fails_unknown(Transport, None),
        Scenario::new("connection reset after the request", [Reset]).fails_unknown(Transport, None),
        Scenario::new("connection closed after the request", [Close])
            .fails_unknown(Transport, None),
        Scenario::new("connection reset after the request, once", [Reset])
            .retry_ambiguous()
            .updates_sent(2),
        Scenario::new(
            "connection reset while the request is read, once",
            [Behavior::Http1(DuringRequest, vec![Reset])],
        )
        .retry_ambiguous()
        .updates_sent(2),
        Scenario::new("connection reset after the request, twice", [Reset, Reset])
            .retry_ambiguous()
            .updates_sent(3),
        Scenario::new(
            "connection reset after the request, always",
            [Reset, Reset, Reset],
        )
        .retry_ambiguous()
        .updates_sent(3)
        .fails_unknown(Transport, None),
        Scenario::new(
            "connection reset within the response head",
            [raw("HTTP/1.1 200 OK\r\nContent-Le").then([Reset])],
        )
        .fails_unknown(Transport, None),
        Scenario::new(
            "connection closed within the response head",
            [raw("HTTP/1.1 200 OK\r\nContent-Le").then([Close])],
        )
        .fails_unknown(Transport, None),
        Scenario::new(
            "503, then connection reset",
            [
                empty(503, &[("Connection", "close")]).then([Close]),
                Reset.into(),
            ],
        )
        .updates_sent(2)
        .fails_unknown(Transport, None),
    ]
}

fn idle_connections() -> Vec<Scenario> {
    vec![
        Scenario::new::<Behavior>("closed before the next request", [])
            .after_call(success().then([Close]))
            .racy(),
        Scenario::new::<Behavior>("unsolicited response before the next request", [])
            .after_call(
                success().then([Send(b"HTTP/1.1 404 -\r\nContent-Length: 0\r\n\r\n".into())]),
            )
            .racy(),
        Scenario::new("closed after the next request is read", [Close])
            .on_idle_connection()
            .updates_sent(2),
        Scenario::new("reset after the next request is read", [Reset])
            .on_idle_connection()
            .updates_sent(2),
        Scenario::new(
            "reset before the next request is read",
            [Behavior::Http1(BeforeRequest, vec![Reset])],
        )
        .on_idle_connection()
        .updates_sent(2),
        Scenario::new("closed, and the new connection too", [Close, Close])
            .on_idle_connection()
            .updates_sent(2)
            .fails_unknown(Transport, None),
        Scenario::new(
            "closed, then 503 on the new connection",
            [Close.into(), empty(503, &[])],
        )
        .on_idle_connection()
        .updates_sent(3),
        Scenario::new("closed, with a policy of one attempt", [Close])
            .on_idle_connection()
            .max_attempts(1)
            .fails_unknown(Transport, None),
        Scenario::new(
            "response that is not HTTP",
            [raw("nonsense\r\n\r\n").then([Close])],
        )
        .on_idle_connection()
        .fails_unknown(Transport, None),
        Scenario::new(
            "closed within the response body",
            [announce(200, 99).then([Close])],
        )
        .on_idle_connection()
        .fails_unknown(Transport, 200),
        Scenario::new("no response", [Hang])
            .on_idle_connection()
            .timed()
            .fails_unknown(Timeout, None),
    ]
}

fn http2() -> Vec<Scenario> {
    const INTERNAL_ERROR: u32 = 2;
    const REFUSED_STREAM: u32 = 7;
    let refused = || Http2Behavior::ResetStream(REFUSED_STREAM);
    let scenarios = vec![
        Scenario::new::<Behavior>("no fault", []).on_idle_connection(),
        Scenario::new("`REFUSED_STREAM`, once", [refused()])
            .on_idle_connection()
            .updates_sent(2),
        Scenario::new(
            "`REFUSED_STREAM`, always",
            [refused(), refused(), refused()],
        )
        .on_idle_connection()
        .updates_sent(3)
        .fails(Transport, None),
        Scenario::new(
            "`RST_STREAM` with `INTERNAL_ERROR`",
            [Http2Behavior::ResetStream(INTERNAL_ERROR)],
        )
        .on_idle_connection()
        .fails_unknown(Transport, None),
        Scenario::new(
            "`RST_STREAM` with `INTERNAL_ERROR`, once",
            [Http2Behavior::ResetStream(INTERNAL_ERROR)],
        )
        .on_idle_connection()
        .retry_ambiguous()
        .updates_sent(2),
        Scenario::new(
            "`RST_STREAM` after the response head",
            [Http2Behavior::ResetAfterHead(INTERNAL_ERROR)],
        )
        .on_idle_connection()
        .fails_unknown(Transport, 200),
        Scenario::new::<Behavior>("`GOAWAY` after the earlier call", [])
            .after_call(Http2Behavior::RespondAndGoAway)
            .racy(),
        Scenario::new(
            "`GOAWAY` that excludes the request",
            [Http2Behavior::GoAwayUnprocessed],
        )
        .with(Bearer)
        .updates_sent(2),
        Scenario::new(
            "`GOAWAY` that includes the request",
            [Http2Behavior::GoAwayProcessed],
        )
        .with(Bearer)
        .fails_unknown(Transport, None),
        Scenario::new("new connection closed", [Http2Behavior::Close])
            .with(Bearer)
            .fails_unknown(Transport, None),
        Scenario::new("idle connection closed", [Http2Behavior::Close])
            .on_idle_connection()
            .updates_sent(2),
        Scenario::new("no response", [Http2Behavior::Hang])
            .on_idle_connection()
            .timed()
            .fails_unknown(Timeout, None),
    ];
    scenarios.into_iter().map(Scenario::over_http2).collect()
}

fn slow() -> Vec<Scenario> {
    let dripping = |text: &str| Behavior::from(Drip(text.as_bytes().to_vec(), DRIP_INTERVAL));
    let early_hints = "HTTP/1.1 103 Early Hints\r\n\r\n";
    vec![
        Scenario::new("no response", [Hang])
            .timed()
            .fails_unknown(Timeout, None),
        Scenario::new("no response, once", [Hang])
            .timed()
            .retry_ambiguous()
            .updates_sent(2)
            .at_least(ATTEMPT_TIMEOUT),
        Scenario::new("no response, always", [Hang, Hang, Hang])
            .timed()
            .retry_ambiguous()
            .updates_sent(3)
            .at_least(3 * ATTEMPT_TIMEOUT)
            .fails_unknown(Timeout, None),
        Scenario::new(
            "no response, always, with time for one and a half attempts",
            [Hang, Hang, Hang],
        )
        .timed()
        .total_timeout(ATTEMPT_TIMEOUT * 3 / 2)
        .retry_ambiguous()
        .updates_sent(2)
        .fails_unknown(Timeout, None),
        Scenario::new(
            "no response, with less time than the attempt timeout",
            [Hang],
        )
        .total_timeout(ATTEMPT_TIMEOUT)
        .fails_unknown(Timeout, None),
        Scenario::new(
            "response head one byte at a time",
            [dripping(&head(200, &[("Content-Length", "2")]))],
        )
        .timed()
        .fails_unknown(Timeout, None),
        Scenario::new(
            "success body one byte at a time",
            [announce(200, 999).then([Drip(vec![b' '; 999], DRIP_INTERVAL)])],
        )
        .timed()
        .fails_unknown(Timeout, None),
        Scenario::new(
            "error body one byte at a time",
            [announce(404, 999).then([Drip(vec![b' '; 999], DRIP_INTERVAL)])],
        )
        .timed()
        .fails(NotFound, 404),
        Scenario::new(
            "error body that never arrives",
            [announce(403, 999).then([Hang])],
        )
        .timed()
        .fails(Permission, 403),
        Scenario::new(
            "endless headers",
            [raw("HTTP/1.1 200 OK\r\n").then([Repeat(b"X: y\r\n".repeat(500), Duration::ZERO)])],
        )
        .fails_unknown(Transport, None),
        Scenario::new(
            "endless header value",
            [raw("HTTP/1.1 200 OK\r\nX: ").then([Repeat(vec![b'y'; 4096], Duration::ZERO)])],
        )
        .fails_unknown(Transport, None),
        Scenario::new(
            "endless success body",
            [announce(200, 1 << 40).then([Repeat(vec![b' '; 65536], Duration::ZERO)])],
        )
        .fails_unknown(Decode, 200),
        Scenario::new(
            "endless error body",
            [announce(502, 1 << 40).then([Repeat(vec![b'<'; 65536], Duration::ZERO)])],
        )
        .fails_unknown(Service, 502),
        Scenario::new(
            "`100 Continue`",
            [raw("HTTP/1.1 100 Continue\r\n\r\n").then(actions(success()))],
        ),
        Scenario::new(
            "`103 Early Hints`",
            [raw(early_hints).then(actions(success()))],
        ),
        Scenario::new(
            "endless `103 Early Hints`",
            [Repeat(early_hints.into(), Duration::from_millis(1))],
        )
        .timed()
        .fails_unknown(Timeout, None),
    ]
}

fn actions(behavior: Behavior) -> Vec<Action> {
    match behavior {
        Behavior::Http1(AfterRequest, actions) => actions,
        _ => Vec::new(),
    }
}

fn malformed() -> Vec<Scenario> {
    let chunked = head(200, &[("Transfer-Encoding", "chunked")]);
    let chunks = |chunks: &str| raw(&(chunked.clone() + chunks)).then([Close]);
    vec![
        Scenario::new(
            "response that is not HTTP",
            [raw("nonsense\r\n\r\n").then([Close])],
        )
        .fails_unknown(Transport, None),
        Scenario::new(
            "success body closed early",
            [announce(200, 99).then([Send(api_key().into_bytes()), Close])],
        )
        .fails_unknown(Transport, 200),
        Scenario::new(
            "success body reset",
            [announce(200, 99).then([Send(api_key().into_bytes()), Reset])],
        )
        .fails_unknown(Transport, 200),
        Scenario::new(
            "error body closed early",
            [announce(404, 99).then([Send(b"{\"det".into()), Close])],
        )
        .fails(NotFound, 404),
        Scenario::new(
            "body longer than its `Content-Length`",
            [announce(200, 10).then([Send(api_key().into_bytes())])],
        )
        .fails_unknown(Decode, 200),
        Scenario::new(
            "non-numeric `Content-Length`",
            [raw(&head(200, &[("Content-Length", "ten")])).then([Close])],
        )
        .fails_unknown(Transport, None),
        Scenario::new(
            "conflicting `Content-Length` headers",
            [raw(&head(
                200,
                &[("Content-Length", "10"), ("Content-Length", "11")],
            ))
            .then([Close])],
        )
        .fails_unknown(Transport, None),
        Scenario::new(
            "no `Content-Length`, then closed",
            [raw(&(head(200, &[]) + &api_key())).then([Close])],
        ),
        Scenario::new(
            "HTTP/1.0 response",
            [raw(&format!("HTTP/1.0 200 OK\r\n\r\n{}", api_key())).then([Close])],
        ),
        Scenario::new("chunk without a valid size", [chunks("x\r\n")])
            .fails_unknown(Transport, 200),
        Scenario::new(
            "chunk size that overflows",
            [chunks("fffffffffffffffff\r\n")],
        )
        .fails_unknown(Transport, 200),
        Scenario::new("missing last chunk", [chunks("1\r\n{\r\n")]).fails_unknown(Transport, 200),
        Scenario::new(
            "invalid gzip",
            [response(200, &[("Content-Encoding", "gzip")], &api_key())],
        )
        .fails_unknown(Decode, 200),
        Scenario::new(
            "success body of 1 MiB that expands to 1 GiB",
            [gzip_bomb(200, &[])],
        )
        .fails_unknown(Decode, 200),
        Scenario::new(
            "error body of 1 MiB that expands to 1 GiB",
            [gzip_bomb(404, &[])],
        )
        .fails(NotFound, 404),
        Scenario::new(
            "success body that is not UTF-8",
            [not_utf8(
                200,
                &[
                    format!(r#"{{"id":"{API_KEY_ID}","desc":""#).as_bytes(),
                    b"\xff\"}",
                ],
            )],
        )
        .fails_unknown(Decode, 200),
        Scenario::new(
            "error body that is not UTF-8",
            [not_utf8(400, &[b"{\"detail\":\"\xff\"}"])],
        )
        .fails(Input, 400),
    ]
}

fn not_utf8(status: u16, body: &[&[u8]]) -> Behavior {
    let body = body.concat();
    announce(status, body.len()).then([Send(body)])
}

fn successes() -> Vec<Scenario> {
    let undecodable =
        |name, behavior: Behavior| Scenario::new(name, [behavior]).fails_unknown(Decode, 200);
    vec![
        Scenario::new(
            "API key with an HTML content type",
            [response(200, &[HTML], &api_key())],
        ),
        Scenario::new(
            "API key with unknown fields and roles",
            [response(
                200,
                &[],
                &format!(
                    r#"{{"id":"{API_KEY_ID}","new":1,"roles":[{{"roleName":"ORG_NEW"}},{{}}]}}"#
                ),
            )],
        ),
        undecodable("HTML", html(200)),
        undecodable("empty body", empty(200, &[])),
        undecodable("`null`", response(200, &[], "null")),
        undecodable("JSON array", response(200, &[], "[]")),
        undecodable("`{}`", response(200, &[], "{}")),
        undecodable("truncated JSON", response(200, &[], &api_key()[..20])),
        undecodable(
            "JSON arrays nested 100,000 deep",
            response(200, &[], &"[".repeat(100_000)),
        ),
        undecodable(
            "envelope that was not requested",
            response(
                200,
                &[],
                &format!(r#"{{"status":200,"content":{}}}"#, api_key()),
            ),
        ),
        Scenario::new("204", [empty(204, &[])]).fails_unknown(Decode, 204),
        Scenario::new("202", [response(202, &[], "{}")]).fails_unknown(Decode, 202),
        Scenario::new(
            "API key in an envelope",
            [response(
                200,
                &[],
                &format!(r#"{{"status":200,"content":{}}}"#, api_key()),
            )],
        )
        .envelope(),
        Scenario::new("no envelope although one was requested", [success()]).envelope(),
        Scenario::new(
            "404 in an envelope",
            [response(
                200,
                &[],
                r#"{"status":404,"content":{"errorCode":"GROUP_NOT_FOUND"}}"#,
            )],
        )
        .envelope()
        .fails(NotFound, 404),
        Scenario::new(
            "500 in an envelope",
            [response(200, &[], r#"{"status":500,"content":null}"#)],
        )
        .envelope()
        .fails_unknown(Service, 500),
        Scenario::new(
            "503 in an envelope, once",
            [response(200, &[], r#"{"status":503,"content":null}"#)],
        )
        .envelope()
        .updates_sent(2),
    ]
}

fn errors() -> Vec<Scenario> {
    vec![
        Scenario::new("401 with an HTML body", [html(401)])
            .with(Digest)
            .fails(Permission, 401),
        Scenario::new("401 with an HTML body", [html(401)])
            .with(Bearer)
            .fails(Token, 401),
        Scenario::new("403 with an HTML body", [html(403)]).fails(Permission, 403),
        Scenario::new("404 with an HTML body", [html(404)]).fails(NotFound, 404),
        Scenario::new(
            "405 during a service upgrade",
            [service_error(405, "WRITES_NOT_ALLOWED_DURING_APP_UPGRADES")],
        )
        .fails(Service, 405),
        Scenario::new("409", [service_error(409, "ANY")]).fails(Conflict, 409),
        Scenario::new(
            "410 for an API version",
            [service_error(410, "VERSION_GONE")],
        )
        .fails(Version, 410),
        Scenario::new("unknown 4xx status", [service_error(499, "BRAND_NEW")]).fails(Service, 499),
        Scenario::new(
            "`101 Switching Protocols`",
            [raw(
                "HTTP/1.1 101 -\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
            )],
        )
        .fails_unknown(Service, 101),
        Scenario::new("undefined status", [empty(600, &[])]).fails_unknown(Service, 600),
        Scenario::new("500", [service_error(500, "UNEXPECTED_ERROR")]).fails_unknown(Service, 500),
        Scenario::new("500", [service_error(500, "UNEXPECTED_ERROR")])
            .retry_ambiguous()
            .fails_unknown(Service, 500),
        Scenario::new("502 with an HTML body", [html(502)]).fails_unknown(Service, 502),
        Scenario::new("502 with an HTML body, once", [html(502)])
            .retry_ambiguous()
            .updates_sent(2),
        Scenario::new(
            "502 with an HTML body, always",
            [html(502), html(502), html(502)],
        )
        .retry_ambiguous()
        .updates_sent(3)
        .fails_unknown(Service, 502),
        Scenario::new("504", [empty(504, &[])]).fails_unknown(Service, 504),
        Scenario::new("504, once", [empty(504, &[])])
            .retry_ambiguous()
            .updates_sent(2),
        Scenario::new(
            "502, then 404",
            [html(502), service_error(404, "ORG_NOT_FOUND")],
        )
        .retry_ambiguous()
        .updates_sent(2)
        .fails_unknown(NotFound, 404),
    ]
}

fn unavailable() -> Vec<Scenario> {
    let with = |status, wait: &str| empty(status, &[("Retry-After", wait)]);
    let thrice = |behavior: Behavior| iter::repeat_n(behavior, 3);
    let second = Duration::from_secs(1);
    let soon = |status: u16| -> Behavior {
        SendGenerated(match status {
            429 => || in_two_seconds(429, UNPADDED),
            _ => || in_two_seconds(503, UNPADDED),
        })
        .into()
    };
    let mut scenarios = Vec::new();
    for (status, kind) in [(429, RateLimited), (503, Service)] {
        let named = |name: &str| format!("{status}{name}");
        let fails = |scenario: Scenario| match status {
            429 => scenario.fails(kind, status),
            _ => scenario.fails_unknown(kind, status),
        };
        scenarios.extend([
            Scenario::new(named(", once"), [empty(status, &[])]).updates_sent(2),
            Scenario::new(named(", twice"), [empty(status, &[]), html(status)]).updates_sent(3),
            fails(Scenario::new(named(", always"), thrice(empty(status, &[]))).updates_sent(3)),
            Scenario::new(named(" with `Retry-After: 1`"), [with(status, "1")])
                .updates_sent(2)
                .at_least(second),
            Scenario::new(named(" with a `Retry-After` date"), [soon(status)])
                .updates_sent(2)
                .at_least(second / 2),
            Scenario::new(
                named(" with a past `Retry-After` date"),
                [with(status, "Mon, 5 Aug 2024 00:00:00 GMT")],
            )
            .updates_sent(2),
            Scenario::new(
                named(" with an invalid `Retry-After`"),
                [with(status, "soon")],
            )
            .updates_sent(2),
            fails(Scenario::new(
                named(" with `Retry-After: 3600`"),
                [with(status, "3600")],
            )),
            fails(Scenario::new(
                named(" with a `Retry-After` of 30 digits"),
                [with(status, &"9".repeat(30))],
            )),
            fails(
                Scenario::new(
                    named(", with a policy of one attempt"),
                    [empty(status, &[])],
                )
                .max_attempts(1),
            ),
        ]);
    }
    let dated = |name, generate: fn() -> String| {
        let scenario = Scenario::new(name, [SendGenerated(generate)]);
        scenario.updates_sent(2).at_least(second / 2)
    };
    scenarios.extend([
        dated("429 with a `Retry-After` date in RFC 850 format", || {
            in_two_seconds(429, "%A, %d-%b-%y %H:%M:%S GMT")
        }),
        dated("429 with a `Retry-After` date in asctime format", || {
            in_two_seconds(429, "%a %b %e %H:%M:%S %Y")
        }),
    ]);
    scenarios
}

const UNPADDED: &str = "%a, %-d %b %Y %H:%M:%S GMT";

/// Returns a response whose `Retry-After` date is in two seconds.
fn in_two_seconds(status: u16, form: &str) -> String {
    let then = chrono::Utc::now() + Duration::from_secs(2);
    let date = then.format(form).to_string();
    head(status, &[("Retry-After", &date), ("Content-Length", "0")])
}

fn redirects(redirect_target: &str) -> Vec<Scenario> {
    let to_target = [301, 302, 303, 307, 308].map(|status| {
        let name = format!("{status} to another port");
        Scenario::new(name, [redirect(status, redirect_target)]).fails(Redirect, status)
    });
    let without_location =
        Scenario::new("redirect without a `Location`", [empty(307, &[])]).fails(Redirect, 307);
    to_target.into_iter().chain([without_location]).collect()
}

fn redirect(status: u16, redirect_target: &str) -> Behavior {
    let target = format!("http://{redirect_target}/api/atlas/v2/orgs");
    empty(status, &[("Location", &target)])
}

fn authentication(redirect_target: &str) -> Vec<Scenario> {
    let challenge = |nonce: &str, stale: bool| {
        let text = format!(r#"Digest realm="r", nonce="{nonce}", qop="auth", stale={stale}"#);
        empty(401, &[("WWW-Authenticate", &text)])
    };
    let stale = |nonce: &str| challenge(nonce, true);
    let challenge_header = (
        "WWW-Authenticate",
        r#"Digest realm="r", nonce="n", qop="auth""#,
    );
    let bearer_challenge = || empty(401, &[("WWW-Authenticate", "Bearer")]);
    let denied = r#"{"error":"access_denied"}"#;
    vec![
        Scenario::new("stale nonce, once", [stale("b")])
            .with(Digest)
            .updates_sent(2),
        Scenario::new("stale nonce, twice", [stale("b"), stale("c")])
            .with(Digest)
            .updates_sent(3),
        Scenario::new("stale nonce, always", [stale("b"), stale("c"), stale("d")])
            .with(Digest)
            .updates_sent(3)
            .fails(Service, 401),
        Scenario::new("wrong private key", [challenge("b", false)])
            .with(Digest)
            .fails(Credentials, 401),
        Scenario::new(
            "401 for missing permissions",
            [service_error(401, "NOT_ORG_OWNER")],
        )
        .fails(Permission, 401),
        Scenario::handshake("challenge: no response, once", Digest, Hang).timed(),
        Scenario::handshake("challenge: connection reset, once", Digest, Reset),
        Scenario::handshake("challenge: connection reset, always", Digest, Reset)
            .repeat_handshake(3)
            .updates_sent(0)
            .fails(Transport, None),
        Scenario::handshake("challenge: 502, once", Digest, html(502)),
        Scenario::handshake("challenge: 503, once", Digest, html(503)),
        Scenario::handshake(
            "challenge: 401 with an HTML body and no challenge",
            Digest,
            html(401),
        )
        .updates_sent(0)
        .fails(Credentials, 401),
        Scenario::handshake(
            "challenge: body of 1 MiB that expands to 1 GiB",
            Digest,
            gzip_bomb(401, &[challenge_header]),
        ),
        Scenario::handshake(
            "challenge: body that never arrives",
            Digest,
            raw(&head(401, &[challenge_header, ("Content-Length", "9")])).then([Hang]),
        )
        .timed(),
        Scenario::handshake(
            "challenge: 307 to another port",
            Digest,
            redirect(307, redirect_target),
        )
        .updates_sent(0)
        .fails(Redirect, 307),
        Scenario::new("rejected token", [bearer_challenge()])
            .with(Bearer)
            .fails(Token, 401),
        Scenario::new("rejected token, once", [bearer_challenge()])
            .with(ServiceAccount)
            .updates_sent(2),
        Scenario::new(
            "rejected token, twice",
            [bearer_challenge(), bearer_challenge()],
        )
        .with(ServiceAccount)
        .updates_sent(2)
        .fails(Credentials, 401),
        Scenario::handshake("token endpoint: no response, once", ServiceAccount, Hang).timed(),
        Scenario::handshake(
            "token endpoint: connection reset, once",
            ServiceAccount,
            Reset,
        ),
        Scenario::handshake(
            "token endpoint: connection reset, always",
            ServiceAccount,
            Reset,
        )
        .repeat_handshake(3)
        .updates_sent(0)
        .fails(Transport, None),
        Scenario::handshake(
            "token endpoint: 429 with `Retry-After: 1`",
            ServiceAccount,
            empty(429, &[("Retry-After", "1")]),
        )
        .at_least(Duration::from_secs(1)),
        Scenario::handshake("token endpoint: 502, once", ServiceAccount, html(502)),
        Scenario::handshake("token endpoint: 503, always", ServiceAccount, html(503))
            .repeat_handshake(3)
            .updates_sent(0)
            .fails(Service, 503),
        Scenario::handshake(
            "token endpoint: 401",
            ServiceAccount,
            response(401, &[], r#"{"error":"invalid_client"}"#),
        )
        .updates_sent(0)
        .fails(Credentials, 401),
        Scenario::handshake(
            "token endpoint: 403, token limit reached",
            ServiceAccount,
            response(403, &[], denied),
        )
        .updates_sent(0)
        .fails(Credentials, 403),
        Scenario::handshake(
            "token endpoint: 200 with an HTML body",
            ServiceAccount,
            html(200),
        )
        .updates_sent(0)
        .fails(Decode, None),
        Scenario::handshake(
            "token endpoint: body closed early",
            ServiceAccount,
            announce(200, 99).then([Send(b"{\"access_token\":\"eyJ".into()), Close]),
        ),
        Scenario::handshake(
            "token endpoint: 307 to another port",
            ServiceAccount,
            redirect(307, redirect_target),
        )
        .updates_sent(0)
        .fails(Redirect, 307),
    ]
}
