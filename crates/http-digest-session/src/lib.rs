//! HTTP digest authentication for clients (RFC 7616, and RFC 2617 and RFC 2069 before it), without
//! a second request for each call.
//!
//! A server that asks for digest authentication responds to the first request with a challenge,
//! and a client that forgets it sends every request twice. This crate keeps a challenge as a
//! session: one nonce with its counter. [`DigestAuth`] is a user name and a password with a pool of
//! sessions, and is shared by all tasks; an [`Exchange`] is one request with its repetitions. A
//! session is used by one request at a time, so that its counts reach the server in order
//! although no lock is held meanwhile.
//!
//! Nothing here sends anything: [`Exchange::authorize`] returns the header of the next request, and
//! [`Exchange::on_response`] reads a response and says whether to send the request again.
//!
//! ```
//! use http::{HeaderMap, StatusCode, header::WWW_AUTHENTICATE};
//! use http_digest_session::{DigestAuth, Exchange, Step};
//!
//! /// Sends a request and returns the status and the headers of the response.
//! fn send(authorization: Option<http::HeaderValue>) -> (StatusCode, HeaderMap) {
//!     // …
//! #     let mut headers = HeaderMap::new();
//! #     if authorization.is_some() {
//! #         return (StatusCode::OK, headers);
//! #     }
//! #     let challenge = r#"Digest realm="files", nonce="dcd98b71", qop="auth", algorithm=SHA-256"#;
//! #     headers.insert(WWW_AUTHENTICATE, challenge.parse().unwrap());
//! #     (StatusCode::UNAUTHORIZED, headers)
//! }
//!
//! let auth = DigestAuth::new("Mufasa", "Circle of Life");
//! let mut exchange = Exchange::new(&auth, "GET", "/dir/index.html?page=2");
//! loop {
//!     let (status, headers) = send(exchange.authorize()?);
//!     if exchange.on_response(status, &headers)? == Step::Done {
//!         break;
//!     }
//! }
//! assert_eq!(auth.idle_sessions(), 1);
//! # Ok::<(), http_digest_session::DigestError>(())
//! ```
//!
//! # With reqwest
//!
#![cfg_attr(
    feature = "reqwest",
    doc = "The feature `reqwest` adds [`DigestClient`], which sends a [`reqwest::Request`]:"
)]
#![cfg_attr(
    not(feature = "reqwest"),
    doc = "The feature `reqwest` adds `DigestClient`, which sends a `reqwest::Request`:"
)]
//!
#![cfg_attr(feature = "reqwest", doc = "```no_run")]
#![cfg_attr(not(feature = "reqwest"), doc = "```ignore")]
//! use http_digest_session::DigestClient;
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let http = reqwest::Client::new();
//! let client = DigestClient::new(http.clone(), "Mufasa", "Circle of Life");
//! let response = client.execute(http.get("https://example.org/files").build()?).await?;
//! println!("{}", response.status());
//! # Ok(())
//! # }
//! ```
//!
//! # What is supported
//!
//! - The algorithms MD5, SHA-256 and SHA-512-256, each also as `-sess`. Of several challenges the
//!   strongest is used.
//! - `qop=auth`, and none as in RFC 2069. Not `auth-int`: no server is known that offers it alone.
//! - `nextnonce` and `rspauth` of `Authentication-Info`, `stale`, `opaque`, `userhash`,
//!   `charset=UTF-8` and `username*`.
//! - Nonces that the server gives to everyone who asks within a second: they share one counter.
//! - Servers that limit a nonce's count, as Jetty does at 1024, and say `stale` beyond it.
//! - Any bytes in realm and nonce: they are hashed and sent back unchanged.
//! - Headers that may contain anything: what is parsed, kept and sent back is bounded.

mod algorithm;
mod auth;
mod challenge;
#[cfg(feature = "reqwest")]
mod client;
#[cfg(feature = "cookies")]
mod cookies;
/// Without the feature, a session has none.
#[cfg(not(feature = "cookies"))]
mod cookies {
    #[derive(Default)]
    pub(super) struct Cookies;
}
mod error;
mod exchange;
#[cfg(test)]
mod hostile;
mod nonce_counts;
mod params;
mod session;

#[cfg(feature = "reqwest")]
pub use reqwest;
#[cfg(feature = "cookies")]
pub use url;
/// The crates whose types are in signatures.
pub use {http, secrecy};

#[cfg(feature = "reqwest")]
pub use client::{DigestClient, SendError};
pub use {
    auth::DigestAuth,
    error::DigestError,
    exchange::{Exchange, Step},
};

/// Compiles the code in the README.
#[cfg(all(doctest, feature = "reqwest"))]
#[doc = include_str!("../README.md")]
struct Readme;
