//! The one error type of this crate.

use std::{borrow::Cow, error::Error as StdError, fmt, sync::Arc, time::Duration};

use http::{HeaderMap, StatusCode};
use serde_json::Value;

use crate::{
    call_name::CallName,
    error_code::ErrorCode,
    response::RateLimit,
    service_error::{FieldViolation, ServiceError},
    text::escape,
    wire::Answer,
};

/// Why a call failed, with everything the service said.
///
/// Match on [`kind`](Self::kind) or one of the `is_…` methods for the sort of
/// failure, on [`code`](Self::code) for the service's own reason, and on
/// [`outcome_unknown`](Self::outcome_unknown) before repeating a call. The text
/// is one line that ends in what to do next, where there is something to do.
#[derive(Clone)]
pub struct Error(Box<Inner>);

#[derive(Clone)]
struct Inner {
    kind: ErrorKind,
    message: Cow<'static, str>,
    advice: Option<Cow<'static, str>>,
    call: Option<CallName>,
    answer: Option<Answer>,
    said: ServiceError,
    retry_after: Option<Duration>,
    source: Option<Arc<dyn StdError + Send + Sync>>,
    requests_sent: u32,
    outcome_unknown: bool,
}

/// The sort of a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A value is not acceptable, to the checks of this crate (nothing was sent
    /// then, and there is no status) or to the service.
    Input,
    /// The service does not know the caller: wrong, missing or mixed-up
    /// credentials.
    Credentials,
    /// The service does not accept the token that the caller gave: it has expired, was
    /// revoked, or is none of the service's. Another one may do. The tokens of a
    /// service account are renewed before that.
    Token,
    /// The service knows the caller and does not allow the operation.
    Permission,
    /// No such organization, project or API key.
    NotFound,
    /// The operation is allowed, but not in the present state, such as taking the
    /// role from an organization's last owner.
    Conflict,
    /// Too many requests; see [`Error::retry_after`].
    RateLimited,
    /// The version asked for does not exist or is no longer served.
    Version,
    /// The service, or something in front of it, failed.
    Service,
    /// No connection, one that broke, or one that carries something else than HTTP.
    Transport,
    /// The time for the call ran out.
    Timeout,
    /// The service reported success in a form that cannot be read.
    Decode,
    /// The service points elsewhere, which is never followed.
    Redirect,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Inner {
            kind,
            message: message.into(),
            advice: None,
            call: None,
            answer: None,
            said: ServiceError::default(),
            retry_after: None,
            source: None,
            requests_sent: 0,
            outcome_unknown: false,
        }))
    }

    pub(crate) fn input(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Input, message)
    }

    pub(crate) fn credentials(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Credentials, message)
    }

    pub(crate) fn with_advice(mut self, advice: impl Into<Cow<'static, str>>) -> Self {
        self.0.advice = Some(advice.into());
        self
    }

    pub(crate) fn with_source(
        mut self,
        source: impl Into<Box<dyn StdError + Send + Sync>>,
    ) -> Self {
        self.0.source = Some(Arc::from(source.into()));
        self
    }

    pub(crate) fn with_answer(mut self, answer: Answer) -> Self {
        self.0.said = ServiceError::read(&answer.headers, &answer.body);
        self.0.retry_after = crate::headers::retry_after(&answer.headers);
        self.0.answer = Some(answer);
        self
    }

    pub(crate) fn of_call(mut self, call: CallName) -> Self {
        self.0.call = Some(call);
        self
    }

    pub(crate) fn after(mut self, requests_sent: u32, outcome_unknown: bool) -> Self {
        self.0.requests_sent = requests_sent;
        self.0.outcome_unknown = outcome_unknown;
        self
    }

    /// The sort of failure.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Whether this is [`ErrorKind::Input`].
    #[must_use]
    pub fn is_input(&self) -> bool {
        self.kind() == ErrorKind::Input
    }

    /// Whether the service does not know the caller: [`ErrorKind::Credentials`] or
    /// [`ErrorKind::Token`].
    #[must_use]
    pub fn is_credentials(&self) -> bool {
        matches!(self.kind(), ErrorKind::Credentials | ErrorKind::Token)
    }

    /// Whether this is [`ErrorKind::Token`].
    #[must_use]
    pub fn is_token(&self) -> bool {
        self.kind() == ErrorKind::Token
    }

    /// Whether this is [`ErrorKind::Permission`].
    #[must_use]
    pub fn is_permission(&self) -> bool {
        self.kind() == ErrorKind::Permission
    }

    /// Whether this is [`ErrorKind::NotFound`].
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.kind() == ErrorKind::NotFound
    }

    /// Whether this is [`ErrorKind::Conflict`].
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        self.kind() == ErrorKind::Conflict
    }

    /// Whether this is [`ErrorKind::RateLimited`].
    #[must_use]
    pub fn is_rate_limited(&self) -> bool {
        self.kind() == ErrorKind::RateLimited
    }

    /// Whether this is [`ErrorKind::Version`].
    #[must_use]
    pub fn is_version(&self) -> bool {
        self.kind() == ErrorKind::Version
    }

    /// Whether this is [`ErrorKind::Service`].
    #[must_use]
    pub fn is_service(&self) -> bool {
        self.kind() == ErrorKind::Service
    }

    /// Whether this is [`ErrorKind::Transport`].
    #[must_use]
    pub fn is_transport(&self) -> bool {
        self.kind() == ErrorKind::Transport
    }

    /// Whether this is [`ErrorKind::Timeout`].
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        self.kind() == ErrorKind::Timeout
    }

    /// Whether this is [`ErrorKind::Decode`].
    #[must_use]
    pub fn is_decode(&self) -> bool {
        self.kind() == ErrorKind::Decode
    }

    /// Whether this is [`ErrorKind::Redirect`].
    #[must_use]
    pub fn is_redirect(&self) -> bool {
        self.kind() == ErrorKind::Redirect
    }

    /// The HTTP status of the answer, or the one inside its envelope. `None` if
    /// there was no answer.
    #[must_use]
    pub fn status(&self) -> Option<StatusCode> {
        self.0.answer.as_ref().map(|answer| answer.status)
    }

    /// The headers of the answer.
    #[must_use]
    pub fn headers(&self) -> Option<&HeaderMap> {
        self.0.answer.as_ref().map(|answer| &answer.headers)
    }

    /// The body of the answer, without its envelope, up to
    /// [`ClientBuilder::max_body_size`](crate::ClientBuilder::max_body_size).
    #[must_use]
    pub fn body(&self) -> Option<&[u8]> {
        self.0.answer.as_ref().map(|answer| answer.body.as_ref())
    }

    /// The service's code, from the body or from the header `X-Error-Code`.
    #[must_use]
    pub fn code(&self) -> Option<ErrorCode> {
        self.0.said.code.clone()
    }

    /// The service's sentence about this failure, as it was sent.
    #[must_use]
    pub fn detail(&self) -> Option<&str> {
        self.0.said.detail.as_deref()
    }

    /// The service's words for the status.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        self.0.said.reason.as_deref()
    }

    /// The values that [`detail`](Self::detail) was made of. Services put
    /// strings, numbers or objects here.
    #[must_use]
    pub fn parameters(&self) -> &[Value] {
        &self.0.said.parameters
    }

    /// The fields of the request that break a rule, where the service lists them.
    #[must_use]
    pub fn field_violations(&self) -> &[FieldViolation] {
        &self.0.said.field_violations
    }

    /// How long the service asks to wait, counted from the arrival of its answer
    /// (header `Retry-After`, in seconds or as a date).
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// The state of the caller's rate limit, where the answer tells it.
    #[must_use]
    pub fn rate_limit(&self) -> Option<RateLimit> {
        RateLimit::read(self.headers()?)
    }

    /// How many HTTP requests were sent for the call, with those that only
    /// asked for a challenge or a token.
    #[must_use]
    pub fn requests_sent(&self) -> u32 {
        self.0.requests_sent
    }

    /// The operation's name, such as `update_org_api_key`. `None` for an error
    /// outside a call.
    #[must_use]
    pub fn operation(&self) -> Option<&str> {
        self.0.call.as_ref().map(|call| call.operation)
    }

    /// Whether the update may have taken effect all the same.
    ///
    /// True after a timeout, a connection that broke with the request under way,
    /// a status of 500 or more, and a success that cannot be read, in any of the
    /// attempts. False if nothing was sent but to sign in, the connection failed,
    /// or the service refused the request. Both operations set a state, so
    /// repeating one does no harm unless somebody else writes too.
    #[must_use]
    pub fn outcome_unknown(&self) -> bool {
        self.0.outcome_unknown
    }
}

const DETAIL_LIMIT: usize = 300;

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &self.0;
        if let Some(call) = &inner.call {
            write!(f, "{call}: ")?;
        }
        f.write_str(&inner.message)?;
        if let Some(answer) = &inner.answer {
            write!(f, ": {}", answer.status)?;
            if let Some(code) = &inner.said.code {
                write!(f, " {}", escape(code.as_str(), 60))?;
            }
            if let Some(detail) = &inner.said.detail {
                write!(f, " \"{}\"", escape(detail, DETAIL_LIMIT))?;
            }
        }
        if let Some(advice) = &inner.advice {
            write!(f, "; {advice}")?;
        }
        if inner.outcome_unknown {
            f.write_str("; the update may have taken effect: read the key before it is repeated")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &self.0;
        f.debug_struct("Error")
            .field("kind", &inner.kind)
            .field("message", &inner.message)
            .field("operation", &self.operation())
            .field("status", &self.status())
            .field("code", &inner.said.code)
            .field("detail", &inner.said.detail)
            .field("requests_sent", &inner.requests_sent)
            .field("outcome_unknown", &inner.outcome_unknown)
            .field("source", &inner.source)
            .finish_non_exhaustive()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

const _: () = assert!(size_of::<Result<(), Error>>() <= 16);
