//! Authentication: sends requests with credentials.

mod bearer;
mod digest;
mod oauth;
mod request;

use std::sync::Arc;

use http_digest_session::DigestAuth;

use self::{bearer::BearerToken, oauth::service_account::ServiceAccount};
pub(crate) use self::{oauth::service_account::AuthContext, request::CallRequest};
use crate::{
    credentials::{Credentials, Kind},
    error::Error,
    model::response::BufferedResponse,
    transport::context::RequestContext,
};

/// A way to authenticate, with what it remembers between requests.
#[derive(Debug)]
pub(crate) enum Auth {
    Digest(DigestAuth),
    Bearer(BearerToken),
    ServiceAccount(Arc<ServiceAccount>),
}

impl Auth {
    /// Prepares checked credentials for use.
    pub(crate) fn new(credentials: Credentials, context: AuthContext) -> Result<Self, Error> {
        Ok(match credentials.0 {
            Kind::Digest { user, password } => Self::Digest(DigestAuth::new(user, password)),
            Kind::ServiceAccount { id, secret } => {
                Self::ServiceAccount(Arc::new(ServiceAccount::new(id, secret, context)))
            }
            Kind::Bearer { token } => Self::Bearer(BearerToken::new(&token)?),
        })
    }

    /// Returns the public key of an API key. Other credentials have none.
    pub(crate) fn public_key(&self) -> Option<&str> {
        match self {
            Self::Digest(auth) => Some(auth.user()),
            Self::Bearer(_) | Self::ServiceAccount(_) => None,
        }
    }

    /// Sends a request until the service accepts the credentials or refuses them.
    pub(crate) async fn send(
        &self,
        context: &RequestContext<'_>,
        request: &CallRequest<'_>,
    ) -> Result<BufferedResponse, Error> {
        match self {
            Self::Digest(auth) => digest::send(auth, context, request).await,
            Self::Bearer(token) => token.send(context, request).await,
            Self::ServiceAccount(account) => account.send(context, request).await,
        }
    }

    /// Revokes the token of a service account. Other credentials have none.
    pub(crate) async fn revoke(&self) -> Result<(), Error> {
        match self {
            Self::Digest(_) | Self::Bearer(_) => Ok(()),
            Self::ServiceAccount(account) => account.revoke().await,
        }
    }
}
