//! What an answer other than a success means.

use std::borrow::Cow;

use http::{StatusCode, header};

use crate::{
    ApiVersion,
    error::{Error, ErrorKind},
    error_code::ErrorCode,
    headers,
    service_error::ServiceError,
    text::escape,
    wire::Answer,
};

/// The error that `answer` stands for. A 401 is read as a lack of permission:
/// refused credentials are told apart where they are sent, and go through
/// [`refused_credentials`].
pub(crate) fn refusal(answer: Answer) -> Error {
    let code = ServiceError::read(&answer.headers, &answer.body).code;
    let kind = kind(answer.status, code.as_ref());
    let advice = advice(kind, &answer, code.as_ref());
    let error = Error::new(kind, message(kind)).with_answer(answer);
    match advice {
        Some(advice) => error.with_advice(advice),
        None => error,
    }
}

/// The error for credentials that the service was given and does not accept.
pub(crate) fn refused_credentials(answer: Answer, advice: &'static str) -> Error {
    Error::credentials("the service does not accept the credentials")
        .with_answer(answer)
        .with_advice(advice)
}

/// The error for a token that the caller gave and the service does not accept.
pub(crate) fn refused_token(answer: Answer) -> Error {
    Error::new(ErrorKind::Token, "the service does not accept the token")
        .with_answer(answer)
        .with_advice("get another one: it may have expired or been revoked")
}

/// Whether a 401 with this code speaks of rights, not of who is asking.
pub(crate) fn is_about_rights(code: &ErrorCode) -> bool {
    [
        ErrorCode::NOT_ORG_OWNER,
        ErrorCode::NOT_ORG_GROUP_CREATOR,
        ErrorCode::NOT_IN_GROUP,
        ErrorCode::USER_UNAUTHORIZED,
        ErrorCode::USER_CANNOT_ACCESS_ORG,
    ]
    .contains(code)
}

fn kind(status: StatusCode, code: Option<&ErrorCode>) -> ErrorKind {
    let says = |known: &[ErrorCode]| code.is_some_and(|code| known.contains(code));
    match status.as_u16() {
        _ if status.is_redirection() => ErrorKind::Redirect,
        _ if status.is_success() => ErrorKind::Decode,
        _ if status.is_server_error() => ErrorKind::Service,
        429 => ErrorKind::RateLimited,
        _ if says(&[
            ErrorCode::API_KEY_NOT_FOUND,
            ErrorCode::ORG_NOT_FOUND,
            ErrorCode::GROUP_NOT_FOUND,
        ]) =>
        {
            ErrorKind::NotFound
        }
        _ if says(&[ErrorCode::INVALID_VERSION_DATE, ErrorCode::VERSION_GONE]) => {
            ErrorKind::Version
        }
        409 => ErrorKind::Conflict,
        _ if says(&[ErrorCode::CANNOT_DEMOTE_LAST_ORG_OWNER]) => ErrorKind::Conflict,
        401 | 403 => ErrorKind::Permission,
        404 => ErrorKind::NotFound,
        406 | 410 => ErrorKind::Version,
        400 | 413 | 414 | 415 | 422 | 431 => ErrorKind::Input,
        _ => ErrorKind::Service,
    }
}

fn message(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Input => "the service refuses the input",
        ErrorKind::Permission => "the service does not allow this",
        ErrorKind::NotFound => "no such organization, project or API key",
        ErrorKind::Conflict => "not possible in the present state",
        ErrorKind::RateLimited => "the rate limit is used up",
        ErrorKind::Version => "the service does not serve this version",
        ErrorKind::Redirect => "the service points elsewhere, which is not followed",
        ErrorKind::Decode => "a success other than the expected one",
        _ => "the service failed",
    }
}

fn advice(kind: ErrorKind, answer: &Answer, code: Option<&ErrorCode>) -> Option<Cow<'static, str>> {
    let is = |known: ErrorCode| code == Some(&known);
    Some(match kind {
        ErrorKind::Permission if is(ErrorCode::IP_ADDRESS_NOT_ON_ACCESS_LIST) => {
            "add this machine's address to the access list of the calling key".into()
        }
        ErrorKind::Permission => {
            "check the roles of the calling key, its access list, and that it belongs to this organization".into()
        }
        ErrorKind::NotFound if code.is_none() => "check the base URL and the ids".into(),
        ErrorKind::NotFound => "check the ids, and that the key belongs there".into(),
        ErrorKind::Conflict if is(ErrorCode::CANNOT_DEMOTE_LAST_ORG_OWNER) => {
            "make another key or user owner of the organization first".into()
        }
        ErrorKind::RateLimited => match headers::retry_after(&answer.headers) {
            Some(wait) => format!("wait {} s", wait.as_secs_f64().ceil()).into(),
            None => "wait a minute".into(),
        },
        ErrorKind::Version => {
            let known: Vec<_> = ApiVersion::KNOWN.iter().map(ToString::to_string).collect();
            format!("known versions are {}", known.join(", ")).into()
        }
        ErrorKind::Redirect => match headers::text(&answer.headers, &header::LOCATION) {
            Some(target) => {
                format!("if \"{}\" is right, use its address as the base URL", escape(target, 200)).into()
            }
            None => "check the base URL".into(),
        },
        ErrorKind::Service if is(ErrorCode::WRITES_NOT_ALLOWED_DURING_APP_UPGRADES) => {
            "the service is being upgraded: try again later".into()
        }
        ErrorKind::Service if answer.status == StatusCode::PROXY_AUTHENTICATION_REQUIRED => {
            "a proxy on the way wants credentials of its own".into()
        }
        ErrorKind::Service if answer.status.is_server_error() => "try again later".into(),
        _ => return None,
    })
}
