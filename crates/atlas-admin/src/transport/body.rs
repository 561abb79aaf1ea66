//! Reading a response into memory, with a limit on its size.

use std::time::Duration;

use bytes::{Buf, BytesMut};
use tokio::time::timeout;

use crate::model::response::BufferedResponse;

/// The byte order mark that some programs put before UTF-8.
pub(crate) const BOM: &[u8] = b"\xef\xbb\xbf";

/// Why a body is incomplete.
#[derive(Debug)]
pub(crate) enum Incomplete {
    TooLong,
    TimedOut,
    Broken(reqwest::Error),
}

/// Reads the body of `response` without a byte order mark, up to `limit` bytes and for at most `max_time`. Returns the
/// status, the headers and the part of the body that arrived, and why it is incomplete.
pub(crate) async fn read(
    response: &mut reqwest::Response,
    limit: usize,
    max_time: Option<Duration>,
) -> (BufferedResponse, Option<Incomplete>) {
    let mut body = BytesMut::new();
    let read = read_into(&mut body, response, limit);
    let incomplete = match max_time {
        None => read.await,
        Some(max_time) => timeout(max_time, read)
            .await
            .unwrap_or(Some(Incomplete::TimedOut)),
    };
    let mut body = body.freeze();
    if body.starts_with(BOM) {
        body.advance(BOM.len());
    }
    let buffered = BufferedResponse {
        status: response.status(),
        headers: std::mem::take(response.headers_mut()),
        body,
    };
    (buffered, incomplete)
}

async fn read_into(
    body: &mut BytesMut,
    response: &mut reqwest::Response,
    limit: usize,
) -> Option<Incomplete> {
    loop {
        match response.chunk().await {
            Ok(None) => return None,
            Ok(Some(chunk)) if chunk.len() > limit - body.len() => {
                body.extend_from_slice(&chunk[..limit - body.len()]);
                return Some(Incomplete::TooLong);
            }
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Err(error) => return Some(Incomplete::Broken(error)),
        }
    }
}
