//! Connections that fail.

use atlas_admin::ErrorKind::{Timeout, Transport};
use workspace_tests::fault_server::{
    Action::{Close, Hang, Reset, Send},
    Behavior, Http2Behavior,
    InjectionPoint::{BeforeRequest, DuringRequest},
};

use super::behaviors::{announce, empty, raw, success};
use crate::scenario::{Auth::Bearer, Scenario};

pub(super) fn connections() -> Vec<Scenario> {
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

pub(super) fn idle_connections() -> Vec<Scenario> {
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

pub(super) fn http2() -> Vec<Scenario> {
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
