//! Stores for service accounts' tokens.

mod file;
mod memory;

use std::{fmt, io, sync::Arc, time::SystemTime};

use secrecy::{ExposeSecret, SecretString};

pub use file::FileStore;
pub use memory::MemoryStore;

/// Stores the tokens of service accounts, so that several clients, or several runs of a
/// program, can share a token. Atlas allows an account 100 live tokens.
///
/// A client loads a token when it has none or when its own is about to expire, and saves
/// every token that it requests. Methods may block: they run where that blocks no other task.
/// An error of the store fails the call
/// ([`ErrorKind::Credentials`](crate::ErrorKind::Credentials)), since tokens that are
/// requested and lost would soon be too many.
///
/// ```
/// use std::{collections::HashMap, io, sync::Mutex};
/// use atlas_admin::{AccessToken, TokenKey, TokenStore};
///
/// #[derive(Default)]
/// struct Keyring(Mutex<HashMap<TokenKey, AccessToken>>);
///
/// impl TokenStore for Keyring {
///     fn load(&self, key: &TokenKey) -> io::Result<Option<AccessToken>> {
///         let tokens = self.0.lock().expect("no holder panics");
///         Ok(tokens.get(key).cloned())
///     }
///
///     fn save(&self, key: &TokenKey, token: &AccessToken) -> io::Result<()> {
///         let mut tokens = self.0.lock().expect("no holder panics");
///         tokens.insert(key.clone(), token.clone());
///         Ok(())
///     }
///
///     fn remove(&self, key: &TokenKey) -> io::Result<()> {
///         let mut tokens = self.0.lock().expect("no holder panics");
///         tokens.remove(key);
///         Ok(())
///     }
/// }
/// ```
pub trait TokenStore: Send + Sync + 'static {
    /// Returns the token stored under `key`. It may have expired; then it is not used.
    ///
    /// # Errors
    ///
    /// Any error that prevents reading.
    fn load(&self, key: &TokenKey) -> io::Result<Option<AccessToken>>;

    /// Stores `token` under `key`, replacing any other.
    ///
    /// # Errors
    ///
    /// Any error that prevents storing. The token is then revoked.
    fn save(&self, key: &TokenKey, token: &AccessToken) -> io::Result<()>;

    /// Removes the token under `key`, if there is one.
    ///
    /// # Errors
    ///
    /// Any error that prevents removing.
    fn remove(&self, key: &TokenKey) -> io::Result<()>;
}

impl<S: TokenStore + ?Sized> TokenStore for Arc<S> {
    fn load(&self, key: &TokenKey) -> io::Result<Option<AccessToken>> {
        (**self).load(key)
    }

    fn save(&self, key: &TokenKey, token: &AccessToken) -> io::Result<()> {
        (**self).save(key, token)
    }

    fn remove(&self, key: &TokenKey) -> io::Result<()> {
        (**self).remove(key)
    }
}

/// The service account that a token belongs to, and the service that accepts it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TokenKey {
    host: String,
    client_id: String,
}

impl TokenKey {
    pub(crate) fn new(host: String, client_id: String) -> Self {
        Self { host, client_id }
    }

    /// Returns the host that issues and accepts the token, such as `cloud.mongodb.com`. It
    /// includes a port that is not the default and a path of the base URL, such as
    /// `proxy.example.com:8443/atlas`, since one host may serve several services.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Returns the client id of the service account, such as `mdb_sa_id_…`.
    #[must_use]
    pub fn client_id(&self) -> &str {
        &self.client_id
    }
}

/// A token of a service account. `Debug` does not show it.
#[derive(Clone)]
pub struct AccessToken {
    secret: SecretString,
    expires_at: SystemTime,
}

impl AccessToken {
    /// Creates a token that the service accepts until `expires_at`.
    pub fn new(secret: impl Into<SecretString>, expires_at: SystemTime) -> Self {
        Self {
            secret: secret.into(),
            expires_at,
        }
    }

    /// Returns the token itself. Store it where only its owner can read it.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.secret.expose_secret()
    }

    /// Returns when the token expires.
    #[must_use]
    pub fn expires_at(&self) -> SystemTime {
        self.expires_at
    }

    pub(crate) fn secret(&self) -> &SecretString {
        &self.secret
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessToken")
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}
