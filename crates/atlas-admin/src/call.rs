//! One call of an operation, from the request that the generated client builds to
//! the answer that it decodes.

use std::{
    error::Error as StdError,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use atlas_admin_raw::{self as raw, ResponseFuture, ResponseValue, Transport, catalog::Operation};
use http::{HeaderValue, StatusCode, header};
use reqwest::Request;

use crate::{
    attempt::{Exchange, Progress, attempt},
    client::Shared,
    error::{CallName, Error, ErrorKind},
    options::RequestOptions,
    response::Response,
    wire::Answer,
};

/// A call under way. It stands in the place of the generated client's transport
/// and keeps what happened, of which that client could tell a part only.
pub(crate) struct Call {
    shared: Arc<Shared>,
    operation: &'static Operation,
    name: CallName,
    options: RequestOptions,
    progress: Arc<Progress>,
    outcome: Mutex<Option<Result<Answer, Error>>>,
}

impl Call {
    pub(crate) fn new(
        shared: Arc<Shared>,
        operation: &'static Operation,
        name: CallName,
        options: RequestOptions,
    ) -> Arc<Self> {
        Arc::new(Self {
            shared,
            operation,
            name,
            options,
            progress: Arc::default(),
            outcome: Mutex::default(),
        })
    }

    /// A generated client that sends through this call.
    pub(crate) fn client(self: &Arc<Self>) -> raw::Client {
        raw::Client::new_with_client(&self.shared.url, self.shared.http.clone(), self.clone())
    }

    /// What became of the call, given what the generated client made of it.
    pub(crate) fn finish<T>(
        &self,
        decoded: Result<ResponseValue<T>, raw::Error<()>>,
    ) -> Result<Response<T>, Error> {
        let outcome = self
            .outcome
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let error = match (outcome, decoded) {
            (Some(Ok(answer)), Ok(value)) => {
                return Ok(Response::new(
                    value.into_inner(),
                    answer.status,
                    answer.headers,
                    self.progress.attempts(),
                ));
            }
            (Some(Ok(answer)), Err(error)) => {
                Error::new(ErrorKind::Decode, "the service's answer is not an API key")
                    .with_answer(answer)
                    .with_source(cause(error))
            }
            (Some(Err(error)), _) => error,
            (None, Err(error)) => {
                Error::input("no request can be made of this input").with_source(cause(error))
            }
            (None, Ok(_)) => Error::new(ErrorKind::Decode, "an answer to no request"),
        };
        Err(error
            .of_call(self.name.clone())
            .after(self.progress.attempts(), self.progress.may_be_taken()))
    }

    /// Carries the request out within its time.
    async fn run(&self, mut request: Request) -> Result<Answer, Error> {
        self.set_headers(&mut request)?;
        let exchange = Exchange {
            wire: &*self.shared.wire,
            operation: self.operation.id,
            progress: &self.progress,
        };
        let enveloped = self.options.envelope == Some(true);
        let attempt = attempt(&self.shared.auth, &exchange, &request, enveloped);
        let timeout = self.options.timeout.unwrap_or(self.shared.timeout);
        tokio::time::timeout(timeout, attempt)
            .await
            .unwrap_or_else(|_| {
                let message = format!("no answer within {timeout:?}");
                Err(Error::new(ErrorKind::Timeout, message))
            })
    }

    /// Puts this service's headers in the place of the generator's defaults.
    fn set_headers(&self, request: &mut Request) -> Result<(), Error> {
        let version = self.options.api_version.unwrap_or(self.shared.version);
        let media_type = HeaderValue::try_from(self.shared.service.media_type(version))
            .map_err(|error| Error::input("no media type for this version").with_source(error))?;
        let headers = request.headers_mut();
        headers.remove("api-version");
        headers.insert(header::USER_AGENT, self.shared.user_agent.clone());
        headers.insert(header::CONTENT_TYPE, media_type.clone());
        headers.insert(header::ACCEPT, media_type);
        Ok(())
    }
}

impl Transport for Call {
    fn execute<'a>(&'a self, request: Request, _operation_id: &'static str) -> ResponseFuture<'a> {
        Box::pin(async move {
            let outcome = self.run(request).await;
            let response = decodable(outcome.as_ref().ok());
            *self.outcome.lock().unwrap_or_else(PoisonError::into_inner) = Some(outcome);
            Ok(response)
        })
    }
}

/// The answer as the generated client can decode it; for a failure, which that
/// client has no type for, one that it does not expect.
fn decodable(answer: Option<&Answer>) -> reqwest::Response {
    let (status, body) = match answer {
        Some(answer) => (answer.status, answer.body.clone()),
        None => (StatusCode::IM_A_TEAPOT, bytes::Bytes::new()),
    };
    let mut response = http::Response::new(body);
    *response.status_mut() = status;
    response.into()
}

/// Why the generated client could not do its part.
fn cause(error: raw::Error<()>) -> Box<dyn StdError + Send + Sync> {
    match error {
        // The payload itself stays out of the text: it holds a key.
        raw::Error::InvalidResponsePayload(_, error) => error.into(),
        raw::Error::CommunicationError(error) => error.without_url().into(),
        raw::Error::InvalidRequest(text) => text.into(),
        _ => "the generated client does not know the answer".into(),
    }
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}
