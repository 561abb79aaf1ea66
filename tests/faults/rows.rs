//! The table.

use std::{iter, time::Duration};

use ErrorKind::*;
use atlas_admin::ErrorKind;
use flate2::{Compress, Compression, FlushCompress};
use workspace_tests::faulty::{
    Act, Http2, KEY,
    Moment::{Arrived, HalfRead, Read},
    Part::{Close, Drip, Repeat, Reset, Send, SendNow, Wait},
    answer, head,
};

use crate::row::{
    ATTEMPT,
    Auth::{Account, Bearer, Digest},
    Row,
};

/// Scenarios of one sort.
pub(crate) struct Section {
    pub(crate) title: &'static str,
    pub(crate) rows: Vec<Row>,
}

/// The table. Redirects in it point to the address `elsewhere`.
pub(crate) fn sections(elsewhere: &str) -> Vec<Section> {
    let section = |title, rows| Section { title, rows };
    vec![
        section("Connections that fail", connections()),
        section("Connections that were kept from an earlier call", kept()),
        section("HTTP/2", http2()),
        section("Answers that come too slowly, or not at all", slow()),
        section("Answers that are broken", broken()),
        section("Successes that are none", successes()),
        section(
            "Failures of the service, and of what stands in front of it",
            failures(),
        ),
        section("Rate limits and unavailability", unavailable()),
        section("Redirects", redirects(elsewhere)),
        section("Signing in", signing_in(elsewhere)),
    ]
}

const HTML: (&str, &str) = ("Content-Type", "text/html");
const PAGE: &str = "<!doctype html><title>Oops</title>";
const DRIP: Duration = Duration::from_millis(60);

fn key() -> String {
    format!(r#"{{"id":"{KEY}","roles":[]}}"#)
}

fn good() -> Act {
    answer(200, &[], &key())
}

fn html(status: u16) -> Act {
    answer(status, &[HTML], PAGE)
}

fn refusal(status: u16, code: &str) -> Act {
    let body = format!(
        r#"{{"detail":"No.","error":{status},"errorCode":"{code}","parameters":[null,1,{{}}]}}"#
    );
    answer(status, &[], &body)
}

fn empty(status: u16, headers: &[(&str, &str)]) -> Act {
    answer(status, headers, "")
}

fn raw(text: &str) -> Act {
    Act::from(text)
}

/// A head that promises `length` bytes of body.
fn promise(status: u16, length: usize) -> Act {
    raw(&head(status, &[("Content-Length", &length.to_string())]))
}

/// 1 GiB of zeros, in 1 MiB.
fn bomb(status: u16, headers: &[(&str, &str)]) -> Act {
    let body = zeros();
    let length = body.len().to_string();
    let all = [
        headers,
        &[("Content-Encoding", "gzip"), ("Content-Length", &length)],
    ]
    .concat();
    raw(&head(status, &all)).then([Send(body)])
}

/// A flush makes a piece that does not depend on those before it, so that one of 1 MiB
/// can stand for all of them. Whoever gets to the checksum at the end has read too much.
fn zeros() -> Vec<u8> {
    const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
    const LAST_BLOCK: [u8; 2] = [3, 0];
    let mut piece = Vec::with_capacity(1 << 16);
    Compress::new(Compression::best(), false)
        .compress_vec(&vec![0; 1 << 20], &mut piece, FlushCompress::Full)
        .unwrap();
    [&HEADER[..], &piece.repeat(1024), &LAST_BLOCK, &[0; 8]].concat()
}

fn connections() -> Vec<Row> {
    vec![
        Row::nobody("nobody listens").fails(Transport, None),
        Row::new(
            "reset with the request unread",
            [Act::Http1(Arrived, vec![Reset])],
        )
        .leaves_open(Transport, None),
        Row::new(
            "reset amid the request",
            [Act::Http1(HalfRead, vec![Reset])],
        )
        .leaves_open(Transport, None),
        Row::new("reset after the request", [Reset]).leaves_open(Transport, None),
        Row::new("closed after the request", [Close]).leaves_open(Transport, None),
        Row::new("reset after the request, once", [Reset])
            .replayed()
            .sent(2),
        Row::new(
            "reset amid the request, once",
            [Act::Http1(HalfRead, vec![Reset])],
        )
        .replayed()
        .sent(2),
        Row::new("reset after the request, twice", [Reset, Reset])
            .replayed()
            .sent(3),
        Row::new("reset after the request, always", [Reset, Reset, Reset])
            .replayed()
            .sent(3)
            .leaves_open(Transport, None),
        Row::new(
            "reset amid the head of the answer",
            [raw("HTTP/1.1 200 OK\r\nContent-Le").then([Reset])],
        )
        .leaves_open(Transport, None),
        Row::new(
            "closed amid the head of the answer",
            [raw("HTTP/1.1 200 OK\r\nContent-Le").then([Close])],
        )
        .leaves_open(Transport, None),
        Row::new(
            "unavailable, then reset",
            [
                empty(503, &[("Connection", "close")]).then([Close]),
                Reset.into(),
            ],
        )
        .sent(2)
        .leaves_open(Transport, None),
    ]
}

fn kept() -> Vec<Row> {
    vec![
        Row::new::<Act>("closed before the next request", [])
            .after(good().then([Close]))
            .race(),
        Row::new::<Act>("an answer that nobody asked for", [])
            .after(good().then([Send(b"HTTP/1.1 404 -\r\nContent-Length: 0\r\n\r\n".into())]))
            .race(),
        Row::new("closed with the next request read", [Close])
            .kept()
            .sent(2),
        Row::new("reset with the next request read", [Reset])
            .kept()
            .sent(2),
        Row::new(
            "reset with the next request unread",
            [Act::Http1(Arrived, vec![Reset])],
        )
        .kept()
        .sent(2),
        Row::new("closed, and so is the new one", [Close, Close])
            .kept()
            .sent(2)
            .leaves_open(Transport, None),
        Row::new(
            "closed, and the service is unavailable then",
            [Close.into(), empty(503, &[])],
        )
        .kept()
        .sent(3),
        Row::new("closed, and the policy is one attempt", [Close])
            .kept()
            .max_attempts(1)
            .leaves_open(Transport, None),
        Row::new(
            "something that is not HTTP",
            [raw("nonsense\r\n\r\n").then([Close])],
        )
        .kept()
        .leaves_open(Transport, None),
        Row::new(
            "closed amid the body of the answer",
            [promise(200, 99).then([Close])],
        )
        .kept()
        .leaves_open(Transport, 200),
        Row::new("no answer", [Wait])
            .kept()
            .timed()
            .leaves_open(Timeout, None),
    ]
}

fn http2() -> Vec<Row> {
    const INTERNAL_ERROR: u32 = 2;
    const REFUSED_STREAM: u32 = 7;
    let refused = || Http2::ResetStream(REFUSED_STREAM);
    let rows = vec![
        Row::new::<Act>("nothing goes wrong", []).kept(),
        Row::new("`REFUSED_STREAM`, once", [refused()])
            .kept()
            .sent(2),
        Row::new(
            "`REFUSED_STREAM`, always",
            [refused(), refused(), refused()],
        )
        .kept()
        .sent(3)
        .fails(Transport, None),
        Row::new(
            "`RST_STREAM` for another reason",
            [Http2::ResetStream(INTERNAL_ERROR)],
        )
        .kept()
        .leaves_open(Transport, None),
        Row::new(
            "`RST_STREAM` for another reason, once",
            [Http2::ResetStream(INTERNAL_ERROR)],
        )
        .kept()
        .replayed()
        .sent(2),
        Row::new(
            "`RST_STREAM` after the head of the answer",
            [Http2::ResetAnswer(INTERNAL_ERROR)],
        )
        .kept()
        .leaves_open(Transport, 200),
        Row::new::<Act>("`GOAWAY` after the earlier call", [])
            .after(Http2::ServeAndGoAway)
            .race(),
        Row::new(
            "`GOAWAY` that leaves the request out",
            [Http2::GoAwayWithout],
        )
        .only(&[Bearer])
        .sent(2),
        Row::new("`GOAWAY` that covers the request", [Http2::GoAwayWith])
            .only(&[Bearer])
            .leaves_open(Transport, None),
        Row::new("a connection that is cut", [Http2::Cut])
            .only(&[Bearer])
            .leaves_open(Transport, None),
        Row::new("a kept connection that is cut", [Http2::Cut])
            .kept()
            .sent(2),
        Row::new("no answer", [Http2::Wait])
            .kept()
            .timed()
            .leaves_open(Timeout, None),
    ];
    rows.into_iter().map(Row::over_http2).collect()
}

fn slow() -> Vec<Row> {
    let slowly = |text: &str| Act::from(Drip(text.as_bytes().to_vec(), DRIP));
    let hint = "HTTP/1.1 103 Early Hints\r\n\r\n";
    vec![
        Row::new("no answer", [Wait])
            .timed()
            .leaves_open(Timeout, None),
        Row::new("no answer, once", [Wait])
            .timed()
            .replayed()
            .sent(2)
            .at_least(ATTEMPT),
        Row::new("no answer, ever", [Wait, Wait, Wait])
            .timed()
            .replayed()
            .sent(3)
            .at_least(3 * ATTEMPT)
            .leaves_open(Timeout, None),
        Row::new(
            "no answer, ever, and time for one attempt and a half",
            [Wait, Wait, Wait],
        )
        .timed()
        .total(ATTEMPT * 3 / 2)
        .replayed()
        .sent(2)
        .leaves_open(Timeout, None),
        Row::new("no answer, and less time than for an attempt", [Wait])
            .total(ATTEMPT)
            .leaves_open(Timeout, None),
        Row::new(
            "a head that drips",
            [slowly(&head(200, &[("Content-Length", "2")]))],
        )
        .timed()
        .leaves_open(Timeout, None),
        Row::new(
            "a success whose body drips",
            [promise(200, 999).then([Drip(vec![b' '; 999], DRIP)])],
        )
        .timed()
        .leaves_open(Timeout, None),
        Row::new(
            "a refusal whose body drips",
            [promise(404, 999).then([Drip(vec![b' '; 999], DRIP)])],
        )
        .timed()
        .fails(NotFound, 404),
        Row::new(
            "a refusal whose body never comes",
            [promise(403, 999).then([Wait])],
        )
        .timed()
        .fails(Permission, 403),
        Row::new(
            "headers without end",
            [raw("HTTP/1.1 200 OK\r\n").then([Repeat(b"X: y\r\n".repeat(500), Duration::ZERO)])],
        )
        .leaves_open(Transport, None),
        Row::new(
            "a header without end",
            [raw("HTTP/1.1 200 OK\r\nX: ").then([Repeat(vec![b'y'; 4096], Duration::ZERO)])],
        )
        .leaves_open(Transport, None),
        Row::new(
            "a success without end",
            [promise(200, 1 << 40).then([Repeat(vec![b' '; 65536], Duration::ZERO)])],
        )
        .leaves_open(Decode, 200),
        Row::new(
            "a page without end",
            [promise(502, 1 << 40).then([Repeat(vec![b'<'; 65536], Duration::ZERO)])],
        )
        .leaves_open(Service, 502),
        Row::new(
            "`100 Continue`",
            [raw("HTTP/1.1 100 Continue\r\n\r\n").then(parts(good()))],
        ),
        Row::new("`103 Early Hints`", [raw(hint).then(parts(good()))]),
        Row::new(
            "`103 Early Hints` without end",
            [Repeat(hint.into(), Duration::from_millis(1))],
        )
        .timed()
        .leaves_open(Timeout, None),
    ]
}

fn parts(act: Act) -> Vec<workspace_tests::faulty::Part> {
    match act {
        Act::Http1(Read, parts) => parts,
        _ => Vec::new(),
    }
}

fn broken() -> Vec<Row> {
    let chunked = head(200, &[("Transfer-Encoding", "chunked")]);
    let chunks = |chunks: &str| raw(&(chunked.clone() + chunks)).then([Close]);
    vec![
        Row::new(
            "nonsense in place of HTTP",
            [raw("nonsense\r\n\r\n").then([Close])],
        )
        .leaves_open(Transport, None),
        Row::new(
            "a body that is cut",
            [promise(200, 99).then([Send(key().into_bytes()), Close])],
        )
        .leaves_open(Transport, 200),
        Row::new(
            "a body that is reset",
            [promise(200, 99).then([Send(key().into_bytes()), Reset])],
        )
        .leaves_open(Transport, 200),
        Row::new(
            "a refusal that is cut",
            [promise(404, 99).then([Send(b"{\"det".into()), Close])],
        )
        .fails(NotFound, 404),
        Row::new(
            "a body longer than its `Content-Length`",
            [promise(200, 10).then([Send(key().into_bytes())])],
        )
        .leaves_open(Decode, 200),
        Row::new(
            "a `Content-Length` that is no number",
            [raw(&head(200, &[("Content-Length", "ten")])).then([Close])],
        )
        .leaves_open(Transport, None),
        Row::new(
            "two `Content-Length`s",
            [raw(&head(
                200,
                &[("Content-Length", "10"), ("Content-Length", "11")],
            ))
            .then([Close])],
        )
        .leaves_open(Transport, None),
        Row::new(
            "no `Content-Length`, and closed",
            [raw(&(head(200, &[]) + &key())).then([Close])],
        ),
        Row::new(
            "HTTP/1.0",
            [raw(&format!("HTTP/1.0 200 OK\r\n\r\n{}", key())).then([Close])],
        ),
        Row::new("a chunk of no size", [chunks("x\r\n")]).leaves_open(Transport, 200),
        Row::new(
            "a chunk of too large a size",
            [chunks("fffffffffffffffff\r\n")],
        )
        .leaves_open(Transport, 200),
        Row::new("no last chunk", [chunks("1\r\n{\r\n")]).leaves_open(Transport, 200),
        Row::new(
            "gzip that is none",
            [answer(200, &[("Content-Encoding", "gzip")], &key())],
        )
        .leaves_open(Decode, 200),
        Row::new("1 GiB of zeros in 1 MiB of gzip", [bomb(200, &[])]).leaves_open(Decode, 200),
        Row::new("the same for a refusal", [bomb(404, &[])]).fails(NotFound, 404),
        Row::new(
            "a success that is not UTF-8",
            [unreadable(
                200,
                &[format!(r#"{{"id":"{KEY}","desc":""#).as_bytes(), b"\xff\"}"],
            )],
        )
        .leaves_open(Decode, 200),
        Row::new(
            "a refusal that is not UTF-8",
            [unreadable(400, &[b"{\"detail\":\"\xff\"}"])],
        )
        .fails(Input, 400),
    ]
}

fn unreadable(status: u16, body: &[&[u8]]) -> Act {
    let body = body.concat();
    promise(status, body.len()).then([Send(body)])
}

fn successes() -> Vec<Row> {
    let open = |name, act: Act| Row::new(name, [act]).leaves_open(Decode, 200);
    vec![
        Row::new("a key that says it is HTML", [answer(200, &[HTML], &key())]),
        Row::new(
            "a key with fields and roles of tomorrow",
            [answer(
                200,
                &[],
                &format!(r#"{{"id":"{KEY}","new":1,"roles":[{{"roleName":"ORG_NEW"}},{{}}]}}"#),
            )],
        ),
        open("HTML", html(200)),
        open("no body", empty(200, &[])),
        open("`null`", answer(200, &[], "null")),
        open("a list", answer(200, &[], "[]")),
        open("`{}`", answer(200, &[], "{}")),
        open("half of a key", answer(200, &[], &key()[..20])),
        open(
            "brackets in 100,000 brackets",
            answer(200, &[], &"[".repeat(100_000)),
        ),
        open(
            "an envelope that was not asked for",
            answer(
                200,
                &[],
                &format!(r#"{{"status":200,"content":{}}}"#, key()),
            ),
        ),
        Row::new("204", [empty(204, &[])]).leaves_open(Decode, 204),
        Row::new("202", [answer(202, &[], "{}")]).leaves_open(Decode, 202),
        Row::new(
            "a key in an envelope",
            [answer(
                200,
                &[],
                &format!(r#"{{"status":200,"content":{}}}"#, key()),
            )],
        )
        .enveloped(),
        Row::new("no envelope where one was asked for", [good()]).enveloped(),
        Row::new(
            "an error in an envelope",
            [answer(
                200,
                &[],
                r#"{"status":404,"content":{"errorCode":"GROUP_NOT_FOUND"}}"#,
            )],
        )
        .enveloped()
        .fails(NotFound, 404),
        Row::new(
            "a failure in an envelope",
            [answer(200, &[], r#"{"status":500,"content":null}"#)],
        )
        .enveloped()
        .leaves_open(Service, 500),
        Row::new(
            "unavailability in an envelope, once",
            [answer(200, &[], r#"{"status":503,"content":null}"#)],
        )
        .enveloped()
        .sent(2),
    ]
}

fn failures() -> Vec<Row> {
    vec![
        Row::new("401 in HTML", [html(401)])
            .only(&[Digest])
            .fails(Permission, 401),
        Row::new("401 in HTML, to a token", [html(401)])
            .only(&[Bearer])
            .fails(Token, 401),
        Row::new("403 in HTML", [html(403)]).fails(Permission, 403),
        Row::new("404 in HTML", [html(404)]).fails(NotFound, 404),
        Row::new(
            "405 during an upgrade",
            [refusal(405, "WRITES_NOT_ALLOWED_DURING_APP_UPGRADES")],
        )
        .fails(Service, 405),
        Row::new("409", [refusal(409, "ANY")]).fails(Conflict, 409),
        Row::new("410 for a version", [refusal(410, "VERSION_GONE")]).fails(Version, 410),
        Row::new("an unknown 4xx", [refusal(499, "BRAND_NEW")]).fails(Service, 499),
        Row::new(
            "`101 Switching Protocols`",
            [raw(
                "HTTP/1.1 101 -\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
            )],
        )
        .leaves_open(Service, 101),
        Row::new("a status that there is not", [empty(600, &[])]).leaves_open(Service, 600),
        Row::new("500", [refusal(500, "UNEXPECTED_ERROR")]).leaves_open(Service, 500),
        Row::new("500", [refusal(500, "UNEXPECTED_ERROR")])
            .replayed()
            .leaves_open(Service, 500),
        Row::new("502 in HTML", [html(502)]).leaves_open(Service, 502),
        Row::new("502 in HTML, once", [html(502)])
            .replayed()
            .sent(2),
        Row::new("502 in HTML, always", [html(502), html(502), html(502)])
            .replayed()
            .sent(3)
            .leaves_open(Service, 502),
        Row::new("504", [empty(504, &[])]).leaves_open(Service, 504),
        Row::new("504, once", [empty(504, &[])]).replayed().sent(2),
        Row::new(
            "502, then not found",
            [html(502), refusal(404, "ORG_NOT_FOUND")],
        )
        .replayed()
        .sent(2)
        .leaves_open(NotFound, 404),
    ]
}

fn unavailable() -> Vec<Row> {
    let with = |status, wait: &str| empty(status, &[("Retry-After", wait)]);
    let thrice = |act: Act| iter::repeat_n(act, 3);
    let second = Duration::from_secs(1);
    let soon = |status: u16| -> Act {
        SendNow(match status {
            429 => || in_two_seconds(429, UNPADDED),
            _ => || in_two_seconds(503, UNPADDED),
        })
        .into()
    };
    let mut rows = Vec::new();
    for (status, kind, names) in [
        (
            429,
            RateLimited,
            [
                "429, once",
                "429, twice",
                "429, always",
                "429 and `Retry-After: 1`",
                "429 and `Retry-After` as a date",
                "429 and `Retry-After` as a date gone by",
                "429 and a `Retry-After` that is neither",
                "429 and `Retry-After: 3600`",
                "429 and a `Retry-After` of 30 digits",
                "429, and the policy is one attempt",
            ],
        ),
        (
            503,
            Service,
            [
                "503, once",
                "503, twice",
                "503, always",
                "503 and `Retry-After: 1`",
                "503 and `Retry-After` as a date",
                "503 and `Retry-After` as a date gone by",
                "503 and a `Retry-After` that is neither",
                "503 and `Retry-After: 3600`",
                "503 and a `Retry-After` of 30 digits",
                "503, and the policy is one attempt",
            ],
        ),
    ] {
        let fails = |row: Row| match status {
            429 => row.fails(kind, status),
            _ => row.leaves_open(kind, status),
        };
        let [
            once,
            twice,
            always,
            seconds,
            date,
            past,
            neither,
            hour,
            absurd,
            single,
        ] = names;
        let past_date = "Mon, 5 Aug 2024 00:00:00 GMT";
        rows.extend([
            Row::new(once, [empty(status, &[])]).sent(2),
            Row::new(twice, [empty(status, &[]), html(status)]).sent(3),
            fails(Row::new(always, thrice(empty(status, &[]))).sent(3)),
            Row::new(seconds, [with(status, "1")])
                .sent(2)
                .at_least(second),
            Row::new(date, [soon(status)]).sent(2).at_least(second / 2),
            Row::new(past, [with(status, past_date)]).sent(2),
            Row::new(neither, [with(status, "soon")]).sent(2),
            fails(Row::new(hour, [with(status, "3600")])),
            fails(Row::new(absurd, [with(status, &"9".repeat(30))])),
            fails(Row::new(single, [empty(status, &[])]).max_attempts(1)),
        ]);
    }
    let dated = |name, answer: fn() -> String| {
        let row = Row::new(name, [SendNow(answer)]);
        row.sent(2).at_least(second / 2)
    };
    rows.extend([
        dated("429 and `Retry-After` as a date of RFC 850", || {
            in_two_seconds(429, "%A, %d-%b-%y %H:%M:%S GMT")
        }),
        dated("429 and `Retry-After` as a date of C's `asctime`", || {
            in_two_seconds(429, "%a %b %e %H:%M:%S %Y")
        }),
    ]);
    rows
}

const UNPADDED: &str = "%a, %-d %b %Y %H:%M:%S GMT";

/// An answer that asks to come again then.
fn in_two_seconds(status: u16, form: &str) -> String {
    let then = chrono::Utc::now() + Duration::from_secs(2);
    let date = then.format(form).to_string();
    head(status, &[("Retry-After", &date), ("Content-Length", "0")])
}

fn redirects(elsewhere: &str) -> Vec<Row> {
    [
        (301, "301 to another port"),
        (302, "302 to another port"),
        (303, "303 to another port"),
        (307, "307 to another port"),
        (308, "308 to another port"),
    ]
    .into_iter()
    .map(|(status, name)| Row::new(name, [moved(status, elsewhere)]).fails(Redirect, status))
    .chain([Row::new("a redirect to nowhere", [empty(307, &[])]).fails(Redirect, 307)])
    .collect()
}

fn moved(status: u16, elsewhere: &str) -> Act {
    let target = format!("http://{elsewhere}/api/atlas/v2/orgs");
    empty(status, &[("Location", &target)])
}

fn signing_in(elsewhere: &str) -> Vec<Row> {
    let challenge = |nonce: &str, stale: bool| {
        let text = format!(r#"Digest realm="r", nonce="{nonce}", qop="auth", stale={stale}"#);
        empty(401, &[("WWW-Authenticate", &text)])
    };
    let stale = |nonce: &str| challenge(nonce, true);
    let bare = (
        "WWW-Authenticate",
        r#"Digest realm="r", nonce="n", qop="auth""#,
    );
    let bearer = || empty(401, &[("WWW-Authenticate", "Bearer")]);
    let denied = r#"{"error":"access_denied"}"#;
    vec![
        Row::new("a stale nonce", [stale("b")])
            .only(&[Digest])
            .sent(2),
        Row::new("two stale nonces", [stale("b"), stale("c")])
            .only(&[Digest])
            .sent(3),
        Row::new(
            "nothing but stale nonces",
            [stale("b"), stale("c"), stale("d")],
        )
        .only(&[Digest])
        .sent(3)
        .fails(Service, 401),
        Row::new("a wrong password", [challenge("b", false)])
            .only(&[Digest])
            .fails(Credentials, 401),
        Row::new("a 401 about rights", [refusal(401, "NOT_ORG_OWNER")]).fails(Permission, 401),
        Row::handshake("the challenge: no answer, once", Digest, Wait).timed(),
        Row::handshake("the challenge: reset, once", Digest, Reset),
        Row::handshake("the challenge: reset, always", Digest, Reset)
            .handshakes(3)
            .sent(0)
            .fails(Transport, None),
        Row::handshake("the challenge: 502, once", Digest, html(502)),
        Row::handshake("the challenge: 503, once", Digest, html(503)),
        Row::handshake("the challenge: a 401 of HTML", Digest, html(401))
            .sent(0)
            .fails(Credentials, 401),
        Row::handshake("the challenge: 1 GiB of zeros", Digest, bomb(401, &[bare])),
        Row::handshake(
            "the challenge: a body that never comes",
            Digest,
            raw(&head(401, &[bare, ("Content-Length", "9")])).then([Wait]),
        )
        .timed(),
        Row::handshake(
            "the challenge: 307 to another port",
            Digest,
            moved(307, elsewhere),
        )
        .sent(0)
        .fails(Redirect, 307),
        Row::new("a token that is refused", [bearer()])
            .only(&[Bearer])
            .fails(Token, 401),
        Row::new("a fetched token that is refused, once", [bearer()])
            .only(&[Account])
            .sent(2),
        Row::new(
            "a fetched token that is refused, twice",
            [bearer(), bearer()],
        )
        .only(&[Account])
        .sent(2)
        .fails(Credentials, 401),
        Row::handshake("the token endpoint: no answer, once", Account, Wait).timed(),
        Row::handshake("the token endpoint: reset, once", Account, Reset),
        Row::handshake("the token endpoint: reset, always", Account, Reset)
            .handshakes(3)
            .sent(0)
            .fails(Transport, None),
        Row::handshake(
            "the token endpoint: 429 and `Retry-After: 1`",
            Account,
            empty(429, &[("Retry-After", "1")]),
        )
        .at_least(Duration::from_secs(1)),
        Row::handshake("the token endpoint: 502, once", Account, html(502)),
        Row::handshake("the token endpoint: 503, always", Account, html(503))
            .handshakes(3)
            .sent(0)
            .fails(Service, 503),
        Row::handshake(
            "the token endpoint: 401",
            Account,
            answer(401, &[], r#"{"error":"invalid_client"}"#),
        )
        .sent(0)
        .fails(Credentials, 401),
        Row::handshake(
            "the token endpoint: too many tokens",
            Account,
            answer(403, &[], denied),
        )
        .sent(0)
        .fails(Credentials, 403),
        Row::handshake("the token endpoint: HTML", Account, html(200))
            .sent(0)
            .fails(Decode, None),
        Row::handshake(
            "the token endpoint: half of a token",
            Account,
            promise(200, 99).then([Send(b"{\"access_token\":\"eyJ".into()), Close]),
        ),
        Row::handshake(
            "the token endpoint: 307 to another port",
            Account,
            moved(307, elsewhere),
        )
        .sent(0)
        .fails(Redirect, 307),
    ]
}
