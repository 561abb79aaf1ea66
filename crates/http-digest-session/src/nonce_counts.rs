//! How often each nonce has been used.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
};

/// The number of nonces that are remembered: those in use, and the most recent ones.
const MAX_NONCES: usize = 512;

/// The counters of recent nonces.
///
/// `nc` counts the requests with a nonce value (RFC 7616, section 3.4), and some servers
/// issue one value to everyone who asks within a second: the sessions that got it must share
/// its counter.
#[derive(Default)]
pub(super) struct NonceCounts(Mutex<VecDeque<(Vec<u8>, NonceCounter)>>);

impl NonceCounts {
    /// Returns the counter of a nonce.
    pub(super) fn of(&self, nonce: &[u8]) -> NonceCounter {
        let mut recent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, counter)) = recent.iter().rev().find(|(known, _)| known == nonce) {
            return counter.clone();
        }
        if recent.len() == MAX_NONCES {
            // The count of a nonce in use must not start again.
            let is_unused = |(_, counter): &(_, NonceCounter)| Arc::strong_count(&counter.0) == 1;
            let oldest = recent.iter().position(is_unused).unwrap_or_default();
            recent.remove(oldest);
        }
        let counter = NonceCounter::default();
        recent.push_back((nonce.to_vec(), counter.clone()));
        counter
    }
}

/// The counter of one nonce.
#[derive(Clone, Default)]
pub(super) struct NonceCounter(Arc<AtomicU32>);

impl NonceCounter {
    /// Counts a request and returns its `nc`, or `None` if the nonce is exhausted.
    pub(super) fn next(&self) -> Option<u32> {
        let add = |count: u32| count.checked_add(1);
        let before = self
            .0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, add);
        before.ok().map(|count| count + 1)
    }

    /// Returns the count of the latest request.
    pub(super) fn count(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }

    pub(super) fn is_exhausted(&self) -> bool {
        self.count() == u32::MAX
    }

    #[cfg(test)]
    pub(super) fn set(&self, count: u32) {
        self.0.store(count, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sessions_with_one_nonce_share_its_counter() {
        let counts = NonceCounts::default();
        assert_eq!(counts.of(b"a").next(), Some(1));
        assert_eq!(counts.of(b"a").next(), Some(2));
        assert_eq!(counts.of(b"b").next(), Some(1));
        let in_use = counts.of(b"b");
        for number in 0..MAX_NONCES {
            counts.of(number.to_string().as_bytes());
        }
        assert_eq!(counts.of(b"a").next(), Some(1), "forgotten by now");
        assert_eq!(in_use.next(), Some(2));
        assert_eq!(counts.of(b"b").next(), Some(3), "remembered while in use");
    }
}
