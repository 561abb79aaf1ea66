//! One request, with its repetitions.

use std::fmt;

use http::{HeaderMap, HeaderValue, StatusCode, header};

use super::{
    auth::DigestAuth,
    challenge::{AuthenticationInfo, Challenge},
    cookies::Cookies,
    error::DigestError,
    session::{DigestSession, Target},
};

/// How often a request is repeated because the server calls its nonce stale, and how often because
/// other requests with its nonce may have overtaken it.
const MAX_STALE_RETRIES: u32 = 2;

/// What follows a response.
///
/// ```
/// use http::{HeaderMap, StatusCode};
/// use http_digest_session::{DigestAuth, Exchange, Step};
///
/// let auth = DigestAuth::new("Mufasa", "Circle of Life");
/// let mut exchange = Exchange::new(&auth, "GET", "/");
/// // A server that asks for nothing.
/// let step = exchange.on_response(StatusCode::OK, &HeaderMap::new())?;
/// assert_eq!(step, Step::Done);
/// # Ok::<(), http_digest_session::DigestError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The response is the result.
    Done,
    /// The response is a challenge: send the request again, with another
    /// [`authorize`](Exchange::authorize).
    Retry,
}

/// One request, until the server accepts the credentials or refuses them.
///
/// For every request that is sent, call [`authorize`](Self::authorize) before it and
/// [`on_response`](Self::on_response) after it, until the latter returns [`Step::Done`]. The crate's
/// page has an example.
///
/// An exchange takes an idle session and returns it with the last response. If it is dropped
/// before, so is the session: nobody knows whether its count has reached the server.
///
/// A challenge in the response to an authorized request starts a new session: once if the session
/// had worked before, since the server may have forgotten it, and twice each if the server says that
/// the nonce was stale, or if it issued the nonce to other sessions whose later counts may have
/// arrived first. A request is therefore sent at most six times, and mostly once.
pub struct Exchange<'a> {
    auth: &'a DigestAuth,
    target: Target<'a>,
    session: Option<DigestSession>,
    cookies: Cookies,
    /// Whether the session came from the pool and has not been replaced.
    has_worked: bool,
    stale_retries: u32,
    order_retries: u32,
}

impl<'a> Exchange<'a> {
    /// Starts an exchange, with an idle session if there is one.
    ///
    /// `uri` is the target of the request line, character by character: the path with the query,
    /// such as `/dir/index.html?page=2`.
    ///
    /// ```
    /// use http_digest_session::{DigestAuth, Exchange};
    ///
    /// let auth = DigestAuth::new("Mufasa", "Circle of Life");
    /// let request = http::Request::get("https://example.org/files?page=2").body(())?;
    /// let uri = request.uri().path_and_query().map_or("/", |uri| uri.as_str());
    /// let exchange = Exchange::new(&auth, request.method().as_str(), uri);
    /// # Ok::<(), http::Error>(())
    /// ```
    pub fn new(auth: &'a DigestAuth, method: &'a str, uri: &'a str) -> Self {
        let (session, cookies) = auth.take().unzip();
        Self {
            auth,
            target: Target { method, uri },
            has_worked: session.is_some(),
            session,
            cookies: cookies.unwrap_or_default(),
            stale_retries: 0,
            order_retries: 0,
        }
    }

    /// Returns the value of `Authorization` for the next request, marked as sensitive, or `None`
    /// if there is no challenge yet. Each value is for one request.
    ///
    /// Without a challenge, send the request as it is. One whose body is large may be preceded by
    /// another to the same path, since the server will not use the body.
    ///
    /// # Errors
    ///
    /// [`DigestError::Unanswerable`] if the header cannot be written.
    ///
    /// ```
    /// use http_digest_session::{DigestAuth, Exchange};
    ///
    /// let auth = DigestAuth::new("Mufasa", "Circle of Life");
    /// let mut exchange = Exchange::new(&auth, "GET", "/");
    /// assert_eq!(exchange.authorize()?, None);
    /// # Ok::<(), http_digest_session::DigestError>(())
    /// ```
    pub fn authorize(&mut self) -> Result<Option<HeaderValue>, DigestError> {
        let Some(session) = &mut self.session else {
            return Ok(None);
        };
        let value = session.authorize(self.target);
        value.map(Some).ok_or(DigestError::Unanswerable)
    }

    /// Reads the status and the headers of the response to the last request.
    ///
    /// A 401 with `WWW-Authenticate` is a challenge. A 401 without one is the result if the request
    /// was authorized: the server knows the caller, who lacks a permission.
    ///
    /// # Errors
    ///
    /// - [`DigestError::NoChallenge`] if the server refuses the request and offers no digest
    ///   authentication;
    /// - [`DigestError::Refused`] if it refuses the credentials, and [`DigestError::AlwaysStale`] if
    ///   it refuses each nonce;
    /// - [`DigestError::WrongRspauth`] if the response comes from someone who does not know the
    ///   password.
    ///
    /// ```
    /// use http::{HeaderMap, StatusCode, header::WWW_AUTHENTICATE};
    /// use http_digest_session::{DigestAuth, Exchange, Step};
    ///
    /// let auth = DigestAuth::new("Mufasa", "Circle of Life");
    /// let mut exchange = Exchange::new(&auth, "GET", "/");
    /// let challenge = r#"Digest realm="r", nonce="n", qop="auth""#.parse().unwrap();
    /// let headers = HeaderMap::from_iter([(WWW_AUTHENTICATE, challenge)]);
    /// assert_eq!(exchange.on_response(StatusCode::UNAUTHORIZED, &headers)?, Step::Retry);
    ///
    /// let authorization = exchange.authorize()?.expect("there is a challenge");
    /// assert!(authorization.to_str().unwrap().contains("nc=00000001"));
    /// assert_eq!(exchange.on_response(StatusCode::OK, &HeaderMap::new())?, Step::Done);
    /// # Ok::<(), http_digest_session::DigestError>(())
    /// ```
    pub fn on_response(
        &mut self,
        status: StatusCode,
        headers: &HeaderMap,
    ) -> Result<Step, DigestError> {
        let is_refusal = status == StatusCode::UNAUTHORIZED;
        if is_refusal && headers.contains_key(header::WWW_AUTHENTICATE) {
            let challenge = Challenge::strongest(headers)?;
            self.check_retry(challenge.stale)?;
            self.session = Some(self.auth.session(challenge));
            return Ok(Step::Retry);
        }
        match self.session.take() {
            Some(session) => self.accept(session, headers)?,
            None if is_refusal => {
                return Err(DigestError::NoChallenge {
                    reason: "no challenge",
                    offered: None,
                });
            }
            None => {}
        }
        Ok(Step::Done)
    }

    /// Verifies the response to an authorized request, and returns the session to the pool.
    fn accept(&mut self, session: DigestSession, headers: &HeaderMap) -> Result<(), DigestError> {
        let info = AuthenticationInfo::read(headers);
        if !session.verify_rspauth(&info, self.target.uri) {
            return Err(DigestError::WrongRspauth);
        }
        self.auth.set_accepted();
        if let Some(next) = session.next(info, self.auth.counts()) {
            self.auth.put_back(next, std::mem::take(&mut self.cookies));
        }
        Ok(())
    }

    /// Counts a refusal, and fails if the request should not be repeated.
    fn check_retry(&mut self, is_stale: bool) -> Result<(), DigestError> {
        let Some(refused) = &self.session else {
            return Ok(());
        };
        if is_stale {
            if self.stale_retries == MAX_STALE_RETRIES {
                return Err(DigestError::AlwaysStale);
            }
            self.stale_retries += 1;
        } else if self.has_worked {
            self.has_worked = false;
        } else if refused.is_overtaken() && self.order_retries < MAX_STALE_RETRIES {
            self.order_retries += 1;
        } else {
            return Err(DigestError::Refused {
                was_accepted: self.auth.was_accepted(),
            });
        }
        Ok(())
    }
}

#[cfg(feature = "cookies")]
impl Exchange<'_> {
    /// Returns the value of `Cookie` for the next request, marked as sensitive, if the session has
    /// cookies for `url`.
    ///
    /// A load balancer sets a cookie to find the server that issued the nonce. The cookies of a
    /// session stay with it, so that other sessions can be on other servers.
    ///
    /// ```
    /// use http::{HeaderMap, header::SET_COOKIE};
    /// use http_digest_session::{DigestAuth, Exchange};
    ///
    /// let auth = DigestAuth::new("Mufasa", "Circle of Life");
    /// let mut exchange = Exchange::new(&auth, "GET", "/");
    /// let url = "https://example.org/".parse().unwrap();
    /// let headers = HeaderMap::from_iter([(SET_COOKIE, "node=1; Path=/".parse().unwrap())]);
    /// exchange.store_cookies(&headers, &url);
    /// assert_eq!(exchange.cookie(&url).unwrap(), "node=1");
    /// ```
    pub fn cookie(&self, url: &url::Url) -> Option<HeaderValue> {
        self.cookies.header(url)
    }

    /// Stores the cookies of a response to a request for `url` (RFC 6265), at most 16. Call it
    /// before [`on_response`](Self::on_response), which returns the session to the pool.
    ///
    /// [`cookie`](Self::cookie) has an example.
    pub fn store_cookies(&mut self, headers: &HeaderMap, url: &url::Url) {
        self.cookies.store(headers, url);
    }
}

impl fmt::Debug for Exchange<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exchange")
            .field("method", &self.target.method)
            .field("uri", &self.target.uri)
            .field("has_session", &self.session.is_some())
            .finish_non_exhaustive()
    }
}
