//! A running emulator.

use std::{
    fmt, io,
    sync::{Arc, atomic::Ordering::Relaxed},
};

use secrecy::ExposeSecret;
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};

use crate::{
    config::seed::Access, config::synthetic::SyntheticKey, faults::injector::Faults,
    server::accept, server::app::AppState, server::connection::ConnectionLimits,
    server::request_log::LoggedRequest, server::router::router, server::tls::Tls,
    state::key_state::KeyState, state::object_id::ObjectId,
};

/// A local server that emulates the API-key operations of Atlas v2, Atlas v1.0 and Ops Manager. It
/// stops when dropped.
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
    /// The server stops when the sender is dropped.
    stop: Option<oneshot::Sender<()>>,
    server: JoinHandle<()>,
}

impl Emulator {
    pub(crate) fn new(
        listener: TcpListener,
        app: Arc<AppState>,
        access: Access,
        tls: Option<(Tls, String)>,
        limits: ConnectionLimits,
    ) -> io::Result<Self> {
        let router = router(Arc::clone(&app)).map_err(io::Error::other)?;
        let (stop, stopped) = oneshot::channel::<()>();
        let (tls, ca_pem) = tls.unzip();
        let shared = Arc::clone(&app);
        let server = tokio::spawn(accept::serve(
            listener, shared, router, tls, limits, stopped,
        ));
        Ok(Self {
            app,
            access,
            ca_pem,
            stop: Some(stop),
            server,
        })
    }

    /// Stops the emulator, waiting up to two seconds for requests in flight. Dropping the emulator
    /// also stops it, without waiting.
    pub async fn stop(mut self) {
        drop(self.stop.take());
        if let Err(error) = (&mut self.server).await {
            tracing::error!(%error, "the server failed");
        }
    }

    /// Returns the server's URL, such as `http://127.0.0.1:40123`, without a trailing slash.
    pub fn base_url(&self) -> &str {
        &self.app.base_url
    }

    /// Returns the CA certificate that clients must trust, in PEM, or `None` for plain HTTP.
    /// `Builder::tls`, with the feature `tls`, enables HTTPS.
    pub fn ca_certificate(&self) -> Option<&str> {
        self.ca_pem.as_deref()
    }

    /// Returns the id of the organization.
    pub fn org_id(&self) -> &str {
        &self.access.org_id
    }

    /// Returns the id of the project, which belongs to the organization.
    pub fn project_id(&self) -> &str {
        &self.access.project_id
    }

    /// Returns the id of the key to update, a member of the organization with a read-only role in
    /// the project.
    pub fn api_key_id(&self) -> &str {
        &self.access.api_key_id
    }

    /// Returns the id of the calling key, the only owner of the organization.
    pub fn calling_api_key_id(&self) -> &str {
        &self.access.calling_api_key_id
    }

    /// Returns the public key of the calling key, which is the user name for digest.
    pub fn public_key(&self) -> &str {
        &self.access.public_key
    }

    /// Returns the private key of the calling key, which is the password for digest.
    pub fn private_key(&self) -> &str {
        self.access.private_key.expose_secret()
    }

    /// Returns the client id of a service account that owns the organization.
    pub fn client_id(&self) -> &str {
        &self.access.client_id
    }

    /// Returns the client secret of that service account.
    pub fn client_secret(&self) -> &str {
        self.access.client_secret.expose_secret()
    }

    /// Returns the current state of the API key with this id, or `None` if there is none, such as
    /// after its deletion.
    pub fn api_key(&self, id: &str) -> Option<KeyState> {
        let id = ObjectId::parse(id)?;
        let state = self.app.state.lock();
        state.key(id).map(|key| KeyState::new(id, key))
    }

    /// Returns the current API keys of the organization with this id, in the order of lists; empty
    /// if there is no such organization.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let emulator = atlas_emulator::Emulator::start().await?;
    /// let keys = emulator.api_keys(emulator.org_id());
    /// assert_eq!(keys.len(), 2);
    /// assert!(keys.is_sorted_by_key(|key| key.public_key.clone()));
    /// # Ok(())
    /// # }
    /// ```
    pub fn api_keys(&self, org_id: &str) -> Vec<KeyState> {
        let state = self.app.state.lock();
        let org = ObjectId::parse(org_id).and_then(|id| state.orgs.get(&id));
        let ids = org
            .into_iter()
            .flat_map(|org| org.keys.slice(0..usize::MAX));
        ids.filter_map(|id| Some(KeyState::new(id, state.key(id)?)))
            .collect()
    }

    /// Returns the keys that [`Builder::keys_per_org`](crate::Builder::keys_per_org) added,
    /// starting with those of the first organization.
    pub fn synthetic_keys(&self) -> impl Iterator<Item = SyntheticKey> + '_ {
        self.app.synthetic.keys()
    }

    /// Replaces the faults, with their counts starting at zero.
    pub fn set_faults(&self, faults: Faults) {
        self.app.faults.replace(faults);
    }

    /// Restores the initial state: keys, rate limits and fault counts are reset, tokens are
    /// revoked, and the request log and the counters are cleared. Nonces remain valid.
    ///
    /// # Errors
    ///
    /// As for [`Builder::start`](crate::Builder::start), although a seed that has started once does
    /// not fail.
    pub fn reset(&self) -> io::Result<()> {
        self.app.reset()
    }

    /// Returns the number of requests so far, including challenged ones and token requests.
    pub fn requests(&self) -> u64 {
        self.app.traffic.requests.load(Relaxed)
    }

    /// Returns the number of digest challenges sent so far.
    pub fn challenges(&self) -> u64 {
        self.app.traffic.challenges.load(Relaxed)
    }

    /// Returns the number of connections accepted so far.
    pub fn connections(&self) -> u64 {
        self.app.traffic.connections.load(Relaxed)
    }

    /// Returns the latest requests without their secrets, oldest first.
    pub fn request_log(&self) -> Vec<LoggedRequest> {
        self.app.traffic.log()
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
