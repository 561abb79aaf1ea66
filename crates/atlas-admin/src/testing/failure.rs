//! Requests that get no answer, without a socket to get none from.

use std::{
    error::Error as StdError,
    io,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use hyper::body::{Body, Frame};
use reqwest::Response;
use tower::util::MapFutureLayer;

/// Why there is no response.
#[derive(Debug, Clone, Copy)]
pub(super) enum Failure {
    NoConnection,
    Broken(io::ErrorKind),
}

impl Failure {
    /// Returns the error that reqwest reports. Only reqwest can create its errors, so this
    /// provokes one.
    pub(super) async fn fail(self) -> reqwest::Result<Response> {
        match self {
            Self::NoConnection => {
                let client = reqwest::Client::builder()
                    .no_proxy()
                    .connector_layer(MapFutureLayer::new(refuse))
                    .build()?;
                client.get("http://fake.invalid").send().await
            }
            Self::Broken(kind) => {
                let body = reqwest::Body::wrap(Broken(kind));
                let response = Response::from(http::Response::new(body));
                let nothing = response.bytes().await?;
                Ok(http::Response::new(nothing).into())
            }
        }
    }
}

type BoxError = Box<dyn StdError + Send + Sync>;

/// Takes the place of the connector, which is never polled.
async fn refuse<T>(_connecting: impl Future<Output = Result<T, BoxError>>) -> Result<T, BoxError> {
    Err(io::Error::from(io::ErrorKind::ConnectionRefused).into())
}

/// A body that fails before its first byte.
struct Broken(io::ErrorKind);

impl Body for Broken {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        Poll::Ready(Some(Err(self.0.into())))
    }
}
