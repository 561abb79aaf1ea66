//! Slow, malformed and unusual responses.

use std::time::Duration;

use atlas_admin::ErrorKind::{
    Decode, Input, Mismatch, NotFound, Permission, Service, Timeout, Transport,
};
use workspace_tests::{
    fault_server::{
        Action::{self, Close, Drip, Hang, Repeat, Reset, Send},
        Behavior,
        InjectionPoint::AfterRequest,
        head, response,
    },
    ids::{API_KEY_ID, ORG_ID, OTHER_API_KEY_ID, PROJECT_ID, UNKNOWN_ID},
};

use super::behaviors::{
    DRIP_INTERVAL, HTML, announce, api_key, empty, gzip_bomb, html, raw, success,
};
use crate::scenario::{ATTEMPT_TIMEOUT, Scenario};

pub(super) fn slow() -> Vec<Scenario> {
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

pub(super) fn malformed() -> Vec<Scenario> {
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
            [announce(200, 999).then([Send(api_key().into_bytes()), Close])],
        )
        .fails_unknown(Transport, 200),
        Scenario::new(
            "success body reset",
            [announce(200, 999).then([Send(api_key().into_bytes()), Reset])],
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

pub(super) fn successes() -> Vec<Scenario> {
    let undecodable =
        |name, behavior: Behavior| Scenario::new(name, [behavior]).fails_unknown(Decode, 200);
    let requested = format!(
        r#"{{"orgId":"{ORG_ID}","roleName":"ORG_READ_ONLY"}},{{"groupId":"{PROJECT_ID}","roleName":"GROUP_READ_ONLY"}}"#
    );
    let unknown = format!(r#"{{"groupId":"{UNKNOWN_ID}","roleName":"GROUP_NEW"}}"#);
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
                &format!(r#"{{"id":"{API_KEY_ID}","new":1,"roles":[{requested},{unknown},{{}}]}}"#),
            )],
        ),
        undecodable(
            "another API key",
            response(200, &[], &format!(r#"{{"id":"{OTHER_API_KEY_ID}"}}"#)),
        ),
        Scenario::new(
            "API key with other roles than the update set",
            [response(
                200,
                &[],
                &format!(r#"{{"id":"{API_KEY_ID}","roles":[{unknown}]}}"#),
            )],
        )
        .fails_unknown(Mismatch, 200),
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
