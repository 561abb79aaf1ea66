//! Why a request could not be authenticated.

use std::{error::Error, fmt};

/// The longest part of a challenge that a message quotes, in characters.
const QUOTE_LIMIT: usize = 200;

/// Why a request could not be authenticated.
///
/// ```
/// use http::{HeaderMap, StatusCode, header::WWW_AUTHENTICATE};
/// use http_digest_session::{DigestAuth, DigestError, Exchange};
///
/// let auth = DigestAuth::new("Mufasa", "Circle of Life");
/// let mut exchange = Exchange::new(&auth, "GET", "/");
/// let headers = HeaderMap::from_iter([(WWW_AUTHENTICATE, "Bearer".parse().unwrap())]);
/// let error = exchange.on_response(StatusCode::UNAUTHORIZED, &headers).unwrap_err();
/// assert!(matches!(error, DigestError::NoChallenge { .. }));
/// assert_eq!(
///     error.to_string(),
///     r#"the server offers no digest authentication: no digest challenge in "Bearer""#
/// );
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum DigestError {
    /// The server refused a request, and offers no digest authentication that this crate supports.
    #[non_exhaustive]
    NoChallenge {
        /// What is missing or wrong, such as `an unknown algorithm`.
        reason: &'static str,
        /// What the server offers: the values of `WWW-Authenticate`, up to 64 KiB. They may contain
        /// any characters. `None` if there is no such header, or more of it.
        offered: Option<String>,
    },
    /// The server refuses the credentials.
    #[non_exhaustive]
    Refused {
        /// Whether it has accepted them before. Then they may have been revoked, or servers behind
        /// a load balancer do not share their nonces.
        was_accepted: bool,
    },
    /// The server calls every nonce stale, even one that it has just issued.
    AlwaysStale,
    /// The response does not prove that the server knows the password (`rspauth`; RFC 7616, section
    /// 3.5). It may come from anyone. The server may have processed the request.
    WrongRspauth,
    /// No `Authorization` can be written for the challenge: the user name or the request's URI has
    /// control characters, or the nonce has been used 4,294,967,295 times.
    Unanswerable,
}

impl fmt::Display for DigestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoChallenge { reason, offered } => {
                write!(f, "the server offers no digest authentication: {reason}")?;
                let Some(offered) = offered else {
                    return Ok(());
                };
                // Debug escapes what could forge a line of a log.
                let excerpt: String = offered.chars().take(QUOTE_LIMIT).collect();
                write!(f, " in {excerpt:?}")
            }
            Self::Refused { was_accepted: true } => {
                f.write_str("the server refuses the credentials, which it accepted before")
            }
            Self::Refused { .. } => f.write_str("the server refuses the credentials"),
            Self::AlwaysStale => f.write_str("the server calls every nonce stale"),
            Self::WrongRspauth => {
                f.write_str("the response does not prove that the server knows the password")
            }
            Self::Unanswerable => f.write_str("cannot authorize the request for this challenge"),
        }
    }
}

impl Error for DigestError {}
