//! The one seam between generated methods and what carries their requests.

use std::{fmt, pin::Pin, sync::Arc};

use progenitor_client::{ClientHooks, OperationInfo};
use reqwest::{Request, Response};

use crate::Client;

/// The answer of a [`Transport`], as a boxed future so that the trait can stand
/// behind `dyn`.
pub type ResponseFuture<'a> = Pin<Box<dyn Future<Output = reqwest::Result<Response>> + Send + 'a>>;

/// Carries a request to a service and brings back its answer.
///
/// Every generated method hands the request it built to the transport of its
/// [`Client`], with the operation's id in [`crate::catalog`], and decodes what
/// comes back. The headers of the request are the generator's defaults:
/// setting the right ones is part of carrying it.
pub trait Transport: fmt::Debug + Send + Sync + 'static {
    /// Sends `request`, made by the operation `operation_id`.
    ///
    /// # Errors
    ///
    /// Whatever stopped the request from being answered. An answer of any
    /// status is not an error here.
    fn execute<'a>(&'a self, request: Request, operation_id: &'static str) -> ResponseFuture<'a>;
}

impl ClientHooks<Arc<dyn Transport>> for Client {
    async fn exec(&self, request: Request, info: &OperationInfo) -> reqwest::Result<Response> {
        self.inner.execute(request, info.operation_id).await
    }
}
