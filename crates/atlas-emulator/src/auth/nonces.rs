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
    pub(crate) counting: NonceCounting,
}

/// Which counts a nonce accepts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
#[non_exhaustive]
pub enum NonceCounting {
    /// Each count below 1024 once, in any order, as Jetty counts, whose challenge the services
    /// send. A repeated count gets `stale=false`; a higher count, and an unknown nonce, get
    /// `stale=true`. The `uri` of an authorization need not be that of the request. The default.
    #[default]
    Jetty,
    /// Each count once, in any order, of the latest 128. A repeated count gets `stale=false`.
    Unique,
    /// Each count above the highest so far, as Apache counts. Others get `stale=false`.
    Rising,
    /// Every count, repeated ones included.
    Any,
}

#[derive(Debug)]
struct Nonce {
    issued: Instant,
    uses: u32,
    counts: Counts,
}

/// The number of counts that Jetty accepts for a nonce.
const JETTY_COUNTS: u32 = 1024;

/// The counts that a nonce has been used with.
#[derive(Debug, Default)]
struct Counts {
    highest: u32,
    /// Bit `n` is set if `highest - n` was used, as in the anti-replay window of RFC 4303.
    used: u128,
    /// Bit `n` of word `m` is set if `64 * m + n` was used, as in Jetty.
    seen: Vec<u64>,
}

/// Why a nonce was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// It is unknown, expired or used up, or the count is too far below the highest to tell whether
    /// it was used; the client needs a new one.
    Stale,
    /// The count was used, or did not increase although it must.
    Replayed,
}

impl Counts {
    fn spend(&mut self, count: u32, counting: NonceCounting) -> Result<(), Refused> {
        match counting {
            NonceCounting::Jetty => return self.see(count),
            NonceCounting::Any => return Ok(()),
            NonceCounting::Rising if count <= self.highest => return Err(Refused::Replayed),
            _ => {}
        }
        if count > self.highest {
            let ahead = count - self.highest;
            self.used = self.used.checked_shl(ahead).unwrap_or_default();
            self.highest = count;
        }
        let bit = 1_u128.checked_shl(self.highest - count);
        let bit = bit.ok_or(Refused::Stale)?;
        if self.used & bit != 0 {
            return Err(Refused::Replayed);
        }
        self.used |= bit;
        Ok(())
    }

    fn see(&mut self, count: u32) -> Result<(), Refused> {
        if count >= JETTY_COUNTS {
            return Err(Refused::Stale);
        }
        let (word, bit) = ((count / 64) as usize, 1 << (count % 64));
        if self.seen.len() <= word {
            self.seen.resize(word + 1, 0);
        }
        if self.seen[word] & bit != 0 {
            return Err(Refused::Replayed);
        }
        self.seen[word] |= bit;
        Ok(())
    }
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
            counts: Counts::default(),
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
        nonce.counts.spend(nc, self.policy.counting)?;
        nonce.uses = nonce.uses.saturating_add(1);
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
        counting: NonceCounting::Unique,
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
    fn counts_follow_their_rule() {
        let (ok, replayed, stale) = (Ok(()), Err(Refused::Replayed), Err(Refused::Stale));
        for (counting, expected) in [
            (
                NonceCounting::Rising,
                [ok, replayed, ok, replayed, ok, replayed],
            ),
            (NonceCounting::Unique, [ok, replayed, ok, ok, ok, stale]),
            (NonceCounting::Any, [ok; 6]),
            (NonceCounting::Jetty, [ok, replayed, ok, ok, stale, ok]),
        ] {
            let mut nonces = Nonces::new(NoncePolicy { counting, ..POLICY });
            let now = Instant::now();
            let nonce = nonces.issue(now);
            let spent = [1, 1, 5, 4, 3000, 3].map(|count| nonces.spend(&nonce, count, now));
            assert_eq!(spent, expected, "{counting:?}");
        }
    }

    #[test]
    fn jetty_takes_each_of_1023_counts_once() {
        let counting = NonceCounting::Jetty;
        let mut nonces = Nonces::new(NoncePolicy { counting, ..POLICY });
        let now = Instant::now();
        let nonce = nonces.issue(now);
        for count in (1..1024).rev() {
            assert_eq!(nonces.spend(&nonce, count, now), Ok(()), "{count}");
            let again = nonces.spend(&nonce, count, now);
            assert_eq!(again, Err(Refused::Replayed), "{count}");
        }
        assert_eq!(nonces.spend(&nonce, 1024, now), Err(Refused::Stale));
        assert_eq!(nonces.spend(&nonce, u32::MAX, now), Err(Refused::Stale));
    }

    #[test]
    fn a_count_is_used_once_whatever_the_order() {
        let mut nonces = Nonces::new(POLICY);
        let now = Instant::now();
        let nonce = nonces.issue(now);
        let shuffled = (0..1024).map(|n| 1 + (n ^ 0x7f));
        for count in shuffled {
            assert_eq!(nonces.spend(&nonce, count, now), Ok(()), "{count}");
            let again = nonces.spend(&nonce, count, now);
            assert_eq!(again, Err(Refused::Replayed), "{count}");
        }
        assert_eq!(nonces.spend(&nonce, u32::MAX, now), Ok(()));
        assert_eq!(nonces.spend(&nonce, u32::MAX - 1, now), Ok(()));
        assert_eq!(nonces.spend(&nonce, u32::MAX, now), Err(Refused::Replayed));
    }
}
