//! How far a request got that has no response.

use std::{error::Error as StdError, io, iter};

use h2::Reason;

/// How far a request got that has no response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Delivery {
    /// The service did not process it.
    Unprocessed,
    /// Its connection closed.
    ConnectionClosed,
    /// The response is not HTTP.
    NotHttp,
    /// Nothing is known.
    Unknown,
}

impl Delivery {
    /// Returns how far the request got that failed with `error`.
    pub(crate) fn of(error: &reqwest::Error) -> Self {
        if error.is_builder() || error.is_connect() {
            return Self::Unprocessed;
        }
        // hyper reports I/O errors below HTTP/2 as its own.
        if let Some(error) = cause::<h2::Error>(error) {
            // RFC 9113, section 8.7: neither was processed.
            let is_refused = error.reason() == Some(Reason::REFUSED_STREAM);
            return if error.is_remote() && (error.is_go_away() || is_refused) {
                Self::Unprocessed
            } else {
                Self::Unknown
            };
        }
        let Some(hyper) = cause::<hyper::Error>(error) else {
            return Self::Unknown;
        };
        if hyper.is_canceled() {
            // It was never sent.
            Self::Unprocessed
        } else if hyper.is_parse() {
            Self::NotHttp
        } else if hyper.is_incomplete_message() || cause::<io::Error>(error).is_some_and(is_closed)
        {
            Self::ConnectionClosed
        } else {
            Self::Unknown
        }
    }
}

/// Returns whether reading a body failed because of its connection. reqwest reports bodies
/// that cannot be decompressed in the same way, but those errors do not come from hyper.
pub(crate) fn is_connection_error(error: &reqwest::Error) -> bool {
    cause::<hyper::Error>(error).is_some()
}

/// Returns whether a proxy refused to open a tunnel without credentials, or with these.
pub(super) fn is_proxy_authentication(error: &reqwest::Error) -> bool {
    // The type of this cause is not public.
    const TEXT: &str = "proxy authorization required";
    error.is_connect() && causes(error).any(|cause| cause.to_string().ends_with(TEXT))
}

/// Returns the first cause of this type.
fn cause<T: StdError + 'static>(error: &reqwest::Error) -> Option<&T> {
    causes(error).find_map(|cause| cause.downcast_ref())
}

fn causes(error: &reqwest::Error) -> impl Iterator<Item = &(dyn StdError + 'static)> {
    iter::successors(error.source(), |&error| error.source())
}

fn is_closed(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe
            | io::ErrorKind::UnexpectedEof
    )
}
