//! One connection: how it is served, and how it may be broken on purpose.

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

/// The longest head of a request, in bytes.
const MAX_HEAD: usize = 64 * 1024;

/// How often an unused HTTP/2 connection is asked whether it is still there.
const PING: Duration = Duration::from_secs(20);

/// What a request can do to its connection.
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

    /// Whether the end is a reset and not an orderly close.
    pub(crate) fn is_reset(&self) -> bool {
        self.reset.load(Relaxed)
    }

    fn close(&self) {
        self.broken.notify_one();
    }
}

/// What clients may take of the server.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ConnectionLimits {
    /// How many connections there may be.
    pub(crate) connections: usize,
    /// How long the head of a request may take, and a client's first byte.
    pub(crate) head_timeout: Duration,
}

/// How the connections of one server are served.
#[derive(Clone)]
pub(crate) struct Protocol {
    builder: auto::Builder<TokioExecutor>,
    router: Router,
    bounds: ConnectionLimits,
}

impl Protocol {
    pub(crate) fn new(router: Router, bounds: ConnectionLimits) -> Self {
        let mut builder = auto::Builder::new(TokioExecutor::new());
        builder
            .http1()
            .timer(TokioTimer::new())
            .header_read_timeout(bounds.head_timeout)
            .max_buf_size(MAX_HEAD);
        builder
            .http2()
            .timer(TokioTimer::new())
            .keep_alive_interval(PING)
            .max_header_list_size(MAX_HEAD as u32);
        Self {
            builder,
            router,
            bounds,
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
            // First, so that what was answered is written before it breaks.
            biased;
            ended = connection => if let Err(error) = ended {
                tracing::debug!(%peer, error, "the connection broke off");
            },
            () = control.broken.notified() => {}
            () = control.unused(self.bounds.head_timeout) => tracing::debug!(%peer, "no request came in time"),
        }
    }
}

impl Control {
    /// The response as it is sent, if it is sent at all.
    async fn send(self: Arc<Self>, mut response: Response) -> Response {
        let Some(BreakConnection(when)) = response.extensions_mut().remove() else {
            return response;
        };
        let keep = match when {
            Reset::Before | Reset::After => {
                self.reset();
                // The connection is dropped, and this with it.
                return pending().await;
            }
            Reset::During => 1,
            Reset::Idle => 2,
        };
        let (head, body) = response.into_parts();
        // Responses are made in memory, so there is no error to be had.
        let whole = body
            .collect()
            .await
            .map(|body| body.to_bytes())
            .unwrap_or_default();
        let doomed = BreakingBody {
            length: whole.len() as u64,
            rest: Some(whole.slice(..whole.len() * keep / 2)),
            complete: when == Reset::Idle,
            control: self,
        };
        Response::from_parts(head, Body::new(doomed))
    }

    /// Waits for the time to be over in which a first request must come.
    async fn unused(&self, time: Duration) {
        sleep(time).await;
        if self.used.load(Relaxed) {
            pending().await
        }
    }
}

/// A body whose connection breaks when it has been taken.
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
