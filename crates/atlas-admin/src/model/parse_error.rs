//! The error of parsing a value from text.

use std::{borrow::Cow, error::Error as StdError, fmt};

/// The error of parsing an id, a version or another value from text.
///
/// It converts into an [`Error`](crate::Error) of
/// [`ErrorKind::Input`](crate::ErrorKind::Input).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseError(Cow<'static, str>);

impl ParseError {
    pub(crate) fn new(message: impl Into<Cow<'static, str>>) -> Self {
        Self(message.into())
    }

    pub(crate) fn into_message(self) -> Cow<'static, str> {
        self.0
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl StdError for ParseError {}
