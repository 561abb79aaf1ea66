//! The error of a request that got no response.

use super::delivery::Delivery;
use crate::error::{Error, ErrorKind};

const CHECK_CONNECTION: &str = "check the base URL, the network and any proxy in between";

pub(super) struct SendError {
    error: reqwest::Error,
    pub(super) delivery: Delivery,
}

impl SendError {
    pub(super) fn new(error: reqwest::Error) -> Self {
        let delivery = Delivery::of(&error);
        Self { error, delivery }
    }

    pub(super) fn into_error(self) -> Error {
        let Self { error, delivery } = self;
        let (kind, message, advice) = if error.is_timeout() && error.is_connect() {
            (ErrorKind::Timeout, "connecting timed out", CHECK_CONNECTION)
        } else if error.is_timeout() {
            (
                ErrorKind::Timeout,
                "no response within the time allowed",
                CHECK_CONNECTION,
            )
        } else if error.is_redirect() {
            (
                ErrorKind::Redirect,
                "the HTTP client given to the builder followed a redirect",
                "build that client with redirects disabled",
            )
        } else if error.is_builder() {
            (
                ErrorKind::Input,
                "cannot build a request from this input",
                "see the source of this error",
            )
        } else if error.is_connect() {
            (
                ErrorKind::Transport,
                "cannot connect to the service",
                CHECK_CONNECTION,
            )
        } else {
            let (message, advice) = match delivery {
                Delivery::Unprocessed => ("the service refused the request unread", "try again"),
                Delivery::NotHttp => ("the response is not HTTP", CHECK_CONNECTION),
                Delivery::ConnectionClosed | Delivery::Unknown => {
                    ("the connection broke before the response", "try again")
                }
            };
            (ErrorKind::Transport, message, advice)
        };
        Error::new(kind, message)
            .with_advice(advice)
            .with_source(error.without_url())
    }
}
