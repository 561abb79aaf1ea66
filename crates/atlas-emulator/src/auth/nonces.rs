//! Server nonces, limited in number, lifetime and uses.

use std::{
    collections::{HashMap, VecDeque},
    time::{Duration, Instant},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use rand::Rng;

/// The maximum number of live nonces. A flood of challenges evicts the oldest, which are then
/// stale.
const CAPACITY: usize = 65_536;

type Key = [u8; 24];

/// The nonces that have not expired.
#[derive(Debug)]
pub(crate) struct Nonces {
    policy: NoncePolicy,
    live: HashMap<Key, Nonce>,
    /// The keys of `live` in order of issue, which is also the order of expiry.
    order: VecDeque<Key>,
}

/// The limits of a nonce.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NoncePolicy {
    pub(crate) ttl: Duration,
    pub(crate) uses: Option<u32>,
    pub(crate) strict_nc: bool,
}

#[derive(Debug)]
struct Nonce {
    issued: Instant,
    uses: u32,
    highest_nc: u32,
}

/// Why a nonce was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// It is unknown, expired or used up; the client needs a new one.
    Stale,
    /// The count did not increase.
    Replayed,
}

impl NoncePolicy {
    fn is_expired(&self, nonce: &Nonce, now: Instant) -> bool {
        now.saturating_duration_since(nonce.issued) >= self.ttl
    }
}

impl Nonces {
    pub(crate) fn new(policy: NoncePolicy) -> Self {
        Self {
            policy,
            live: HashMap::new(),
            order: VecDeque::new(),
        }
    }

    /// Issues a nonce, 32 characters of base64.
    pub(crate) fn issue(&mut self, now: Instant) -> String {
        self.drop_old(now);
        let mut key = Key::default();
        rand::rng().fill_bytes(&mut key);
        let nonce = Nonce {
            issued: now,
            uses: 0,
            highest_nc: 0,
        };
        self.live.insert(key, nonce);
        self.order.push_back(key);
        STANDARD.encode(key)
    }

    /// Records one use of `nonce` with the count `nc`.
    pub(crate) fn spend(&mut self, nonce: &str, nc: u32, now: Instant) -> Result<(), Refused> {
        let mut key = Key::default();
        let known = match STANDARD.decode_slice(nonce, &mut key) {
            Ok(24) => self.live.get_mut(&key),
            _ => None,
        };
        let nonce = known.ok_or(Refused::Stale)?;
        let used_up = self.policy.uses.is_some_and(|uses| nonce.uses >= uses);
        if used_up || self.policy.is_expired(nonce, now) {
            return Err(Refused::Stale);
        }
        if self.policy.strict_nc && nc <= nonce.highest_nc {
            return Err(Refused::Replayed);
        }
        nonce.uses = nonce.uses.saturating_add(1);
        nonce.highest_nc = nonce.highest_nc.max(nc);
        Ok(())
    }

    fn drop_old(&mut self, now: Instant) {
        while let Some(oldest) = self.order.front() {
            let live = self.live.get(oldest);
            let expired = live.is_none_or(|nonce| self.policy.is_expired(nonce, now));
            if !expired && self.order.len() < CAPACITY {
                return;
            }
            self.live.remove(oldest);
            self.order.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: NoncePolicy = NoncePolicy {
        ttl: Duration::from_secs(60),
        uses: None,
        strict_nc: false,
    };

    #[test]
    fn capacity_bounds_a_flood_of_challenges() {
        let mut nonces = Nonces::new(POLICY);
        let now = Instant::now();
        let first = nonces.issue(now);
        for _ in 0..CAPACITY {
            nonces.issue(now);
        }
        assert_eq!(nonces.live.len(), CAPACITY);
        assert_eq!(nonces.order.len(), CAPACITY);
        assert_eq!(nonces.spend(&first, 1, now), Err(Refused::Stale));
    }

    #[test]
    fn expired_nonces_are_removed() {
        let mut nonces = Nonces::new(POLICY);
        let start = Instant::now();
        let old = nonces.issue(start);
        let later = start + POLICY.ttl;
        assert_eq!(nonces.spend(&old, 1, later), Err(Refused::Stale));
        nonces.issue(later);
        assert_eq!(nonces.live.len(), 1);
    }

    #[test]
    fn a_nonce_is_stale_after_its_last_use() {
        let mut nonces = Nonces::new(NoncePolicy {
            uses: Some(2),
            ..POLICY
        });
        let now = Instant::now();
        let nonce = nonces.issue(now);
        assert_eq!(nonces.spend(&nonce, 1, now), Ok(()));
        assert_eq!(nonces.spend(&nonce, 2, now), Ok(()));
        assert_eq!(nonces.spend(&nonce, 3, now), Err(Refused::Stale));
    }

    #[test]
    fn strict_counts_must_increase() {
        let mut nonces = Nonces::new(NoncePolicy {
            strict_nc: true,
            ..POLICY
        });
        let now = Instant::now();
        let nonce = nonces.issue(now);
        assert_eq!(nonces.spend(&nonce, 1, now), Ok(()));
        assert_eq!(nonces.spend(&nonce, 1, now), Err(Refused::Replayed));
        assert_eq!(nonces.spend(&nonce, 5, now), Ok(()));
        assert_eq!(nonces.spend(&nonce, 4, now), Err(Refused::Replayed));
    }
}
