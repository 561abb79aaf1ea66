//! Digest authentication (RFC 7616), by the sessions of `http-digest-session`.

use http::header;
use http_digest_session::{DigestAuth, DigestError, Exchange, Step};
use reqwest::Request;
use url::Position;

use super::request::CallRequest;
use crate::{
    error::{Error, ErrorKind, from_response},
    model::{response::BufferedResponse, sanitize::quoted_excerpt},
    transport::context::RequestContext,
};

/// The longest part of an unusable challenge that an error quotes, in characters.
const QUOTE_LIMIT: usize = 200;

/// Sends a request until the service accepts the credentials or refuses them.
pub(super) async fn send(
    auth: &DigestAuth,
    context: &RequestContext<'_>,
    request: &CallRequest<'_>,
) -> Result<BufferedResponse, Error> {
    let url = request.http.url();
    // What the request line names: the path with the query.
    let uri = &url[Position::BeforePath..Position::AfterQuery];
    let mut exchange = Exchange::new(auth, request.http.method().as_str(), uri);
    loop {
        let sent = context.send(authorized(request, &mut exchange)?);
        let mut response = sent.await?;
        exchange.store_cookies(response.headers(), url);
        match exchange.on_response(response.status(), response.headers()) {
            Ok(Step::Done) => return context.read(&mut response).await,
            // Read to its end, so that the connection can be reused.
            Ok(Step::Retry) => drop(context.drain(&mut response).await),
            Err(error) => {
                if error == DigestError::WrongRspauth {
                    context.progress.set_may_have_applied(true);
                }
                return Err(failure(error, context.drain(&mut response).await));
            }
        }
    }
}

/// Copies `request`, with what the exchange adds to it.
fn authorized(request: &CallRequest<'_>, exchange: &mut Exchange<'_>) -> Result<Request, Error> {
    let authorization = exchange.authorize().map_err(|_| unanswerable())?;
    let mut copy = request.authorized(authorization);
    if let Some(cookie) = exchange.cookie(request.http.url()) {
        copy.headers_mut().insert(header::COOKIE, cookie);
    }
    Ok(copy)
}

fn unanswerable() -> Error {
    Error::credentials("cannot compute a response to the service's digest challenge")
        .with_advice("check the base URL and the user name")
}

/// Returns the error for what is wrong about the last response.
fn failure(error: DigestError, response: BufferedResponse) -> Error {
    match error {
        DigestError::NoChallenge {
            reason, offered, ..
        } => {
            let quoted = offered.map(|offered| quoted_excerpt(&offered, QUOTE_LIMIT));
            let reason = match quoted {
                Some(quoted) => format!("{reason} in {quoted}"),
                None => reason.to_owned(),
            };
            Error::credentials(format!(
                "the service refused the request and offers no digest authentication ({reason})"
            ))
            .with_response(response)
            .with_advice("check the base URL and the kind of credentials")
        }
        DigestError::Refused { was_accepted, .. } => {
            let advice = match was_accepted {
                true => {
                    "they were accepted before: they may have been revoked since, or servers \
                     behind a load balancer do not share their nonces, and its sessions must be \
                     sticky"
                }
                false => {
                    "check the public and the private key, or the user name and the personal key"
                }
            };
            from_response::refused_credentials(response, advice)
        }
        DigestError::AlwaysStale => Error::new(
            ErrorKind::Service,
            "the service rejects every nonce as stale, even one that it has just issued",
        )
        .with_response(response)
        .with_advice(
            "try again later; if servers behind a load balancer do not share their nonces, make \
             its sessions sticky",
        ),
        // The response may come from anyone, whatever its status.
        DigestError::WrongRspauth => Error::new(
            ErrorKind::Service,
            "the response does not prove that the service knows the password (rspauth)",
        )
        .with_response(response)
        .with_advice("check the base URL and any proxy in between"),
        _ => unanswerable().with_response(response),
    }
}
