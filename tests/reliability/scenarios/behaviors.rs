//! Behaviors that many scenarios need.

use std::time::Duration;

use flate2::{Compress, Compression, FlushCompress};
use workspace_tests::{
    fault_server::{Action::Send, Behavior, head, response},
    ids::{API_KEY_ID, PRIVATE_KEY},
};

pub(super) const HTML: (&str, &str) = ("Content-Type", "text/html");
const PAGE: &str = "<!doctype html><title>Oops</title>";
pub(super) const DRIP_INTERVAL: Duration = Duration::from_millis(60);

pub(super) fn api_key() -> String {
    format!(
        r#"{{"id":"{API_KEY_ID}","links":[],"privateKey":"{PRIVATE_KEY}","publicKey":"gswvkocq"}}"#
    )
}

pub(super) fn success() -> Behavior {
    response(200, &[], &api_key())
}

pub(super) fn html(status: u16) -> Behavior {
    response(status, &[HTML], PAGE)
}

pub(super) fn service_error(status: u16, code: &str) -> Behavior {
    let body = format!(
        r#"{{"detail":"No.","error":{status},"errorCode":"{code}","parameters":[null,1,{{}}]}}"#
    );
    response(status, &[], &body)
}

pub(super) fn empty(status: u16, headers: &[(&str, &str)]) -> Behavior {
    response(status, headers, "")
}

pub(super) fn raw(text: &str) -> Behavior {
    Behavior::from(text)
}

/// Sends a head that announces `length` bytes of body.
pub(super) fn announce(status: u16, length: usize) -> Behavior {
    raw(&head(status, &[("Content-Length", &length.to_string())]))
}

/// Sends a body of 1 MiB that expands to 1 GiB of zeros.
pub(super) fn gzip_bomb(status: u16, headers: &[(&str, &str)]) -> Behavior {
    let body = gzipped_zeros();
    let length = body.len().to_string();
    let all = [
        headers,
        &[("Content-Encoding", "gzip"), ("Content-Length", &length)],
    ]
    .concat();
    raw(&head(status, &all)).then([Send(body)])
}

/// Compresses 1 GiB of zeros. A full flush makes each MiB independent of those before it, so one
/// can be repeated. The checksum is wrong: a client that reaches it has read too much.
fn gzipped_zeros() -> Vec<u8> {
    const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
    const LAST_BLOCK: [u8; 2] = [3, 0];
    let mut piece = Vec::with_capacity(1 << 16);
    Compress::new(Compression::best(), false)
        .compress_vec(&vec![0; 1 << 20], &mut piece, FlushCompress::Full)
        .unwrap();
    [&HEADER[..], &piece.repeat(1024), &LAST_BLOCK, &[0; 8]].concat()
}

pub(super) fn redirect(status: u16, redirect_target: &str) -> Behavior {
    let target = format!("http://{redirect_target}/api/atlas/v2/orgs");
    empty(status, &[("Location", &target)])
}
