//! Serves a connection, and breaks it for injected faults.

use std::{
    future::pending,
    io,
    net::SocketAddr,
    pin::{Pin, pin},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    task::{Context, Poll},
    time::Duration,
};

use axum::{Router, body::Body, response::Response};
use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::{
    Request,
    body::{Frame, Incoming, SizeHint},
    service::service_fn,
};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto, graceful::Watcher},
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::Notify,
    time::sleep,
};
use tower_service::Service;

use crate::{
    faults::fault::{BreakConnection, Reset},
    server::peer::Peer,
};

/// The maximum length of a request's head, in bytes.
const MAX_HEAD: usize = 64 * 1024;

/// The interval of pings on an idle HTTP/2 connection.
const PING: Duration = Duration::from_secs(20);

/// The handle with which a request breaks its connection.
#[derive(Debug, Default)]
pub(crate) struct Control {
    broken: Notify,
    reset: AtomicBool,
    /// Whether a request has arrived.
    used: AtomicBool,
}

impl Control {
    fn reset(&self) {
        self.reset.store(true, Relaxed);
        self.broken.notify_one();
    }

    /// Returns whether the connection ends with a reset, not an orderly close.
    pub(crate) fn is_reset(&self) -> bool {
        self.reset.load(Relaxed)
    }

    fn close(&self) {
        self.broken.notify_one();
    }
}

/// The limits for clients.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ConnectionLimits {
    /// The maximum number of concurrent connections.
    pub(crate) connections: usize,
    /// How long the head of a request may take, and a client's first byte.
    pub(crate) head_timeout: Duration,
}

/// The configuration for serving connections.
#[derive(Clone)]
pub(crate) struct Protocol {
    builder: auto::Builder<TokioExecutor>,
    router: Router,
    limits: ConnectionLimits,
}

impl Protocol {
    pub(crate) fn new(router: Router, limits: ConnectionLimits) -> Self {
        let mut builder = auto::Builder::new(TokioExecutor::new());
        builder
            .http1()
            .timer(TokioTimer::new())
            .header_read_timeout(limits.head_timeout)
            .max_buf_size(MAX_HEAD);
        builder
            .http2()
            .timer(TokioTimer::new())
            .keep_alive_interval(PING)
            .max_header_list_size(MAX_HEAD as u32);
        Self {
            builder,
            router,
            limits,
        }
    }

    /// Serves a connection until it ends.
    pub(crate) async fn serve<S>(
        self,
        stream: S,
        peer: SocketAddr,
        control: Arc<Control>,
        watcher: Watcher,
    ) where
        S: AsyncRead + AsyncWrite + Unpin + 'static,
    {
        let shared = Arc::clone(&control);
        let service = service_fn(move |mut request: Request<Incoming>| {
            shared.used.store(true, Relaxed);
            request.extensions_mut().insert(Peer(peer));
            let control = Arc::clone(&shared);
            let mut router = self.router.clone();
            async move {
                let Ok(response) = router.call(request).await;
                Ok::<_, std::convert::Infallible>(control.send(response).await)
            }
        });
        let connection = self.builder.serve_connection(TokioIo::new(stream), service);
        let connection = pin!(watcher.watch(connection.into_owned()));
        tokio::select! {
            // Polled first, so that completed responses are written before the connection breaks.
            biased;
            ended = connection => if let Err(error) = ended {
                tracing::debug!(%peer, error, "the connection failed");
            },
            () = control.broken.notified() => {}
            () = control.unused(self.limits.head_timeout) => tracing::debug!(%peer, "no request arrived in time"),
        }
    }
}

impl Control {
    /// Returns the response to send, unless the connection breaks first.
    async fn send(self: Arc<Self>, mut response: Response) -> Response {
        let Some(BreakConnection(when)) = response.extensions_mut().remove() else {
            return response;
        };
        let keep = match when {
            Reset::Before | Reset::After => {
                self.reset();
                // The connection is dropped, and this future with it.
                return pending().await;
            }
            Reset::During => 1,
            Reset::Idle => 2,
        };
        let (head, body) = response.into_parts();
        // Bodies in memory do not fail.
        let whole = body
            .collect()
            .await
            .map(|body| body.to_bytes())
            .unwrap_or_default();
        let body = BreakingBody {
            length: whole.len() as u64,
            rest: Some(whole.slice(..whole.len() * keep / 2)),
            complete: when == Reset::Idle,
            control: self,
        };
        Response::from_parts(head, Body::new(body))
    }

    /// Waits until the time for the first request has elapsed without one.
    async fn unused(&self, time: Duration) {
        sleep(time).await;
        if self.used.load(Relaxed) {
            pending().await
        }
    }
}

/// A body that breaks its connection after it has been sent.
struct BreakingBody {
    rest: Option<Bytes>,
    length: u64,
    complete: bool,
    control: Arc<Control>,
}

impl hyper::body::Body for BreakingBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if let Some(rest) = self.rest.take() {
            return Poll::Ready(Some(Ok(Frame::data(rest))));
        }
        if self.complete {
            return Poll::Ready(None);
        }
        self.control.reset();
        Poll::Pending
    }

    fn is_end_stream(&self) -> bool {
        self.complete && self.rest.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.length)
    }
}

impl Drop for BreakingBody {
    fn drop(&mut self) {
        if self.complete {
            self.control.close();
        }
    }
}
