//! What the server does with a request.

use std::time::Duration;

/// What the server does with a request.
#[derive(Debug, Clone)]
pub enum Behavior {
    /// Performs actions in order, over HTTP/1.1. The connection stays open after the last one.
    Http1(InjectionPoint, Vec<Action>),
    /// Does something that only HTTP/2 has.
    Http2(Http2Behavior),
}

/// When the actions of a [`Behavior::Http1`] begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InjectionPoint {
    /// When the request arrives, before any of it is read.
    BeforeRequest,
    /// After a few bytes of the request are read.
    DuringRequest,
    /// After the whole request is read.
    AfterRequest,
}

/// An action over HTTP/1.1.
#[derive(Debug, Clone)]
pub enum Action {
    /// Sends bytes.
    Send(Vec<u8>),
    /// Sends text that is generated at that time.
    SendGenerated(fn() -> String),
    /// Sends bytes one at a time, at an interval.
    Drip(Vec<u8>, Duration),
    /// Sends bytes again and again, at an interval.
    Repeat(Vec<u8>, Duration),
    /// Does nothing for some time.
    Pause(Duration),
    /// Keeps the connection open and does nothing more.
    Hang,
    /// Closes the connection.
    Close,
    /// Resets the connection.
    Reset,
}

/// What the server does with a request over HTTP/2. Error codes are those of RFC 9113, section 7.
#[derive(Debug, Clone, Copy)]
pub enum Http2Behavior {
    /// Responds with success.
    Respond,
    /// Resets the stream with an error code.
    ResetStream(u32),
    /// Sends the head of a success, then resets the stream with an error code.
    ResetAfterHead(u32),
    /// Responds with success, then sends GOAWAY.
    RespondAndGoAway,
    /// Sends a GOAWAY that counts the request as processed.
    GoAwayProcessed,
    /// Sends a GOAWAY that counts the request as unprocessed.
    GoAwayUnprocessed,
    /// Closes the connection.
    Close,
    /// Never responds.
    Hang,
}

impl Behavior {
    /// Returns whether this begins before the request is known.
    pub(super) fn is_early(&self) -> bool {
        match self {
            Self::Http1(point, _) => *point != InjectionPoint::AfterRequest,
            Self::Http2(behavior) => matches!(behavior, Http2Behavior::GoAwayUnprocessed),
        }
    }

    /// Appends actions.
    #[must_use]
    pub fn then(mut self, more: impl IntoIterator<Item = Action>) -> Self {
        if let Self::Http1(_, actions) = &mut self {
            actions.extend(more);
        }
        self
    }
}

impl From<Action> for Behavior {
    fn from(action: Action) -> Self {
        Self::Http1(InjectionPoint::AfterRequest, vec![action])
    }
}

/// Sends text after the request is read.
impl From<&str> for Behavior {
    fn from(text: &str) -> Self {
        Action::Send(text.into()).into()
    }
}

impl From<Http2Behavior> for Behavior {
    fn from(behavior: Http2Behavior) -> Self {
        Self::Http2(behavior)
    }
}

/// Sends a complete response and keeps the connection open.
#[must_use]
pub fn response(status: u16, headers: &[(&str, &str)], body: &str) -> Behavior {
    let length = body.len().to_string();
    let mut headers = headers.to_vec();
    headers.push(("Content-Length", &length));
    Action::Send((head(status, &headers) + body).into()).into()
}

/// Returns the head of a response as HTTP/1.1 text.
#[must_use]
pub fn head(status: u16, headers: &[(&str, &str)]) -> String {
    let headers: String = headers
        .iter()
        .map(|(name, value)| format!("{name}: {value}\r\n"))
        .collect();
    format!("HTTP/1.1 {status} -\r\n{headers}\r\n")
}
