//! A running emulator: its lifetime and what can be read from it.

use std::{
    fmt, io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use secrecy::ExposeSecret;
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};

use crate::{
    config::seed::Access, config::synthetic::SyntheticKey, faults::injector::Faults,
    server::accept, server::connection::ConnectionLimits, server::handler::AppState,
    server::request_log::LoggedRequest, server::tls::Tls, state::key_state::KeyState,
    state::object_id::ObjectId,
};

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
    app: Arc<AppState>,
    access: Access,
    ca_pem: Option<String>,
    /// Dropping it tells the server to stop.
    stop: Option<oneshot::Sender<()>>,
    server: JoinHandle<()>,
}

impl Emulator {
    pub(crate) fn new(
        listener: TcpListener,
        app: Arc<AppState>,
        access: Access,
        tls: Option<(Tls, String)>,
        bounds: ConnectionLimits,
    ) -> Self {
        let (stop, stopped) = oneshot::channel::<()>();
        let (tls, ca_pem) = tls.unzip();
        let shared = Arc::clone(&app);
        let server = tokio::spawn(accept::serve(listener, shared, tls, bounds, stopped));
        Self {
            app,
            access,
            ca_pem,
            stop: Some(stop),
            server,
        }
    }

    /// Stops, waiting at most two seconds for requests that are being
    /// answered. Dropping the emulator stops it too, without waiting.
    pub async fn stop(mut self) {
        drop(self.stop.take());
        if let Err(error) = (&mut self.server).await {
            tracing::error!(%error, "the server broke off");
        }
    }

    /// The URL of the server, as `http://127.0.0.1:40123`, with no slash at
    /// the end.
    pub fn base_url(&self) -> &str {
        &self.app.base_url
    }

    /// The certificate, in PEM, that a client has to trust; `None` for plain
    /// HTTP. `Builder::tls`, with the feature `tls`, switches HTTPS on.
    pub fn ca_certificate(&self) -> Option<&str> {
        self.ca_pem.as_deref()
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
        self.app.state.lock().any_key(id).map(KeyState::new)
    }

    /// The keys that [`Builder::keys_per_org`](crate::Builder::keys_per_org) asked for, those of the first
    /// organization before all.
    pub fn synthetic_keys(&self) -> impl Iterator<Item = SyntheticKey> + '_ {
        self.app.synthetic.keys()
    }

    /// Replaces the faults, which count from the start.
    pub fn set_faults(&self, faults: Faults) {
        self.app.faults.replace(faults);
    }

    /// Starts over: the state that the emulator had at first, full rate
    /// limits, no live tokens, an empty log, counters at 0, and the turn of
    /// every fault from the beginning. Nonces stay good.
    ///
    /// # Errors
    ///
    /// What [`Builder::start`](crate::Builder::start) says of its seed; as that did start, none.
    pub fn reset(&self) -> io::Result<()> {
        self.app.reset()
    }

    /// How many requests arrived so far, challenged ones and requests for
    /// tokens included.
    pub fn requests(&self) -> u64 {
        self.count(&self.app.traffic.requests)
    }

    /// How many digest challenges were sent so far.
    pub fn challenges(&self) -> u64 {
        self.count(&self.app.traffic.challenges)
    }

    /// How many connections were accepted so far.
    pub fn connections(&self) -> u64 {
        self.count(&self.app.traffic.connections)
    }

    /// The newest requests, oldest first, without their secrets.
    pub fn request_log(&self) -> Vec<LoggedRequest> {
        self.app.traffic.log()
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
