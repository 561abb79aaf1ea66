//! What a response other than a success means.

use std::borrow::Cow;

use http::{StatusCode, header};

use super::{
    Error, ErrorKind, PROXY_CREDENTIALS, code::ErrorCode, html, service_error::ServiceError,
};
use crate::model::{
    api_version::ApiVersion,
    response::{BufferedResponse, headers},
    sanitize::quoted_excerpt,
};

/// Returns the error that `response` stands for. A 401 counts as a lack of permission:
/// authentication detects refused credentials itself and reports them by
/// [`refused_credentials`].
pub(crate) fn refusal(response: BufferedResponse) -> Error {
    let code = ServiceError::of(&response).code;
    let kind = kind(response.status, code.as_ref());
    let advice = advice(kind, &response, code.as_ref());
    let error = Error::new(kind, message(kind, code.as_ref())).with_response(response);
    match advice {
        Some(advice) => error.with_advice(advice),
        None => error,
    }
}

/// Returns the error for credentials that the service does not accept.
pub(crate) fn refused_credentials(response: BufferedResponse, advice: &'static str) -> Error {
    Error::credentials("the service does not accept the credentials")
        .with_response(response)
        .with_advice(advice)
}

/// Returns the error for a token from the caller that the service does not accept.
pub(crate) fn refused_token(response: BufferedResponse) -> Error {
    Error::new(ErrorKind::Token, "the service does not accept the token")
        .with_response(response)
        .with_advice("get a new one; this one may have expired or been revoked")
}

/// Returns the error for a success that is not `expected`.
pub(crate) fn unreadable(response: &BufferedResponse, expected: &str) -> Error {
    match html::describe(response) {
        Some(page) => {
            let message = format!("the response is {page}, not {expected}");
            Error::new(ErrorKind::Decode, message)
                .with_advice("check the base URL, and any proxy or sign-in page in between")
        }
        None => Error::new(ErrorKind::Decode, format!("the response is not {expected}")),
    }
}

/// Returns whether a 401 with this code is about permissions, not about credentials.
pub(crate) fn is_about_permissions(code: &ErrorCode) -> bool {
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
        ]) || code.is_some_and(ErrorCode::is_missing_entry) =>
        {
            ErrorKind::NotFound
        }
        _ if says(&[ErrorCode::INVALID_VERSION_DATE, ErrorCode::VERSION_GONE]) => {
            ErrorKind::Version
        }
        409 => ErrorKind::Conflict,
        _ if says(&[
            ErrorCode::CANNOT_DEMOTE_LAST_ORG_OWNER,
            ErrorCode::CANNOT_DELETE_LAST_OWNER,
            ErrorCode::CANNOT_REMOVE_CALLER_FROM_ACCESS_LIST,
        ]) =>
        {
            ErrorKind::Conflict
        }
        _ if says(&[ErrorCode::API_KEY_WHITELIST_ACCESS_DENIED]) => ErrorKind::Permission,
        401 | 403 => ErrorKind::Permission,
        404 => ErrorKind::NotFound,
        406 | 410 => ErrorKind::Version,
        400 | 413 | 414 | 415 | 422 | 431 => ErrorKind::Input,
        _ => ErrorKind::Service,
    }
}

fn message(kind: ErrorKind, code: Option<&ErrorCode>) -> &'static str {
    match kind {
        ErrorKind::NotFound if code.is_some_and(ErrorCode::is_missing_entry) => {
            "the access list has no such entry"
        }
        ErrorKind::Input => "the service rejected the input",
        ErrorKind::Permission => "the service does not allow this operation",
        ErrorKind::NotFound => "no such organization, project or API key",
        ErrorKind::Conflict => "the operation conflicts with the current state",
        ErrorKind::RateLimited => "the rate limit is exhausted",
        ErrorKind::Version => "the service does not serve this version",
        ErrorKind::Redirect => "the service sent a redirect, which the client does not follow",
        ErrorKind::Decode => "the service reported an unexpected kind of success",
        _ => "the service failed",
    }
}

fn advice(
    kind: ErrorKind,
    response: &BufferedResponse,
    code: Option<&ErrorCode>,
) -> Option<Cow<'static, str>> {
    let is = |known: ErrorCode| code == Some(&known);
    Some(match kind {
        ErrorKind::Permission if is(ErrorCode::IP_ADDRESS_NOT_ON_ACCESS_LIST) => {
            "add this machine's address to the access list of the calling key".into()
        }
        ErrorKind::Permission => {
            "check the calling key's roles, its access list, and that it belongs to this organization".into()
        }
        ErrorKind::NotFound if code.is_some_and(ErrorCode::is_missing_entry) => {
            "list the entries to see how the service writes them".into()
        }
        ErrorKind::NotFound if code.is_none() => "check the base URL and the ids".into(),
        ErrorKind::NotFound => "check the ids, and that the key belongs to this organization or project".into(),
        ErrorKind::Conflict
            if is(ErrorCode::CANNOT_DEMOTE_LAST_ORG_OWNER)
                || is(ErrorCode::CANNOT_DELETE_LAST_OWNER) =>
        {
            "make another key or user an owner of the organization first".into()
        }
        ErrorKind::Conflict if is(ErrorCode::CANNOT_REMOVE_CALLER_FROM_ACCESS_LIST) => {
            "call from another address, or with another key".into()
        }
        ErrorKind::RateLimited => match headers::retry_after(&response.headers) {
            Some(wait) => format!("wait {} s", wait.as_secs_f64().ceil()).into(),
            None => "wait a minute".into(),
        },
        ErrorKind::Version => {
            let known: Vec<_> = ApiVersion::KNOWN.iter().map(ToString::to_string).collect();
            format!("known versions are {}", known.join(", ")).into()
        }
        ErrorKind::Redirect => match headers::text(&response.headers, &header::LOCATION) {
            Some(target) => {
                format!("if {} is right, use its address as the base URL", quoted_excerpt(target, 200)).into()
            }
            None => "check the base URL".into(),
        },
        ErrorKind::Service if is(ErrorCode::WRITES_NOT_ALLOWED_DURING_APP_UPGRADES) => {
            "the service is being upgraded; try again later".into()
        }
        ErrorKind::Service if response.status == StatusCode::PROXY_AUTHENTICATION_REQUIRED => {
            PROXY_CREDENTIALS.into()
        }
        ErrorKind::Service if response.status.is_server_error() => "try again later".into(),
        _ => return None,
    })
}
