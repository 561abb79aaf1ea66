//! Challenges and tokens.

use std::time::Duration;

use atlas_admin::ErrorKind::{
    Credentials, Decode, Permission, Redirect, Service, Token, Transport,
};
use workspace_tests::fault_server::{
    Action::{Close, Hang, Reset, Send},
    head, response,
};

use super::behaviors::{announce, empty, gzip_bomb, html, raw, redirect, service_error};
use crate::scenario::{
    Auth::{Bearer, Digest, ServiceAccount},
    Scenario,
};

pub(super) fn scenarios(redirect_target: &str) -> Vec<Scenario> {
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
