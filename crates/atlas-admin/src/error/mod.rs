//! The error type of this crate.

pub(crate) mod code;
pub(crate) mod from_response;
pub(crate) mod html;
pub(crate) mod mismatch;
pub(crate) mod service_error;

use std::{borrow::Cow, error::Error as StdError, fmt, sync::Arc, time::Duration};

use atlas_admin_raw::catalog::Effect;
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde_json::Value;

use self::{
    code::ErrorCode,
    mismatch::Mismatch,
    service_error::{FieldViolation, ServiceError},
};
use crate::model::{
    created_api_key::CreatedApiKey,
    parse_error::ParseError,
    response::{BufferedResponse, RateLimit, headers},
    sanitize::{excerpt, quoted_excerpt},
    target::CallTarget,
};

/// What to do if a proxy asks for credentials.
pub(crate) const PROXY_CREDENTIALS: &str = "check the user name and password of the proxy in \
     HTTPS_PROXY, HTTP_PROXY or ALL_PROXY, such as http://user:password@host:port";

/// Why a call failed, with everything the service said about it.
///
/// Match on [`kind`](Self::kind) or an `is_…` method for the kind of failure and on
/// [`code`](Self::code) for the service's own reason; check
/// [`outcome_unknown`](Self::outcome_unknown) before repeating a call. `Display` writes
/// one line, or several short ones with `{:#}`: what failed, on which operation and ids, what
/// the service said, and what to do next.
///
/// ```no_run
/// # async fn handle(atlas: atlas_admin::Client) -> Result<(), atlas_admin::Error> {
/// let key = atlas.org("32b6e34b3d91647abb20e7b8").api_key("6a793f752c88faeba59bba49");
/// match key.get().await {
///     Ok(read) => println!("{:?}", read.desc),
///     Err(error) if error.is_not_found() => println!("no such key"),
///     Err(error) if error.is_rate_limited() => println!("again in {:?}", error.retry_after()),
///     Err(error) if error.outcome_unknown() => println!("read it before you repeat that"),
///     Err(error) => return Err(error),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Error(Box<Inner>);

#[derive(Clone)]
struct Inner {
    kind: ErrorKind,
    message: Cow<'static, str>,
    advice: Option<Cow<'static, str>>,
    target: Option<CallTarget>,
    /// Without its body, which is kept below.
    response: Option<BufferedResponse>,
    body: Option<Bytes>,
    service_error: ServiceError,
    mismatches: Vec<Mismatch>,
    retry_after: Option<Duration>,
    created: Option<Arc<CreatedApiKey>>,
    source: Option<Arc<dyn StdError + Send + Sync>>,
    requests_sent: u32,
    /// What the operation does, if it may have been applied despite the error.
    unknown: Option<Effect>,
}

/// The kind of a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// This crate or the service refused a value. If this crate did, nothing was sent and
    /// there is no status.
    Input,
    /// The service does not recognize the caller: the credentials are wrong, missing or
    /// mixed up.
    Credentials,
    /// The service does not accept the bearer token that the caller gave: it has expired,
    /// was revoked, or belongs to another service. Tokens of a service account are
    /// refreshed before this happens.
    Token,
    /// The service recognizes the caller and does not allow the operation.
    Permission,
    /// The organization, the project, the API key or the access list entry does not exist.
    NotFound,
    /// The operation is allowed but conflicts with the current state, such as taking the
    /// role from an organization's last owner.
    Conflict,
    /// The rate limit is exhausted; see [`Error::retry_after`].
    RateLimited,
    /// The requested API version does not exist or is no longer served.
    Version,
    /// The service, or a proxy in front of it, failed.
    Service,
    /// The connection failed: it was not made, it broke, or it does not speak HTTP.
    Transport,
    /// The call ran out of time.
    Timeout,
    /// The service reported a success that cannot be read, or that is about another API key.
    Decode,
    /// The service reported a success with other values than the update set; see
    /// [`Error::mismatches`].
    Mismatch,
    /// The service sent a redirect, which the client never follows.
    Redirect,
}

impl ErrorKind {
    /// Returns the name in snake case, such as `rate_limited`, for logs and machine-readable
    /// output.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Input => "input",
            Self::Credentials => "credentials",
            Self::Token => "token",
            Self::Permission => "permission",
            Self::NotFound => "not_found",
            Self::Conflict => "conflict",
            Self::RateLimited => "rate_limited",
            Self::Version => "version",
            Self::Service => "service",
            Self::Transport => "transport",
            Self::Timeout => "timeout",
            Self::Decode => "decode",
            Self::Mismatch => "mismatch",
            Self::Redirect => "redirect",
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Error {
    /// Creates an error of this kind, for tests of programs that handle errors.
    ///
    /// ```
    /// use atlas_admin::{Error, ErrorCode, ErrorKind};
    ///
    /// let error = Error::new(ErrorKind::NotFound, "no such key")
    ///     .with_code(ErrorCode::API_KEY_NOT_FOUND);
    /// assert!(error.is_not_found());
    /// ```
    pub fn new(kind: ErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Inner {
            kind,
            message: message.into(),
            advice: None,
            target: None,
            response: None,
            body: None,
            service_error: ServiceError::default(),
            mismatches: Vec::new(),
            retry_after: None,
            created: None,
            source: None,
            requests_sent: 0,
            unknown: None,
        }))
    }

    /// Sets the service's error code.
    #[must_use]
    pub fn with_code(mut self, code: impl Into<ErrorCode>) -> Self {
        self.0.service_error.code = Some(code.into());
        self
    }

    /// Sets whether the service may have acted despite the error.
    #[must_use]
    pub fn with_outcome_unknown(mut self, outcome_unknown: bool) -> Self {
        self.0.unknown = outcome_unknown.then_some(Effect::Set);
        self
    }

    pub(crate) fn input(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Input, message)
    }

    pub(crate) fn credentials(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Credentials, message)
    }

    pub(crate) fn mismatch(mismatches: Vec<Mismatch>) -> Self {
        let shown: Vec<_> = mismatches.iter().map(ToString::to_string).collect();
        let message = format!(
            "the response does not match the request: it has {}",
            shown.join(", and ")
        );
        let mut error = Self::new(ErrorKind::Mismatch, message)
            .with_advice("something else may have changed the key at the same time");
        error.0.mismatches = mismatches;
        error
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

    pub(crate) fn with_response(mut self, mut response: BufferedResponse) -> Self {
        self.0.service_error = ServiceError::of(&response);
        self.0.retry_after = headers::retry_after(&response.headers);
        self.0.body = Some(std::mem::take(&mut response.body));
        self.0.response = Some(response);
        self
    }

    pub(crate) fn with_created(mut self, created: CreatedApiKey) -> Self {
        self.0.created = Some(Arc::new(created));
        self
    }

    /// Forgets the body of the response, except for what the service says in it about an error.
    pub(crate) fn without_body(mut self) -> Self {
        self.0.body = None;
        self
    }

    pub(crate) fn with_target(mut self, target: CallTarget) -> Self {
        self.0.target = Some(target);
        self
    }

    /// Sets the number of requests and, if the call may have been applied, its effect.
    pub(crate) fn with_outcome(mut self, requests_sent: u32, unknown: Option<Effect>) -> Self {
        self.0.requests_sent = requests_sent;
        self.0.unknown = unknown;
        self
    }

    /// Returns whether the service says that what was to be deleted does not exist: an API key,
    /// or an entry of an access list. An organization or a project that does not exist says
    /// nothing about them, and neither does the page of a proxy.
    pub(crate) fn is_gone(&self) -> bool {
        match self.code() {
            Some(code) => code == ErrorCode::API_KEY_NOT_FOUND || code.is_missing_entry(),
            None => {
                let is_page = self.body().is_some_and(html::is_page);
                self.status() == Some(StatusCode::NOT_FOUND) && !is_page
            }
        }
    }

    /// Returns the kind of failure.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Returns whether this is [`ErrorKind::Input`].
    #[must_use]
    pub fn is_input(&self) -> bool {
        self.kind() == ErrorKind::Input
    }

    /// Returns whether the service does not recognize the caller:
    /// [`ErrorKind::Credentials`] or [`ErrorKind::Token`].
    #[must_use]
    pub fn is_credentials(&self) -> bool {
        matches!(self.kind(), ErrorKind::Credentials | ErrorKind::Token)
    }

    /// Returns whether this is [`ErrorKind::Token`].
    #[must_use]
    pub fn is_token(&self) -> bool {
        self.kind() == ErrorKind::Token
    }

    /// Returns whether this is [`ErrorKind::Permission`].
    #[must_use]
    pub fn is_permission(&self) -> bool {
        self.kind() == ErrorKind::Permission
    }

    /// Returns whether this is [`ErrorKind::NotFound`].
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.kind() == ErrorKind::NotFound
    }

    /// Returns whether this is [`ErrorKind::Conflict`].
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        self.kind() == ErrorKind::Conflict
    }

    /// Returns whether this is [`ErrorKind::RateLimited`].
    #[must_use]
    pub fn is_rate_limited(&self) -> bool {
        self.kind() == ErrorKind::RateLimited
    }

    /// Returns whether this is [`ErrorKind::Version`].
    #[must_use]
    pub fn is_version(&self) -> bool {
        self.kind() == ErrorKind::Version
    }

    /// Returns whether this is [`ErrorKind::Service`].
    #[must_use]
    pub fn is_service(&self) -> bool {
        self.kind() == ErrorKind::Service
    }

    /// Returns whether this is [`ErrorKind::Transport`].
    #[must_use]
    pub fn is_transport(&self) -> bool {
        self.kind() == ErrorKind::Transport
    }

    /// Returns whether this is [`ErrorKind::Timeout`].
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        self.kind() == ErrorKind::Timeout
    }

    /// Returns whether this is [`ErrorKind::Decode`].
    #[must_use]
    pub fn is_decode(&self) -> bool {
        self.kind() == ErrorKind::Decode
    }

    /// Returns whether this is [`ErrorKind::Mismatch`].
    #[must_use]
    pub fn is_mismatch(&self) -> bool {
        self.kind() == ErrorKind::Mismatch
    }

    /// Returns whether this is [`ErrorKind::Redirect`].
    #[must_use]
    pub fn is_redirect(&self) -> bool {
        self.kind() == ErrorKind::Redirect
    }

    /// Returns the HTTP status of the response, or the one inside its envelope. `None` if
    /// there was no response.
    #[must_use]
    pub fn status(&self) -> Option<StatusCode> {
        self.0.response.as_ref().map(|response| response.status)
    }

    /// Returns the headers of the response.
    #[must_use]
    pub fn headers(&self) -> Option<&HeaderMap> {
        self.0.response.as_ref().map(|response| &response.headers)
    }

    /// Returns the body of the response, without its envelope, up to
    /// [`ClientBuilder::max_body_size`](crate::ClientBuilder::max_body_size). `None` if there
    /// was no response, or if the call was to create an API key: the body may contain its
    /// secret.
    #[must_use]
    pub fn body(&self) -> Option<&[u8]> {
        self.0.body.as_deref()
    }

    /// Returns the service's error code, from the body or the header `X-Error-Code`.
    #[must_use]
    pub fn code(&self) -> Option<ErrorCode> {
        self.0.service_error.code.clone()
    }

    /// Returns the service's description of the failure, as it was sent.
    #[must_use]
    pub fn detail(&self) -> Option<&str> {
        self.0.service_error.detail.as_deref()
    }

    /// Returns the service's reason phrase for the status.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        self.0.service_error.reason.as_deref()
    }

    /// Returns the values that [`detail`](Self::detail) was composed from: strings,
    /// numbers or objects.
    #[must_use]
    pub fn parameters(&self) -> &[Value] {
        &self.0.service_error.parameters
    }

    /// Returns the fields of the request that the service found invalid, if it lists them.
    #[must_use]
    pub fn field_violations(&self) -> &[FieldViolation] {
        &self.0.service_error.field_violations
    }

    /// Returns the fields that the response returned with other values than the update set.
    #[must_use]
    pub fn mismatches(&self) -> &[Mismatch] {
        &self.0.mismatches
    }

    /// Returns the key that was created with other values than were asked for, so that its
    /// private key is not lost. `None` for every other error.
    #[must_use]
    pub fn created(&self) -> Option<&CreatedApiKey> {
        self.0.created.as_deref()
    }

    /// Returns how long the service asks to wait, from the arrival of its response (header
    /// `Retry-After`, in seconds or as a date).
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// Returns the state of the caller's rate limit, if the response reports it.
    #[must_use]
    pub fn rate_limit(&self) -> Option<RateLimit> {
        RateLimit::read(self.headers()?)
    }

    /// Returns the number of HTTP requests sent for the call, including those that fetched
    /// a challenge or a token.
    #[must_use]
    pub fn requests_sent(&self) -> u32 {
        self.0.requests_sent
    }

    /// Returns the operation's id, such as `update_org_api_key`. `None` for an error
    /// outside a call.
    #[must_use]
    pub fn operation(&self) -> Option<&str> {
        self.0.target.as_ref().map(|target| target.operation)
    }

    /// Returns whether the call may have been applied despite the error: whether something may
    /// have been changed, deleted or created.
    ///
    /// True if any attempt timed out, lost its connection after the request was sent,
    /// got a status of 500 or more, or got a success that cannot be read or does not match the
    /// request. False if only challenges or tokens were requested, no connection was made, or
    /// the service refused the request; and always for a read.
    ///
    /// Repeating an update is harmless unless someone else changes the same key in between, and
    /// repeating a deletion is harmless. Repeating a creation may create another key: look for
    /// the first one before.
    #[must_use]
    pub fn outcome_unknown(&self) -> bool {
        self.0.unknown.is_some()
    }

    /// Returns what to do about a call with this effect that may have been applied.
    fn unknown_outcome(&self, effect: Effect) -> &'static str {
        let target = self.0.target.as_ref();
        let has_key = target.is_some_and(|target| target.api_key_id.is_some());
        match effect {
            Effect::Read => "the request may have been processed",
            Effect::Set if has_key => {
                "the update may have been applied: read the key before you repeat it"
            }
            Effect::Set => {
                "the update may have been applied: read what it changes before you repeat it"
            }
            Effect::Delete => "the deletion may have been applied: repeating it is harmless",
            Effect::Create if target.is_some_and(CallTarget::creates_key) => {
                "a key may have been created: look for it (find_created) before you create another"
            }
            Effect::Create if has_key => {
                "entries may have been added: list them before you add them again"
            }
            Effect::Create => {
                "something may have been created: look for it before you repeat the request"
            }
        }
    }
}

const DETAIL_LIMIT: usize = 300;

/// With `{:#}`, what the service said and what to do about it stand in lines of their own, as on a
/// terminal.
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &self.0;
        let (response, advice) = match f.alternate() {
            true => ("\n  ", "\n  hint: "),
            false => (": ", "; "),
        };
        if let Some(target) = &inner.target {
            write!(f, "{target}: ")?;
        }
        f.write_str(&inner.message)?;
        if let Some(BufferedResponse { status, .. }) = &inner.response {
            write!(f, "{response}{status}")?;
        }
        if let Some(code) = &inner.service_error.code {
            let separator = if inner.response.is_some() { " " } else { ": " };
            write!(f, "{separator}{}", excerpt(code.as_str(), 60))?;
        }
        if let Some(detail) = &inner.service_error.detail {
            write!(f, " {}", quoted_excerpt(detail, DETAIL_LIMIT))?;
        }
        if let Some(text) = &inner.advice {
            write!(f, "{advice}{text}")?;
        }
        if let Some(effect) = inner.unknown
            && inner.created.is_none()
        {
            write!(f, "{advice}{}", self.unknown_outcome(effect))?;
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
            .field("code", &inner.service_error.code)
            .field("detail", &inner.service_error.detail)
            .field("requests_sent", &inner.requests_sent)
            .field("outcome_unknown", &self.outcome_unknown())
            .field("source", &inner.source)
            .finish_non_exhaustive()
    }
}

/// Errors are equal if they have the same kind and the same error code of the service; their
/// texts and sources are not compared.
impl PartialEq for Error {
    fn eq(&self, other: &Self) -> bool {
        self.kind() == other.kind() && self.0.service_error.code == other.0.service_error.code
    }
}

impl Eq for Error {}

impl From<ParseError> for Error {
    fn from(error: ParseError) -> Self {
        Self::input(error.into_message())
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

const _: () = assert!(size_of::<Result<(), Error>>() <= 16);
