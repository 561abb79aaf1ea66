//! Locks for edits of roles, one for each API key in each project.

use std::{
    collections::HashMap,
    sync::{Arc, LazyLock, Weak},
};

use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard};

use crate::mutex::Mutex;

/// The service's address, the project's id and the API key's id.
pub(super) type Place = [Arc<str>; 3];

/// The locks that somebody holds or waits for.
static LOCKS: LazyLock<Mutex<HashMap<Place, Weak<AsyncMutex<()>>>>> = LazyLock::new(Mutex::default);

/// Holds the lock of one place until it is dropped.
pub(super) struct RoleLock {
    place: Place,
    guard: Option<OwnedMutexGuard<()>>,
}

impl RoleLock {
    /// Waits until nobody else in this process holds the lock of this place.
    pub(super) async fn acquire(place: Place) -> Self {
        let lock = {
            let mut locks = LOCKS.lock();
            let known = locks.entry(place.clone()).or_default();
            known.upgrade().unwrap_or_else(|| {
                let lock = Arc::default();
                *known = Arc::downgrade(&lock);
                lock
            })
        };
        // Made first, so that a caller that stops waiting leaves nothing behind.
        let mut held = Self { place, guard: None };
        held.guard = Some(lock.lock_owned().await);
        held
    }
}

impl Drop for RoleLock {
    fn drop(&mut self) {
        self.guard = None;
        let mut locks = LOCKS.lock();
        if locks
            .get(&self.place)
            .is_some_and(|lock| lock.strong_count() == 0)
        {
            locks.remove(&self.place);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    fn place(key: &str) -> Place {
        ["https://locks.example.com", "project", key].map(Arc::from)
    }

    #[tokio::test]
    async fn a_place_is_held_by_one_at_a_time_and_leaves_nothing_behind() {
        let held = RoleLock::acquire(place("a")).await;
        RoleLock::acquire(place("b")).await;
        let moment = Duration::from_millis(20);
        let waiting = timeout(moment, RoleLock::acquire(place("a")));
        assert!(waiting.await.is_err());
        drop(held);
        let again = timeout(moment, RoleLock::acquire(place("a"))).await;
        assert!(again.is_ok());
        drop(again);
        let is_ours = |place: &Place| *place[0] == *"https://locks.example.com";
        assert_eq!(LOCKS.lock().keys().find(|place| is_ours(place)), None);
    }
}
