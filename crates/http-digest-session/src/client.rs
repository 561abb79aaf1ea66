//! A client that sends the requests of reqwest.

use std::{
    collections::HashMap,
    error::Error,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use http::header;
use reqwest::{Client, Request, Response};
use secrecy::SecretString;
use url::{Origin, Position};

use super::{
    auth::DigestAuth,
    error::DigestError,
    exchange::{Exchange, Step},
};

/// The longest body of a challenge that is read only to reuse its connection, in bytes.
const DRAIN_LIMIT: usize = 64 * 1024;

/// The most servers whose sessions are kept.
const MAX_ORIGINS: usize = 64;

/// A [`reqwest::Client`] with a user name and a password.
///
/// Clones share their sessions. Each server, by scheme, host and port, has sessions of its own, so
/// that none learns what another accepts; those of up to 64 servers are kept. The cookies that a
/// server sets stay with a session and are sent with its requests, unless a request has a `Cookie`
/// of its own; cookies that reqwest stores are not used then.
///
/// The response to a request that reqwest redirected is returned as it is. For a server that
/// redirects, use [`redirect::Policy::none`](reqwest::redirect::Policy::none) and follow by yourself.
///
/// ```no_run
/// use http_digest_session::DigestClient;
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let http = reqwest::Client::new();
/// let client = DigestClient::new(http.clone(), "Mufasa", "Circle of Life");
/// let request = http.put("https://example.org/files/1").body("text").build()?;
/// let response = client.execute(request).await?.error_for_status()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct DigestClient {
    http: Client,
    user: String,
    password: SecretString,
    by_origin: Arc<Mutex<HashMap<Origin, Arc<DigestAuth>>>>,
}

impl DigestClient {
    /// Creates a client that sends requests with `http`.
    ///
    /// ```
    /// use http_digest_session::DigestClient;
    ///
    /// let http = reqwest::Client::new();
    /// let client = DigestClient::new(http, "Mufasa", "Circle of Life");
    /// ```
    pub fn new(http: Client, user: impl Into<String>, password: impl Into<SecretString>) -> Self {
        Self {
            http,
            user: user.into(),
            password: password.into(),
            by_origin: Arc::default(),
        }
    }

    /// Sends a request until the server accepts the credentials or refuses them. A response of any
    /// other status is a success, as for [`reqwest::Client::execute`].
    ///
    /// Any server that the request names gets an authorization if it asks for one. It cannot compute
    /// the password from that, but can try out guesses: a request should go to a server that is
    /// trusted, over TLS.
    ///
    /// # Errors
    ///
    /// - [`SendError::Stream`] before anything is sent, if the body can be sent only once;
    /// - [`SendError::Request`] if reqwest fails;
    /// - [`SendError::Digest`] if the server refuses the credentials or cannot be trusted.
    ///
    /// ```no_run
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// use http_digest_session::{DigestClient, DigestError, SendError};
    ///
    /// let http = reqwest::Client::new();
    /// let client = DigestClient::new(http.clone(), "Mufasa", "Circle of Life");
    /// match client.execute(http.get("https://example.org/files").build()?).await {
    ///     Ok(response) => println!("{}", response.text().await?),
    ///     Err(SendError::Digest { error: DigestError::Refused { .. }, .. }) => println!("who?"),
    ///     Err(error) => return Err(error.into()),
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn execute(&self, request: Request) -> Result<Response, SendError> {
        let url = request.url();
        let uri = &url[Position::BeforePath..Position::AfterQuery];
        let auth = self.auth(url.origin());
        let mut exchange = Exchange::new(&auth, request.method().as_str(), uri);
        loop {
            let mut copy = request.try_clone().ok_or(SendError::Stream)?;
            let headers = copy.headers_mut();
            if let Some(authorization) = exchange.authorize()? {
                headers.insert(header::AUTHORIZATION, authorization);
            }
            if let Some(cookie) = exchange.cookie(url) {
                headers.entry(header::COOKIE).or_insert(cookie);
            }
            let mut response = self.http.execute(copy).await?;
            if response.url()[..Position::AfterQuery] != url[..Position::AfterQuery] {
                return Ok(response);
            }
            exchange.store_cookies(response.headers(), url);
            match exchange.on_response(response.status(), response.headers()) {
                Ok(Step::Done) => return Ok(response),
                Ok(Step::Retry) => drain(&mut response).await,
                Err(error) => {
                    return Err(SendError::Digest {
                        error,
                        response: Some(Box::new(response)),
                    });
                }
            }
        }
    }

    fn by_origin(&self) -> MutexGuard<'_, HashMap<Origin, Arc<DigestAuth>>> {
        self.by_origin
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn auth(&self, origin: Origin) -> Arc<DigestAuth> {
        let mut by_origin = self.by_origin();
        if by_origin.len() >= MAX_ORIGINS && !by_origin.contains_key(&origin) {
            by_origin.clear();
        }
        let auth = by_origin
            .entry(origin)
            .or_insert_with(|| Arc::new(DigestAuth::new(&*self.user, self.password.clone())));
        Arc::clone(auth)
    }
}

/// Reads a response so that the next request can reuse its connection. A long body is not worth
/// that, and a broken one is no reason to fail.
async fn drain(response: &mut Response) {
    let mut left = DRAIN_LIMIT;
    while let Ok(Some(chunk)) = response.chunk().await {
        match left.checked_sub(chunk.len()) {
            Some(less) => left = less,
            None => return,
        }
    }
}

impl fmt::Debug for DigestClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DigestClient")
            .field("user", &self.user)
            .field("servers", &self.by_origin().len())
            .finish_non_exhaustive()
    }
}

/// Why [`DigestClient::execute`] failed.
///
/// ```
/// use http_digest_session::{DigestError, SendError};
///
/// fn is_about_the_password(error: &SendError) -> bool {
///     matches!(error, SendError::Digest { error: DigestError::Refused { .. }, .. })
/// }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum SendError {
    /// The body is a stream, which can be sent only once, and a challenge asks for a repetition.
    Stream,
    /// reqwest could not send the request, or read the response.
    Request(reqwest::Error),
    /// The request could not be authenticated.
    #[non_exhaustive]
    Digest {
        /// Why.
        error: DigestError,
        /// The server's last response, if it is about that.
        response: Option<Box<Response>>,
    },
}

impl SendError {
    /// Returns the server's response, such as a 401 with a page that explains it.
    ///
    /// ```
    /// let error = http_digest_session::SendError::Stream;
    /// assert!(error.into_response().is_none());
    /// ```
    pub fn into_response(self) -> Option<Response> {
        match self {
            Self::Digest { response, .. } => response.map(|response| *response),
            Self::Stream | Self::Request(_) => None,
        }
    }
}

impl From<reqwest::Error> for SendError {
    fn from(error: reqwest::Error) -> Self {
        Self::Request(error)
    }
}

impl From<DigestError> for SendError {
    fn from(error: DigestError) -> Self {
        Self::Digest {
            error,
            response: None,
        }
    }
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stream => f.write_str("a body that is a stream cannot be sent again"),
            Self::Request(_) => f.write_str("cannot send the request"),
            Self::Digest { .. } => f.write_str("cannot authenticate the request"),
        }
    }
}

impl Error for SendError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Stream => None,
            Self::Request(error) => Some(error),
            Self::Digest { error, .. } => Some(error),
        }
    }
}
