//! The error of a request that got no response.

use super::delivery::{self, Delivery};
use crate::error::{Error, ErrorKind, PROXY_CREDENTIALS};

const CHECK_CONNECTION: &str = "check the base URL, the network and any proxy in between";
const CERTIFICATES: &str = "install the system's certificates (the package ca-certificates), or \
     give a certificate authority: ClientBuilder::add_root_certificate, or --ca-file of the command";

/// Why a request has no response.
#[derive(Debug)]
pub(crate) struct SendError {
    error: reqwest::Error,
    pub(super) delivery: Delivery,
    /// Whether there is no client that could send it.
    is_setup_failure: bool,
}

impl From<reqwest::Error> for SendError {
    fn from(error: reqwest::Error) -> Self {
        Self {
            delivery: Delivery::of(&error),
            error,
            is_setup_failure: false,
        }
    }
}

impl SendError {
    /// Converts the error of an HTTP client that could not be created.
    pub(super) fn setup(error: reqwest::Error) -> Self {
        Self {
            is_setup_failure: true,
            ..error.into()
        }
    }

    pub(super) fn into_error(self) -> Error {
        let Self {
            error,
            delivery,
            is_setup_failure,
        } = self;
        let (kind, message, advice) = if is_setup_failure {
            (ErrorKind::Transport, "cannot set up TLS", CERTIFICATES)
        } else if delivery::is_proxy_authentication(&error) {
            (
                ErrorKind::Service,
                "the proxy requires other credentials",
                PROXY_CREDENTIALS,
            )
        } else if error.is_timeout() && error.is_connect() {
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
