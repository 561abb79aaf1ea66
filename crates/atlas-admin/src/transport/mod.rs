//! The transport: sends requests over the network and reads responses into memory.

pub(crate) mod blocking;
pub(crate) mod body;
mod connection;
pub(crate) mod context;
pub(crate) mod deadline;
mod delivery;
pub(crate) mod envelope;
pub(crate) mod http;
mod pool;
pub(crate) mod progress;
pub(crate) mod proxy;
mod resolver;
pub(crate) mod send_error;
pub(crate) mod tls;

use std::{fmt, pin::Pin};

use reqwest::{Request, Response};

use self::send_error::SendError;

/// The response to a [`Transport`]'s request, boxed so that the trait is usable as `dyn`.
pub(crate) type ResponseFuture<'a> =
    Pin<Box<dyn Future<Output = Result<Response, SendError>> + Send + 'a>>;

/// Sends a request and returns the response. Tests replace the network here.
pub(crate) trait Transport: fmt::Debug + Send + Sync + 'static {
    /// Sends `request`, which belongs to the operation `operation_id`. A response of any
    /// status is a success.
    fn execute<'a>(&'a self, request: Request, operation_id: &'static str) -> ResponseFuture<'a>;
}
