//! One HTTP exchange: a request out, an answer in, with a bound on its size.

use atlas_admin_raw::{ResponseFuture, Transport};
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, StatusCode};
use reqwest::Request;

/// The most of a body that is kept, after decompression.
pub(crate) const BODY_LIMIT: usize = 8 * 1024 * 1024;

/// The transport at the very bottom.
#[derive(Debug)]
pub(crate) struct Http(pub(crate) reqwest::Client);

impl Transport for Http {
    fn execute<'a>(&'a self, request: Request, _operation_id: &'static str) -> ResponseFuture<'a> {
        Box::pin(self.0.execute(request))
    }
}

/// An answer, in memory.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// Why an answer has less of a body than the service meant to send.
#[derive(Debug)]
pub(crate) enum Incomplete {
    TooLong,
    Broken(reqwest::Error),
}

impl Answer {
    /// Reads the body that belongs to `response`, up to `limit` bytes of it.
    /// Whatever stops it, the status, the headers and what had arrived are still
    /// there.
    pub(crate) async fn read(
        mut response: reqwest::Response,
        limit: usize,
    ) -> (Self, Option<Incomplete>) {
        let mut body = BytesMut::new();
        let incomplete = loop {
            match response.chunk().await {
                Ok(None) => break None,
                Ok(Some(chunk)) if chunk.len() > limit - body.len() => {
                    body.extend_from_slice(&chunk[..limit - body.len()]);
                    break Some(Incomplete::TooLong);
                }
                Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                Err(error) => break Some(Incomplete::Broken(error)),
            }
        };
        let answer = Self {
            status: response.status(),
            headers: std::mem::take(response.headers_mut()),
            body: body.freeze(),
        };
        (answer, incomplete)
    }
}
