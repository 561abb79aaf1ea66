//! What a request meets.

use std::time::Duration;

use super::KEY;

/// What the service does with a request.
#[derive(Debug, Clone)]
pub enum Act {
    /// An answer, or something less, in parts.
    Http1(Moment, Vec<Part>),
    /// Something that only HTTP/2 has.
    Http2(Http2),
}

/// When an [`Act::Http1`] begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// As the request arrives, none of it read.
    Arrived,
    /// With a few bytes of the request read.
    HalfRead,
    /// With the whole of the request read.
    Read,
}

/// A part of an [`Act::Http1`]. After the last one the connection is kept.
#[derive(Debug, Clone)]
pub enum Part {
    /// Sends bytes.
    Send(Vec<u8>),
    /// Sends what is made at that time.
    SendNow(fn() -> String),
    /// Sends bytes one at a time, with so much time between them.
    Drip(Vec<u8>, Duration),
    /// Sends bytes again and again, with so much time between them.
    Repeat(Vec<u8>, Duration),
    /// Does nothing more, and keeps the connection open.
    Wait,
    /// Closes the connection.
    Close,
    /// Resets the connection.
    Reset,
}

/// What an HTTP/2 service can do with a request.
#[derive(Debug, Clone, Copy)]
pub enum Http2 {
    /// Answers well.
    Serve,
    /// Resets the stream for a reason, by its number in RFC 9113, section 7.
    ResetStream(u32),
    /// Sends the head of a success, and resets the stream for a reason.
    ResetAnswer(u32),
    /// Answers, and says that it takes no more requests on the connection.
    ServeAndGoAway,
    /// Says that it goes away, with the request among those that it has taken.
    GoAwayWith,
    /// Says that it goes away, with the request among those that it has not taken.
    GoAwayWithout,
    /// Cuts the connection.
    Cut,
    /// Never answers.
    Wait,
}

impl Act {
    /// Whether it strikes before the request is known.
    pub(super) fn is_early(&self) -> bool {
        match self {
            Self::Http1(moment, _) => *moment != Moment::Read,
            Self::Http2(act) => matches!(act, Http2::GoAwayWithout),
        }
    }

    /// The act with more at its end.
    #[must_use]
    pub fn then(mut self, more: impl IntoIterator<Item = Part>) -> Self {
        if let Self::Http1(_, parts) = &mut self {
            parts.extend(more);
        }
        self
    }
}

impl From<Part> for Act {
    fn from(part: Part) -> Self {
        Self::Http1(Moment::Read, vec![part])
    }
}

impl From<&str> for Act {
    fn from(text: &str) -> Self {
        Part::Send(text.into()).into()
    }
}

impl From<Http2> for Act {
    fn from(act: Http2) -> Self {
        Self::Http2(act)
    }
}

/// An answer in full, of a service that keeps the connection.
#[must_use]
pub fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> Act {
    let length = body.len().to_string();
    let mut headers = headers.to_vec();
    headers.push(("Content-Length", &length));
    Part::Send((head(status, &headers) + body).into()).into()
}

/// The head of an answer.
#[must_use]
pub fn head(status: u16, headers: &[(&str, &str)]) -> String {
    let headers: String = headers
        .iter()
        .map(|(name, value)| format!("{name}: {value}\r\n"))
        .collect();
    format!("HTTP/1.1 {status} -\r\n{headers}\r\n")
}

pub(super) const CHALLENGE: (&str, &str) = (
    "WWW-Authenticate",
    r#"Digest realm="MMS Public API", domain="", nonce="4+/A", algorithm=MD5, qop="auth", stale=false"#,
);

pub(super) const TOKEN: &str =
    r#"{"access_token":"eyJ.a.b","expires_in":3600,"token_type":"Bearer"}"#;

pub(super) fn api_key() -> String {
    format!(r#"{{"desc":"d","id":"{KEY}","publicKey":"gswvkocq","roles":[]}}"#)
}
