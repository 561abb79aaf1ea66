//! Where service accounts' tokens are kept.

mod file;
mod memory;

use std::{fmt, io, sync::Arc, time::SystemTime};

use secrecy::{ExposeSecret, SecretString};

pub use file::FileStore;
pub use memory::MemoryStore;

/// Keeps the tokens of service accounts, so that more than one client, or more
/// than one run of a program, can use a token for all of its life. Atlas lets an
/// account have 100 live tokens and no more.
///
/// A client asks its store when it has no token or the one in hand is about to
/// expire, and saves every token that it fetches. Methods may block: they are
/// called where that harms no other task. An error of the store is an error of
/// the call ([`ErrorKind::Credentials`](crate::ErrorKind::Credentials)): tokens
/// that are fetched and lost would soon be too many.
///
/// ```
/// use std::{collections::HashMap, io, sync::{Mutex, PoisonError}};
/// use atlas_admin::{AccessToken, TokenKey, TokenStore};
///
/// #[derive(Default)]
/// struct Keyring(Mutex<HashMap<TokenKey, AccessToken>>);
///
/// impl TokenStore for Keyring {
///     fn load(&self, key: &TokenKey) -> io::Result<Option<AccessToken>> {
///         let tokens = self.0.lock().unwrap_or_else(PoisonError::into_inner);
///         Ok(tokens.get(key).cloned())
///     }
///
///     fn save(&self, key: &TokenKey, token: &AccessToken) -> io::Result<()> {
///         let mut tokens = self.0.lock().unwrap_or_else(PoisonError::into_inner);
///         tokens.insert(key.clone(), token.clone());
///         Ok(())
///     }
///
///     fn remove(&self, key: &TokenKey) -> io::Result<()> {
///         let mut tokens = self.0.lock().unwrap_or_else(PoisonError::into_inner);
///         tokens.remove(key);
///         Ok(())
///     }
/// }
/// ```
pub trait TokenStore: Send + Sync + 'static {
    /// The token kept under `key`. One that has expired may be given: it is not
    /// used.
    ///
    /// # Errors
    ///
    /// Whatever keeps the store from knowing.
    fn load(&self, key: &TokenKey) -> io::Result<Option<AccessToken>>;

    /// Keeps `token` under `key`, in place of any that is there.
    ///
    /// # Errors
    ///
    /// Whatever keeps the store from keeping it. The token is then revoked.
    fn save(&self, key: &TokenKey, token: &AccessToken) -> io::Result<()>;

    /// Forgets the token under `key`, if there is one.
    ///
    /// # Errors
    ///
    /// Whatever keeps the store from forgetting it.
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

/// Whose token it is, and where it is good.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TokenKey {
    host: String,
    client_id: String,
}

impl TokenKey {
    pub(crate) fn new(host: String, client_id: String) -> Self {
        Self { host, client_id }
    }

    /// The host that gave the token and takes it, such as `cloud.mongodb.com`. With
    /// the port if that is not the usual one, and with the path if the base URL has
    /// one, such as `proxy.example.com:8443/atlas`: behind one host there may be
    /// more than one service.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The id of the service account, such as `mdb_sa_id_…`.
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
    /// A token that the service takes until `expires_at`.
    pub fn new(secret: impl Into<SecretString>, expires_at: SystemTime) -> Self {
        Self {
            secret: secret.into(),
            expires_at,
        }
    }

    /// The token itself, to be kept where only its owner can read it.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.secret.expose_secret()
    }

    /// When the service stops taking it.
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
