//! Accepts connections, up to a limit, until the emulator stops.

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};

use axum::Router;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore, oneshot},
    task::JoinSet,
    time::{sleep, timeout},
};

use crate::{
    server::app::AppState,
    server::connection::{ConnectionLimits, Control, Protocol},
    server::socket::Socket,
    server::tls::Tls,
};

/// How long stopping waits for requests in flight.
const STOP_TIMEOUT: Duration = Duration::from_secs(2);

/// How long to wait after the operating system failed to provide a socket.
const PAUSE: Duration = Duration::from_millis(100);

/// Serves until `stopped` fires or its sender is dropped, then gives requests in flight a short
/// time to complete.
pub(crate) async fn serve(
    listener: TcpListener,
    app: Arc<AppState>,
    router: Router,
    tls: Option<Tls>,
    limits: ConnectionLimits,
    mut stopped: oneshot::Receiver<()>,
) {
    let protocol = Protocol::new(router, limits);
    let permits = Arc::new(Semaphore::new(limits.connections));
    let graceful = GracefulShutdown::new();
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = accept(&listener, &permits) => accepted,
            _ = &mut stopped => break,
            Some(_) = connections.join_next() => continue,
        };
        match accepted {
            Ok((stream, peer, permit)) => {
                app.traffic.connections.fetch_add(1, Relaxed);
                let (protocol, tls) = (protocol.clone(), tls.clone());
                let watcher = graceful.watcher();
                connections.spawn(async move {
                    connect(stream, peer, protocol, tls, watcher).await;
                    drop(permit);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                sleep(PAUSE).await;
            }
        }
    }
    drop(listener);
    if timeout(STOP_TIMEOUT, graceful.shutdown()).await.is_err() {
        tracing::debug!("aborting the requests in flight");
    }
    connections.shutdown().await;
}

/// Accepts the next connection as soon as a permit is available.
async fn accept(
    listener: &TcpListener,
    permits: &Arc<Semaphore>,
) -> io::Result<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let permit = Arc::clone(permits)
        .acquire_owned()
        .await
        .map_err(io::Error::other)?;
    let (stream, peer) = listener.accept().await?;
    Ok((stream, peer, permit))
}

async fn connect(
    stream: TcpStream,
    peer: SocketAddr,
    protocol: Protocol,
    tls: Option<Tls>,
    watcher: Watcher,
) {
    // Responses are small, so Nagle's algorithm would only delay them.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "cannot set TCP_NODELAY");
    }
    let control = Arc::new(Control::default());
    let socket = Socket::new(stream, Arc::clone(&control));
    match tls {
        None => protocol.serve(socket, peer, control, watcher).await,
        #[cfg(feature = "tls")]
        Some(tls) => match tls.accept(socket).await {
            Ok(stream) => protocol.serve(stream, peer, control, watcher).await,
            Err(error) => tracing::debug!(%peer, %error, "TLS handshake failed"),
        },
        #[cfg(not(feature = "tls"))]
        Some(never) => match never {},
    }
}
