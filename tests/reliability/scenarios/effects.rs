//! Faults that calls survive or not, depending on what their operation does.

use atlas_admin::ErrorKind::{self, Decode, NotFound, RateLimited, Service, Timeout, Transport};
use workspace_tests::fault_server::{
    Action::{Close, Hang, Reset, Send},
    Behavior, Http2Behavior,
};

use super::behaviors::{announce, api_key, empty, html, service_error, success};
use crate::scenario::{
    ATTEMPT_TIMEOUT,
    Auth::{Bearer, Digest, ServiceAccount},
    Operation::{CreateOrgApiKey, DeleteOrgApiKey, GetOrgApiKey, UpdateOrgApiKey},
    Outcome, Scenario,
};

/// A fault, and how a call of each effect ends: read, set, delete and create.
pub(crate) struct EffectRow(pub(crate) Vec<Scenario>);

/// How many requests with credentials arrive, and how the call ends.
type Expected = (u32, Outcome);

fn succeeds(requests: u32) -> Expected {
    (requests, Outcome::Succeeds)
}

fn fails(requests: u32, kind: ErrorKind, status: impl Into<Option<u16>>) -> Expected {
    let outcome = Outcome::Fails {
        kind,
        status: status.into(),
        outcome_unknown: false,
    };
    (requests, outcome)
}

fn unknown(requests: u32, kind: ErrorKind, status: impl Into<Option<u16>>) -> Expected {
    let outcome = Outcome::Fails {
        kind,
        status: status.into(),
        outcome_unknown: true,
    };
    (requests, outcome)
}

/// A read fails like this, and other operations with an unknown outcome.
fn unknown_if_not_read(kind: ErrorKind, status: u16) -> [Expected; 4] {
    let unknown = || unknown(1, kind, status);
    [fails(1, kind, status), unknown(), unknown(), unknown()]
}

fn all(expected: fn() -> Expected) -> [Expected; 4] {
    [expected(), expected(), expected(), expected()]
}

fn row(fault: Scenario, expected: [Expected; 4]) -> EffectRow {
    let operations = [
        GetOrgApiKey,
        UpdateOrgApiKey,
        DeleteOrgApiKey,
        CreateOrgApiKey,
    ];
    let scenarios = operations.into_iter().zip(expected);
    let scenarios = scenarios.map(|(operation, (requests, outcome))| {
        let mut scenario = fault.clone().of(operation).updates_sent(requests);
        scenario.outcome = outcome;
        scenario
    });
    EffectRow(scenarios.collect())
}

pub(super) fn rows() -> Vec<EffectRow> {
    let mut rows = before_processing();
    rows.extend(while_processing());
    rows.extend(not_found());
    rows.extend(successes());
    rows
}

/// Faults after which nothing can have been applied.
fn before_processing() -> Vec<EffectRow> {
    const REFUSED_STREAM: u32 = 7;
    let stale = r#"Digest realm="r", nonce="b", qop="auth", stale=true"#;
    vec![
        row(
            Scenario::without_server("nothing listens on the port"),
            all(|| fails(0, Transport, None)),
        ),
        row(
            Scenario::handshake(
                "connection reset instead of a challenge, once",
                Digest,
                Reset,
            ),
            all(|| succeeds(1)),
        ),
        row(
            Scenario::handshake("503 instead of a challenge, once", Digest, empty(503, &[])),
            all(|| succeeds(1)),
        ),
        row(
            Scenario::new(
                "stale nonce, once",
                [empty(401, &[("WWW-Authenticate", stale)])],
            )
            .with(Digest),
            all(|| succeeds(2)),
        ),
        row(
            Scenario::handshake("502 instead of a token, once", ServiceAccount, html(502)),
            all(|| succeeds(1)),
        ),
        row(
            Scenario::new(
                "rejected token, once",
                [empty(401, &[("WWW-Authenticate", "Bearer")])],
            )
            .with(ServiceAccount),
            all(|| succeeds(2)),
        ),
        row(
            Scenario::new(
                "HTTP/2 `REFUSED_STREAM`, once",
                [Http2Behavior::ResetStream(REFUSED_STREAM)],
            )
            .over_http2(),
            all(|| succeeds(2)),
        ),
        row(
            Scenario::new(
                "HTTP/2 `GOAWAY` that excludes the request",
                [Http2Behavior::GoAwayUnprocessed],
            )
            .over_http2()
            .with(Bearer),
            all(|| succeeds(2)),
        ),
        row(
            Scenario::new::<Behavior>("idle connection closed before the request", [])
                .after_call(success().then([Close]))
                .racy(),
            all(|| succeeds(1)),
        ),
        row(
            Scenario::new("429, once", [empty(429, &[])]),
            all(|| succeeds(2)),
        ),
        row(
            Scenario::new(
                "429, always",
                [empty(429, &[]), empty(429, &[]), empty(429, &[])],
            ),
            all(|| fails(3, RateLimited, 429)),
        ),
    ]
}

/// Faults after which a request may have been applied.
fn while_processing() -> Vec<EffectRow> {
    const INTERNAL_ERROR: u32 = 2;
    let survived = || succeeds(2);
    // Only reads and deletions are repeated.
    let ambiguous = |kind, status: Option<u16>| {
        let unknown = || unknown(1, kind, status);
        [survived(), unknown(), survived(), unknown()]
    };
    // And now updates, too.
    let allowed =
        |kind, status: Option<u16>| [survived(), survived(), survived(), unknown(1, kind, status)];
    vec![
        row(
            Scenario::new("503, once", [empty(503, &[])]),
            allowed(Service, Some(503)),
        ),
        row(
            Scenario::new("502, once", [html(502)]),
            ambiguous(Service, Some(502)),
        ),
        row(
            Scenario::new("502, once", [html(502)]).retry_ambiguous(),
            allowed(Service, Some(502)),
        ),
        row(
            Scenario::new("504, once", [empty(504, &[])]),
            ambiguous(Service, Some(504)),
        ),
        row(
            Scenario::new("500", [service_error(500, "UNEXPECTED_ERROR")]),
            unknown_if_not_read(Service, 500),
        ),
        row(
            Scenario::new("connection reset after the request, once", [Reset]),
            ambiguous(Transport, None),
        ),
        row(
            Scenario::new("connection reset after the request, once", [Reset]).retry_ambiguous(),
            allowed(Transport, None),
        ),
        row(
            Scenario::new(
                "HTTP/2 `INTERNAL_ERROR`, once",
                [Http2Behavior::ResetStream(INTERNAL_ERROR)],
            )
            .over_http2(),
            ambiguous(Transport, None),
        ),
        row(
            Scenario::new("no response, once", [Hang]).timed(),
            ambiguous(Timeout, None),
        ),
        row(
            Scenario::new("no response, once", [Hang])
                .timed()
                .total_timeout(3 * ATTEMPT_TIMEOUT)
                .retry_ambiguous(),
            allowed(Timeout, None),
        ),
        row(
            Scenario::new(
                "success body closed early, once",
                [announce(200, 999).then([Send(api_key().into_bytes()), Close])],
            ),
            ambiguous(Transport, Some(200)),
        ),
    ]
}

/// What was to be deleted does not exist.
fn not_found() -> Vec<EffectRow> {
    let no_key = || service_error(400, "API_KEY_NOT_FOUND");
    let no_org = || service_error(404, "ORG_NOT_FOUND");
    let doubtful = || unknown(1, Service, 502);
    vec![
        row(
            Scenario::new("no such API key", [no_key()]),
            all(|| fails(1, NotFound, 400)),
        ),
        row(
            Scenario::new("429, then no such API key", [empty(429, &[]), no_key()]),
            all(|| fails(2, NotFound, 400)),
        ),
        row(
            Scenario::new("502, then no such API key", [html(502), no_key()]),
            [fails(2, NotFound, 400), doubtful(), succeeds(2), doubtful()],
        ),
        row(
            Scenario::new("502, then no such organization", [html(502), no_org()]),
            [
                fails(2, NotFound, 404),
                doubtful(),
                unknown(2, NotFound, 404),
                doubtful(),
            ],
        ),
    ]
}

/// A deletion takes every success, whatever its body.
fn successes() -> Vec<EffectRow> {
    let deleted = |status| {
        let [read, set, _, create] = unknown_if_not_read(Decode, status);
        [read, set, succeeds(1), create]
    };
    vec![
        row(Scenario::new("204", [empty(204, &[])]), deleted(204)),
        row(
            Scenario::new("204, where an envelope was requested", [empty(204, &[])]).envelope(),
            deleted(204),
        ),
        row(
            Scenario::new("HTML page with 200", [html(200)]),
            unknown_if_not_read(Decode, 200),
        ),
    ]
}
