//! Tokens in memory.

use std::{collections::HashMap, fmt, io, sync::Arc};

use parking_lot::Mutex;

use super::{AccessToken, TokenKey, TokenStore};

/// Stores tokens in memory, shared by all clients that are given a clone. A client without a
/// store has one of its own.
#[derive(Clone, Default)]
pub struct MemoryStore(Arc<Mutex<HashMap<TokenKey, AccessToken>>>);

impl MemoryStore {
    /// Creates an empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl TokenStore for MemoryStore {
    fn load(&self, key: &TokenKey) -> io::Result<Option<AccessToken>> {
        Ok(self.0.lock().get(key).cloned())
    }

    fn save(&self, key: &TokenKey, token: &AccessToken) -> io::Result<()> {
        self.0.lock().insert(key.clone(), token.clone());
        Ok(())
    }

    fn remove(&self, key: &TokenKey) -> io::Result<()> {
        self.0.lock().remove(key);
        Ok(())
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.0.lock().iter()).finish()
    }
}
