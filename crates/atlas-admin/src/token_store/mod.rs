//! Stores for service accounts' tokens.

#[cfg(feature = "file-store")]
mod file;
mod memory;

use std::{any::Any, fmt, io, sync::Arc, time::SystemTime};

use secrecy::{ExposeSecret, SecretString};

#[cfg(feature = "file-store")]
pub use file::FileStore;
pub use memory::MemoryStore;

/// Stores the tokens of service accounts, so that several clients, or several runs of a
/// program, can share a token. Atlas allows an account 100 live tokens.
///
/// A client loads a token when it has none or when its own is about to expire, and saves
/// every token that it requests. Methods may block: they run on threads of their own, and a
/// client stops waiting for them at its time limit. An error of the store fails the call
/// ([`ErrorKind::Credentials`](crate::ErrorKind::Credentials)), since tokens that are
/// requested and lost would soon be too many.
///
/// A store that wraps another one should forward [`try_lock`](Self::try_lock), too.
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

    /// Tries to become the one that requests a token for `key`, and returns `None` if
    /// another client is. It must not wait: clients ask again, and look for the other's token
    /// in between. If no token appears for half of the attempt's time limit, a client requests
    /// one without the lock.
    ///
    /// By default every client gets a lock, so that several may request tokens at once. A
    /// client that then finds another's token in the store revokes its own.
    ///
    /// # Errors
    ///
    /// Any error that would also prevent storing a token. A store that cannot lock returns
    /// [`TokenLock::unlocked`].
    fn try_lock(&self, key: &TokenKey) -> io::Result<Option<TokenLock>> {
        let _ = key;
        Ok(Some(TokenLock::unlocked()))
    }
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

    fn try_lock(&self, key: &TokenKey) -> io::Result<Option<TokenLock>> {
        (**self).try_lock(key)
    }
}

/// The right to request a token, until it is dropped. See [`TokenStore::try_lock`].
pub struct TokenLock(#[allow(dead_code, reason = "dropping it unlocks")] Box<dyn Any + Send>);

impl TokenLock {
    /// Creates a lock that lasts until `guard` is dropped.
    pub fn new(guard: impl Send + 'static) -> Self {
        Self(Box::new(guard))
    }

    /// Creates a lock that excludes nobody.
    #[must_use]
    pub fn unlocked() -> Self {
        Self::new(())
    }
}

impl fmt::Debug for TokenLock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenLock")
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_everything_but_the_token() {
        let store = MemoryStore::new();
        let key = TokenKey::new("127.0.0.1:8080".into(), "mdb_sa_id_1".into());
        let token = AccessToken::new("hush", SystemTime::UNIX_EPOCH);
        store.save(&key, &token).unwrap();
        let shown = format!("{store:?}");
        let expected = format!("{{{key:?}: {token:?}}}");
        assert_eq!(shown, expected);
        assert!(shown.contains("AccessToken { expires_at: "), "{shown}");
        assert!(!shown.contains("hush"), "{shown}");
        assert_eq!(format!("{:?}", TokenLock::unlocked()), "TokenLock");
    }
}
