//! Tokens in memory.

use std::{
    collections::HashMap,
    fmt, io,
    sync::{Arc, Weak},
};

use super::{AccessToken, TokenKey, TokenLock, TokenStore};
use crate::mutex::Mutex;

/// Stores tokens in memory, shared by all clients that are given a clone. A client without a
/// store has one of its own.
#[derive(Clone, Default)]
pub struct MemoryStore(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    tokens: HashMap<TokenKey, AccessToken>,
    /// Locks that are held as long as they can be upgraded.
    locks: HashMap<TokenKey, Weak<()>>,
}

impl MemoryStore {
    /// Creates an empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl TokenStore for MemoryStore {
    fn load(&self, key: &TokenKey) -> io::Result<Option<AccessToken>> {
        Ok(self.0.lock().tokens.get(key).cloned())
    }

    fn save(&self, key: &TokenKey, token: &AccessToken) -> io::Result<()> {
        self.0.lock().tokens.insert(key.clone(), token.clone());
        Ok(())
    }

    fn remove(&self, key: &TokenKey) -> io::Result<()> {
        self.0.lock().tokens.remove(key);
        Ok(())
    }

    fn try_lock(&self, key: &TokenKey) -> io::Result<Option<TokenLock>> {
        let locks = &mut self.0.lock().locks;
        if locks.get(key).is_some_and(|held| held.strong_count() > 0) {
            return Ok(None);
        }
        let held = Arc::new(());
        locks.insert(key.clone(), Arc::downgrade(&held));
        Ok(Some(TokenLock::new(held)))
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.0.lock().tokens.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_clone_at_a_time_holds_the_lock() {
        let store = MemoryStore::new();
        let key = |id: &str| TokenKey::new("127.0.0.1:8080".into(), id.into());
        for _ in 0..2 {
            let held = store.try_lock(&key("a")).unwrap();
            assert!(held.is_some());
            assert!(store.clone().try_lock(&key("a")).unwrap().is_none());
            assert!(store.try_lock(&key("b")).unwrap().is_some());
        }
    }
}
