//! Reading a response into memory, with a limit on its size.

use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
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

/// The chunks of a body. A single one, as of most responses, is not copied.
#[derive(Default)]
struct Chunks {
    first: Bytes,
    /// All of them, as soon as there are several.
    joined: BytesMut,
}

impl Chunks {
    fn len(&self) -> usize {
        self.first.len() + self.joined.len()
    }

    fn push(&mut self, chunk: Bytes) {
        if self.len() == 0 {
            self.first = chunk;
        } else {
            self.joined
                .extend_from_slice(&std::mem::take(&mut self.first));
            self.joined.extend_from_slice(&chunk);
        }
    }

    fn into_bytes(self) -> Bytes {
        match self.joined.is_empty() {
            true => self.first,
            false => self.joined.freeze(),
        }
    }
}

/// Reads the body of `response` without a byte order mark, up to `limit` bytes and for at most
/// `max_time`. Returns the status, the headers and the part of the body that arrived, and why it is
/// incomplete.
pub(crate) async fn read(
    response: &mut reqwest::Response,
    limit: usize,
    max_time: Option<Duration>,
) -> (BufferedResponse, Option<Incomplete>) {
    let mut chunks = Chunks::default();
    let read = read_into(&mut chunks, response, limit);
    let incomplete = match max_time {
        None => read.await,
        Some(max_time) => timeout(max_time, read)
            .await
            .unwrap_or(Some(Incomplete::TimedOut)),
    };
    let mut body = chunks.into_bytes();
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
    chunks: &mut Chunks,
    response: &mut reqwest::Response,
    limit: usize,
) -> Option<Incomplete> {
    loop {
        let left = limit - chunks.len();
        match response.chunk().await {
            Ok(None) => return None,
            Ok(Some(chunk)) if chunk.len() > left => {
                chunks.push(chunk.slice(..left));
                return Some(Incomplete::TooLong);
            }
            Ok(Some(chunk)) => chunks.push(chunk),
            Err(error) => return Some(Incomplete::Broken(error)),
        }
    }
}
