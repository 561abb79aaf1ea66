//! The cache of service accounts' tokens for the next run.

use std::{
    io,
    path::PathBuf,
    sync::atomic::{AtomicBool, Ordering},
};

use atlas_admin::{AccessToken, FileStore, MemoryStore, TokenKey, TokenLock, TokenStore};
use etcetera::BaseStrategy;

use crate::ui::Output;

/// Stores tokens in files, or in memory for this run if that fails.
pub(crate) struct TokenCache {
    files: FileStore,
    memory: MemoryStore,
    is_in_memory: AtomicBool,
    output: Output,
}

impl TokenCache {
    pub(crate) fn open(output: &Output) -> Self {
        let folder = folder();
        let cache = Self {
            files: FileStore::new(folder.clone().unwrap_or_default()),
            memory: MemoryStore::new(),
            is_in_memory: AtomicBool::new(false),
            output: output.clone(),
        };
        if folder.is_none() {
            cache.give_up("there is no home folder");
        }
        cache
    }

    /// Returns whether the token is lost at the end of this run.
    pub(crate) fn is_in_memory(&self) -> bool {
        self.is_in_memory.load(Ordering::Relaxed)
    }

    /// Stores tokens in memory from now on, and warns about it once.
    fn give_up(&self, reason: &str) {
        if !self.is_in_memory.swap(true, Ordering::Relaxed) {
            self.output.note(&format!(
                "warning: the access token is not stored for later runs: {reason}"
            ));
        }
    }

    fn call<T>(&self, call: impl Fn(&dyn TokenStore) -> io::Result<T>) -> io::Result<T> {
        if !self.is_in_memory() {
            match call(&self.files) {
                Ok(result) => return Ok(result),
                Err(error) => self.give_up(&error.to_string()),
            }
        }
        call(&self.memory)
    }
}

impl TokenStore for TokenCache {
    fn load(&self, key: &TokenKey) -> io::Result<Option<AccessToken>> {
        self.call(|store| store.load(key))
    }

    fn save(&self, key: &TokenKey, token: &AccessToken) -> io::Result<()> {
        self.call(|store| store.save(key, token))
    }

    fn remove(&self, key: &TokenKey) -> io::Result<()> {
        self.call(|store| store.remove(key))
    }

    fn try_lock(&self, key: &TokenKey) -> io::Result<Option<TokenLock>> {
        self.call(|store| store.try_lock(key))
    }
}

fn folder() -> Option<PathBuf> {
    let strategy = etcetera::choose_base_strategy().ok()?;
    Some(strategy.cache_dir().join("atlas-admin").join("tokens"))
}
