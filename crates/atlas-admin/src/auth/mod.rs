//! Puts credentials on requests.

mod account;
mod algorithm;
mod bearer;
mod challenge;
mod digest;
#[cfg(any(test, fuzzing))]
pub(crate) mod hostile;
mod lane;
mod parameters;
mod token_service;

use std::sync::Arc;

use http::{HeaderValue, header};
use reqwest::Request;

use crate::{
    attempt::Exchange,
    credentials::{Credentials, Kind},
    error::Error,
    model::buffered_response::BufferedResponse,
};
pub(crate) use account::Surroundings;

/// One way of authenticating, with what it remembers between requests.
#[derive(Debug)]
pub(crate) enum Auth {
    Digest(digest::Digest),
    Bearer(bearer::Bearer),
    Account(Arc<account::Account>),
}

impl Auth {
    /// Checked credentials in use.
    pub(crate) fn new(credentials: Credentials, around: Surroundings) -> Result<Self, Error> {
        Ok(match credentials.0 {
            Kind::Digest { user, password } => Self::Digest(digest::Digest::new(user, password)),
            Kind::ServiceAccount { id, secret } => {
                Self::Account(Arc::new(account::Account::new(id, secret, around)))
            }
            Kind::Bearer { token } => Self::Bearer(bearer::Bearer::new(&token)?),
        })
    }

    /// Sends a request until the service accepts or refuses who is asking.
    pub(crate) async fn send(
        &self,
        exchange: &Exchange<'_>,
        request: &Request,
    ) -> Result<BufferedResponse, Error> {
        match self {
            Self::Digest(digest) => digest.send(exchange, request).await,
            Self::Bearer(bearer) => bearer.send(exchange, request).await,
            Self::Account(account) => account.send(exchange, request).await,
        }
    }

    /// Gives back the token that was fetched, if one was.
    pub(crate) async fn revoke(&self) -> Result<(), Error> {
        match self {
            Self::Digest(_) | Self::Bearer(_) => Ok(()),
            Self::Account(account) => account.revoke().await,
        }
    }
}

/// The request once more, for another round, with these credentials.
fn again(request: &Request, authorization: Option<HeaderValue>) -> Request {
    let mut again = request
        .try_clone()
        .expect("the bodies of generated requests are in memory");
    if let Some(value) = authorization {
        again.headers_mut().insert(header::AUTHORIZATION, value);
    }
    again
}
