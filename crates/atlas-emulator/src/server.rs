//! A running emulator: its lifetime and what can be read from it.

use std::{
    fmt, io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use axum::serve::ListenerExt;
use secrecy::ExposeSecret;
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};

use crate::{
    Builder, KeyState, LoggedRequest, exchange::Emulation, object_id::ObjectId, router::router,
    seed::Access,
};

/// How long [`Emulator::stop`] waits for requests that are being answered.
const STOP_TIMEOUT: Duration = Duration::from_secs(2);

/// A running local server for the API-key operations of Atlas v2, Atlas v1.0
/// and Ops Manager. It stops when it is dropped.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// use atlas_emulator::Emulator;
///
/// let emulator = Emulator::start().await?;
/// println!(
///     "PATCH {}/api/atlas/v2/orgs/{}/apiKeys/{}",
///     emulator.base_url(),
///     emulator.org_id(),
///     emulator.api_key_id(),
/// );
/// assert_eq!(emulator.requests(), 0);
/// # Ok(())
/// # }
/// ```
pub struct Emulator {
    emulation: Arc<Emulation>,
    access: Access,
    /// Dropping it tells the server to stop.
    stop: Option<oneshot::Sender<()>>,
    server: JoinHandle<()>,
}

impl Emulator {
    /// Starts an emulator with the default settings on a free port of
    /// 127.0.0.1.
    ///
    /// # Errors
    ///
    /// What the operating system says, if no port can be had.
    pub async fn start() -> io::Result<Self> {
        Self::builder().start().await
    }

    /// Settings for an emulator.
    pub fn builder() -> Builder {
        Builder::default()
    }

    pub(crate) fn new(listener: TcpListener, emulation: Arc<Emulation>, access: Access) -> Self {
        let (stop, stopped) = oneshot::channel::<()>();
        let counter = Arc::clone(&emulation);
        let listener = listener.tap_io(move |stream| {
            counter.traffic.connections.fetch_add(1, Relaxed);
            // Answers are small; waiting to fill a packet would only delay them.
            if let Err(error) = stream.set_nodelay(true) {
                tracing::debug!(%error, "no TCP_NODELAY");
            }
        });
        let service = router(Arc::clone(&emulation));
        let server = tokio::spawn(async move {
            let serving = axum::serve(listener, service).with_graceful_shutdown(async {
                // Either way, sent or dropped, it is time to stop.
                let _ = stopped.await;
            });
            if let Err(error) = serving.await {
                tracing::error!(%error, "the server broke off");
            }
        });
        Self {
            emulation,
            access,
            stop: Some(stop),
            server,
        }
    }

    /// Stops, waiting at most two seconds for requests that are being
    /// answered. Dropping the emulator stops it too, without waiting.
    pub async fn stop(mut self) {
        drop(self.stop.take());
        if tokio::time::timeout(STOP_TIMEOUT, &mut self.server)
            .await
            .is_err()
        {
            self.server.abort();
        }
    }

    /// The URL of the server, as `http://127.0.0.1:40123`, with no slash at
    /// the end.
    pub fn base_url(&self) -> &str {
        &self.emulation.base_url
    }

    /// The id of the organization.
    pub fn org_id(&self) -> &str {
        &self.access.org_id
    }

    /// The id of the project, which is in the organization.
    pub fn project_id(&self) -> &str {
        &self.access.project_id
    }

    /// The id of the key to be updated: a member of the organization that may
    /// read in the project.
    pub fn api_key_id(&self) -> &str {
        &self.access.api_key_id
    }

    /// The id of the calling key, the only owner of the organization.
    pub fn calling_api_key_id(&self) -> &str {
        &self.access.calling_api_key_id
    }

    /// The public key of the calling key: the user name for digest.
    pub fn public_key(&self) -> &str {
        &self.access.public_key
    }

    /// The private key of the calling key: the password for digest.
    pub fn private_key(&self) -> &str {
        self.access.private_key.expose_secret()
    }

    /// The client id of a service account that owns the organization.
    pub fn client_id(&self) -> &str {
        &self.access.client_id
    }

    /// The client secret of that service account.
    pub fn client_secret(&self) -> &str {
        self.access.client_secret.expose_secret()
    }

    /// The API key with this id, as it is now.
    pub fn api_key(&self, id: &str) -> Option<KeyState> {
        let id = ObjectId::parse(id)?;
        self.emulation.state.lock().any_key(id).map(KeyState::new)
    }

    /// How many requests arrived so far, challenged ones and requests for
    /// tokens included.
    pub fn requests(&self) -> u64 {
        self.count(&self.emulation.traffic.requests)
    }

    /// How many digest challenges were sent so far.
    pub fn challenges(&self) -> u64 {
        self.count(&self.emulation.traffic.challenges)
    }

    /// How many connections were accepted so far.
    pub fn connections(&self) -> u64 {
        self.count(&self.emulation.traffic.connections)
    }

    /// The newest requests, oldest first, without their secrets.
    pub fn request_log(&self) -> Vec<LoggedRequest> {
        self.emulation.traffic.log()
    }

    fn count(&self, counter: &AtomicU64) -> u64 {
        counter.load(Relaxed)
    }
}

impl fmt::Debug for Emulator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Emulator")
            .field("base_url", &self.base_url())
            .field("access", &self.access)
            .finish_non_exhaustive()
    }
}
