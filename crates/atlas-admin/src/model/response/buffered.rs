//! Responses in memory.

use bytes::Bytes;
use http::{HeaderMap, StatusCode};

/// A response whose body has been read, up to the client's limit.
#[derive(Debug, Clone)]
pub(crate) struct BufferedResponse {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}
