//! Reads request bodies within limits of size and time.

use std::time::Duration;

use axum::body::{Body, Bytes};
use bytes::BytesMut;
use http_body_util::BodyExt;

use crate::http::error::ApiError;

/// The maximum length of a body. The largest valid one has about 2 KiB.
const LIMIT: usize = 1 << 20;

/// How much of an oversized body is discarded, so that its sender can read the response, before the
/// connection is closed.
const DRAINED: usize = 16 * LIMIT;

/// How long a body may take to arrive.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Reads a whole body.
pub(crate) async fn read(body: Body) -> Result<Bytes, ApiError> {
    tokio::time::timeout(TIMEOUT, collect(body))
        .await
        .unwrap_or_else(|_| Err(ApiError::slow_body()))
}

async fn collect(mut body: Body) -> Result<Bytes, ApiError> {
    let mut bytes = BytesMut::new();
    let mut length = 0_usize;
    while let Some(frame) = body.frame().await {
        // The sender closed the connection and does not read the response.
        let frame = frame.map_err(|_| ApiError::malformed_json())?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        length = length.saturating_add(data.len());
        if length <= LIMIT {
            bytes.extend_from_slice(&data);
        } else if length > DRAINED {
            break;
        }
    }
    if length > LIMIT {
        return Err(ApiError::too_large(LIMIT));
    }
    Ok(bytes.freeze())
}
