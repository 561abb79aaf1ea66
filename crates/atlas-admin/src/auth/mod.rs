//! Puts credentials on requests.

mod challenge;
mod digest;
mod token;

use reqwest::Request;

use crate::{
    attempt::Exchange,
    credentials::{Credentials, Kind},
    error::Error,
    wire::Answer,
};

/// One way of authenticating, with what it remembers between requests.
#[derive(Debug)]
pub(crate) enum Auth {
    Digest(digest::Digest),
    Bearer(token::Bearer),
}

impl Auth {
    /// Checked credentials in use. A service account fetches its tokens at
    /// `token_url`.
    pub(crate) fn new(
        credentials: Credentials,
        http: &reqwest::Client,
        token_url: String,
    ) -> Result<Self, Error> {
        Ok(match credentials.0 {
            Kind::Digest { user, password } => Self::Digest(digest::Digest::new(user, password)),
            Kind::ServiceAccount { id, secret } => {
                Self::Bearer(token::Bearer::account(id, secret, http.clone(), token_url))
            }
            Kind::Bearer { token } => Self::Bearer(token::Bearer::given(&token)?),
        })
    }

    /// Sends a request until the service accepts or refuses who is asking.
    pub(crate) async fn send(
        &self,
        exchange: &Exchange<'_>,
        request: &Request,
    ) -> Result<Answer, Error> {
        match self {
            Self::Digest(digest) => digest.send(exchange, request).await,
            Self::Bearer(bearer) => bearer.send(exchange, request).await,
        }
    }
}

/// The request once more, for another round.
fn again(request: &Request) -> Request {
    request
        .try_clone()
        .expect("the bodies of generated requests are in memory")
}
