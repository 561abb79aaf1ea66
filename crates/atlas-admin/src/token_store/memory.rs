//! Tokens for the life of a program.

use std::{
    collections::HashMap,
    fmt, io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::{AccessToken, TokenKey, TokenStore};

/// Keeps tokens in memory, where all clients that are given a clone of it find
/// them. A client that is given no store has one of its own.
#[derive(Clone, Default)]
pub struct MemoryStore(Arc<Mutex<HashMap<TokenKey, AccessToken>>>);

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn tokens(&self) -> MutexGuard<'_, HashMap<TokenKey, AccessToken>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl TokenStore for MemoryStore {
    fn load(&self, key: &TokenKey) -> io::Result<Option<AccessToken>> {
        Ok(self.tokens().get(key).cloned())
    }

    fn save(&self, key: &TokenKey, token: &AccessToken) -> io::Result<()> {
        self.tokens().insert(key.clone(), token.clone());
        Ok(())
    }

    fn remove(&self, key: &TokenKey) -> io::Result<()> {
        self.tokens().remove(key);
        Ok(())
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.tokens().iter()).finish()
    }
}
