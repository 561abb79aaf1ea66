//! The requests that generated methods return.

use std::{borrow::Cow, error::Error as StdError, fmt};

use progenitor_client::QueryParam;
use reqwest::{RequestBuilder, Url};
use serde::{Serialize, de::DeserializeOwned};

/// Builds the requests of the generated operations.
///
/// Its methods do not send anything: they return a [`Request`], which the caller
/// completes (authentication, the right media types), sends by any means, and uses to
/// decode the response.
#[derive(Clone, Debug)]
pub struct Client {
    baseurl: String,
    /// The same with a slash; `None` if it is not valid.
    base: Option<Url>,
    pub(crate) client: reqwest::Client,
}

impl Client {
    /// Creates a client for the service at `baseurl`, which includes the service's base
    /// path and does not end with a slash. `client` supplies default headers only.
    #[must_use]
    pub fn new(baseurl: &str, client: reqwest::Client) -> Self {
        Self {
            baseurl: baseurl.to_owned(),
            base: format!("{baseurl}/").parse().ok(),
            client,
        }
    }

    /// Returns the HTTP client that supplies default headers.
    #[must_use]
    pub fn http(&self) -> &reqwest::Client {
        &self.client
    }

    /// Returns the service's address with its base path.
    #[must_use]
    pub fn baseurl(&self) -> &str {
        &self.baseurl
    }

    /// Returns the address of a path of the service, which begins with `./`. What is before the
    /// path is not parsed again.
    pub(crate) fn url(&self, path: &str) -> reqwest::Result<Url> {
        match self.base.as_ref().and_then(|base| base.join(path).ok()) {
            Some(url) => Ok(url),
            // reqwest says what is wrong.
            None => Ok(self.client.get(&self.baseurl).build()?.url().clone()),
        }
    }
}

/// Why a request could not be built: the address does not parse, or the body does not
/// serialize.
pub type BuildError = progenitor_client::Error<()>;

/// A request of an operation, and the type `T` that a success decodes to.
#[derive(Debug)]
pub struct Request<T> {
    /// The request: method, address, query and body. Of headers it has the content type
    /// and those that are parameters of the operation.
    pub http: reqwest::Request,
    /// The operation's id in [`catalog`](crate::catalog).
    pub operation_id: &'static str,
    is_success: fn(u16) -> bool,
    decode: fn(&[u8]) -> Result<T, serde_json::Error>,
}

impl<T> Request<T> {
    /// Creates a request of an operation. `is_success` knows the statuses that the operation
    /// documents for a success, and `decode` its body.
    pub fn new(
        http: reqwest::Request,
        operation_id: &'static str,
        is_success: fn(u16) -> bool,
        decode: fn(&[u8]) -> Result<T, serde_json::Error>,
    ) -> Self {
        Self {
            http,
            operation_id,
            is_success,
            decode,
        }
    }

    /// Returns whether `status` is a success of the operation: 200 and those that the OpenAPI
    /// document lists or, if the operation returns no body, any from 200 to 299.
    #[must_use]
    pub fn is_success(&self, status: u16) -> bool {
        status == 200 || (self.is_success)(status)
    }

    /// Decodes the body of a success. If the operation returns none, whatever it contains is
    /// ignored.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] if `status` is not a [success](Self::is_success), or if the body has
    /// another form.
    pub fn decode(&self, status: u16, body: &[u8]) -> Result<T, DecodeError> {
        if !self.is_success(status) {
            return Err(DecodeError::Status(status));
        }
        (self.decode)(body).map_err(DecodeError::Body)
    }
}

/// Why a response could not be decoded.
#[derive(Debug)]
#[non_exhaustive]
pub enum DecodeError {
    /// This status is not a success of the operation.
    Status(u16),
    /// The body is not JSON of the documented form.
    Body(serde_json::Error),
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status) => write!(f, "unexpected status {status}"),
            Self::Body(error) => error.fmt(f),
        }
    }
}

impl StdError for DecodeError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Status(_) => None,
            Self::Body(error) => error.source(),
        }
    }
}

/// Encodes a value for a path. Most are ids, which need no encoding.
pub(crate) fn encode_path(value: &str) -> Cow<'_, str> {
    // A fold is faster than a search that can stop.
    let is_plain = |all, byte: u8| all & byte.is_ascii_alphanumeric();
    match value.bytes().fold(true, is_plain) {
        true => value.into(),
        false => progenitor_client::encode_path(value).into(),
    }
}

/// Query parameters that need not have a value.
pub(crate) trait QueryOption {
    /// Adds a parameter that has a value. reqwest would rebuild the address for one without.
    fn query_option<T: Serialize>(self, name: &str, value: &Option<T>) -> Self;
}

impl QueryOption for RequestBuilder {
    fn query_option<T: Serialize>(self, name: &str, value: &Option<T>) -> Self {
        match value {
            Some(value) => self.query(&QueryParam::new(name, value)),
            None => self,
        }
    }
}

/// Decodes a JSON body.
pub(crate) fn json<T: DeserializeOwned>(body: &[u8]) -> Result<T, serde_json::Error> {
    serde_json::from_slice(body)
}

/// Ignores the body of a response that has none to decode.
#[allow(dead_code)]
pub(crate) fn empty(_: &[u8]) -> Result<(), serde_json::Error> {
    Ok(())
}

/// Returns the body of a response that is not JSON.
#[allow(dead_code)]
pub(crate) fn bytes(body: &[u8]) -> Result<Vec<u8>, serde_json::Error> {
    Ok(body.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request<T>(
        is_success: fn(u16) -> bool,
        decode: fn(&[u8]) -> Result<T, serde_json::Error>,
    ) -> Request<T> {
        let url = "http://localhost/".parse().expect("a URL");
        Request::new(
            reqwest::Request::new(reqwest::Method::GET, url),
            "id",
            is_success,
            decode,
        )
    }

    #[test]
    fn addresses_are_below_the_services_and_values_stay_in_their_place() {
        let address = |base, id, pretty| {
            let client = Client::new(base, reqwest::Client::new());
            let request = client.delete_org_api_key("o", id, None, pretty).ok()?;
            Some(request.http.url().to_string())
        };
        for (base, id, pretty, expected) in [
            ("http://h", "a1", None, "http://h/orgs/o/apiKeys/a1"),
            (
                "http://h:1/b/c",
                "a1",
                Some(true),
                "http://h:1/b/c/orgs/o/apiKeys/a1?pretty=true",
            ),
            (
                "http://h/b",
                "a:/?#%\n",
                None,
                "http://h/b/orgs/o/apiKeys/a:%2F%3F%23%25%0A",
            ),
        ] {
            assert_eq!(address(base, id, pretty).expect("a request"), expected);
        }
        assert_eq!(address("h/b", "a1", None), None);
    }

    #[test]
    fn a_success_is_200_or_what_the_document_lists() {
        let request = request(|status| matches!(status, 202u16), json::<u8>);
        for (status, is_success) in [
            (200, true),
            (201, false),
            (202, true),
            (204, false),
            (404, false),
        ] {
            assert_eq!(request.is_success(status), is_success, "{status}");
            assert_eq!(request.decode(status, b"7").is_ok(), is_success, "{status}");
        }
    }

    #[test]
    fn without_a_body_to_decode_any_is_ignored() {
        let request = request(|status| matches!(status, 200u16..=299u16), empty);
        for status in [200, 204, 299] {
            assert!(request.decode(status, b"<html>").is_ok(), "{status}");
        }
        for status in [199, 300, 404] {
            assert!(!request.is_success(status), "{status}");
        }
    }
}
