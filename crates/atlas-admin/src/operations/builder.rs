//! What the builders of all operations have in common.

use atlas_admin_raw::{self as raw, BuildError, catalog::Operation};
use bytes::Bytes;
use ipnet::IpNet;

use super::validate::{self, Body};
use crate::{
    call,
    client::Client,
    error::Error,
    model::{
        access_list::Network, options::RequestOptions, response::Response, target::CallTarget,
    },
};

/// The client of a call, what it acts on, and its options.
#[derive(Debug, Clone)]
pub(super) struct Call {
    pub(super) client: Client,
    pub(super) target: CallTarget,
    pub(super) options: RequestOptions,
}

/// A valid request, and the operation it belongs to.
pub(super) struct ValidRequest<T> {
    operation: &'static Operation,
    request: raw::Request<T>,
}

impl Call {
    pub(super) fn new(client: &Client, target: CallTarget) -> Self {
        Self {
            client: client.clone(),
            target,
            options: RequestOptions::new(),
        }
    }

    /// Returns the id of the organization or project.
    pub(super) fn scope_id(&self) -> &str {
        self.target.scope.id()
    }

    /// Returns the id of the API key, for an operation that acts on one.
    pub(super) fn api_key_id(&self) -> &str {
        self.target.api_key_id()
    }

    /// Returns the network of an access list's entry, if it is valid.
    pub(super) fn network(&self, entry: &Network) -> Result<IpNet, Error> {
        entry
            .check()
            .map_err(|error| Error::from(error).with_target(self.target.clone()))
    }

    /// Validates the input, and builds the request if it is valid.
    pub(super) fn request<T>(
        &self,
        body: Body<'_>,
        build: impl FnOnce(&raw::Client) -> Result<raw::Request<T>, BuildError>,
    ) -> Result<ValidRequest<T>, Error> {
        let inner = &self.client.inner;
        validate::call(inner.service, &self.target, &self.options, body)
            .and_then(|operation| {
                let request = build(&inner.requests).map_err(call::build_error)?;
                Ok(ValidRequest { operation, request })
            })
            .map_err(|error| error.with_target(self.target.clone()))
    }

    /// Returns the request without credentials.
    pub(super) fn preview<T>(
        &self,
        request: &ValidRequest<T>,
    ) -> Result<http::Request<Bytes>, Error> {
        let http = &request.request.http;
        call::preview(&self.client.inner, &self.target, &self.options, http)
    }

    /// Sends the request. `read` verifies the response and makes the result of it.
    pub(super) fn send<T, U>(
        &self,
        request: &ValidRequest<T>,
        read: impl FnOnce(&CallTarget, T) -> Result<U, Error>,
    ) -> impl Future<Output = Result<Response<U>, Error>> {
        call::send(
            &self.client.inner,
            request.operation,
            &self.target,
            &self.options,
            &request.request,
            read,
        )
    }
}

/// Gives an operation's builder the methods that all have: it needs a field `call` and the
/// methods `request` and `send`.
macro_rules! builder {
    ($builder:ident, $result:ty) => {
        impl $builder {
            /// Sets the options of this call.
            pub fn options(mut self, options: crate::RequestOptions) -> Self {
                self.call.options = options;
                self
            }

            /// Returns the request that [`send`](Self::send) would send, without credentials.
            ///
            /// # Errors
            ///
            /// [`ErrorKind::Input`](crate::ErrorKind::Input), as for [`send`](Self::send).
            #[inline]
            pub fn to_request(&self) -> Result<http::Request<bytes::Bytes>, crate::Error> {
                self.call.preview(&self.request()?)
            }
        }

        impl IntoFuture for $builder {
            type Output = Result<crate::Response<$result>, crate::Error>;
            type IntoFuture = crate::operations::builder::BoxFuture<Self::Output>;

            /// Calls [`send`](Self::send).
            #[inline]
            fn into_future(self) -> Self::IntoFuture {
                Box::pin(self.send())
            }
        }
    };
}

pub(super) use builder;

/// The future of a builder that is awaited itself.
pub(super) type BoxFuture<T> = std::pin::Pin<Box<dyn Future<Output = T> + Send>>;
