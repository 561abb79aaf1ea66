//! Error statuses and redirects.

use std::{iter, time::Duration};

use atlas_admin::ErrorKind::{
    Conflict, NotFound, Permission, RateLimited, Redirect, Service, Token, Version,
};
use workspace_tests::fault_server::{Action::SendGenerated, Behavior, head};

use super::behaviors::{empty, html, raw, redirect, service_error};
use crate::scenario::{
    Auth::{Bearer, Digest},
    Scenario,
};

pub(super) fn errors() -> Vec<Scenario> {
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

pub(super) fn unavailable() -> Vec<Scenario> {
    let with = |status, value: &str| empty(status, &[("Retry-After", value)]);
    let thrice = |behavior: Behavior| iter::repeat_n(behavior, 3);
    let second = Duration::from_secs(1);
    let dated = |status: u16| -> Behavior {
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
            Scenario::new(named(" with a `Retry-After` date"), [dated(status)])
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
    let in_format = |name, generate: fn() -> String| {
        let scenario = Scenario::new(name, [SendGenerated(generate)]);
        scenario.updates_sent(2).at_least(second / 2)
    };
    scenarios.extend([
        in_format("429 with a `Retry-After` date in RFC 850 format", || {
            in_two_seconds(429, "%A, %d-%b-%y %H:%M:%S GMT")
        }),
        in_format("429 with a `Retry-After` date in asctime format", || {
            in_two_seconds(429, "%a %b %e %H:%M:%S %Y")
        }),
    ]);
    scenarios
}

const UNPADDED: &str = "%a, %-d %b %Y %H:%M:%S GMT";

/// Returns a response whose `Retry-After` date is in two seconds.
fn in_two_seconds(status: u16, format: &str) -> String {
    let then = chrono::Utc::now() + Duration::from_secs(2);
    let date = then.format(format).to_string();
    head(status, &[("Retry-After", &date), ("Content-Length", "0")])
}

pub(super) fn redirects(redirect_target: &str) -> Vec<Scenario> {
    let to_target = [301, 302, 303, 307, 308].map(|status| {
        let name = format!("{status} to another port");
        Scenario::new(name, [redirect(status, redirect_target)]).fails(Redirect, status)
    });
    let without_location =
        Scenario::new("redirect without a `Location`", [empty(307, &[])]).fails(Redirect, 307);
    to_target.into_iter().chain([without_location]).collect()
}
