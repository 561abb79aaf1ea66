//! Accepting connections, this many at a time, until it is time to stop.

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};

use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore, oneshot},
    task::JoinSet,
    time::{sleep, timeout},
};

use crate::{
    server::connection::{ConnectionLimits, Control, Protocol},
    server::handler::AppState,
    server::router::router,
    server::socket::Socket,
    server::tls::Tls,
};

/// How long a stop waits for requests in flight.
const STOP_TIMEOUT: Duration = Duration::from_secs(2);

/// How long to wait when the operating system has no socket to give.
const PAUSE: Duration = Duration::from_millis(100);

/// Serves until `stopped` is told or dropped; then requests that are being
/// answered have a little time left.
pub(crate) async fn serve(
    listener: TcpListener,
    app: Arc<AppState>,
    tls: Option<Tls>,
    bounds: ConnectionLimits,
    mut stopped: oneshot::Receiver<()>,
) {
    let protocol = Protocol::new(router(Arc::clone(&app)), bounds);
    let places = Arc::new(Semaphore::new(bounds.connections));
    let graceful = GracefulShutdown::new();
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = accept(&listener, &places) => accepted,
            _ = &mut stopped => break,
            Some(_) = connections.join_next() => continue,
        };
        match accepted {
            Ok((stream, peer, place)) => {
                app.traffic.connections.fetch_add(1, Relaxed);
                let (protocol, tls) = (protocol.clone(), tls.clone());
                let watcher = graceful.watcher();
                connections.spawn(async move {
                    connect(stream, peer, protocol, tls, watcher).await;
                    drop(place);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "no connection could be accepted");
                sleep(PAUSE).await;
            }
        }
    }
    drop(listener);
    if timeout(STOP_TIMEOUT, graceful.shutdown()).await.is_err() {
        tracing::debug!("requests that are still being answered are broken off");
    }
    connections.shutdown().await;
}

/// The next connection, once there is a place for it.
async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> io::Result<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let place = Arc::clone(places)
        .acquire_owned()
        .await
        .map_err(io::Error::other)?;
    let (stream, peer) = listener.accept().await?;
    Ok((stream, peer, place))
}

async fn connect(
    stream: TcpStream,
    peer: SocketAddr,
    protocol: Protocol,
    tls: Option<Tls>,
    watcher: Watcher,
) {
    // Responses are small; waiting to fill a packet would only delay them.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "no TCP_NODELAY");
    }
    let control = Arc::new(Control::default());
    let socket = Socket::new(stream, Arc::clone(&control));
    match tls {
        None => protocol.serve(socket, peer, control, watcher).await,
        #[cfg(feature = "tls")]
        Some(tls) => match tls.accept(socket).await {
            Ok(stream) => protocol.serve(stream, peer, control, watcher).await,
            Err(error) => tracing::debug!(%peer, %error, "no TLS"),
        },
        #[cfg(not(feature = "tls"))]
        Some(never) => match never {},
    }
}
